"""Collects the data of a report from the folders and manifests of a run."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from codekiln import models, recipes
from codekiln.data.folders import Dataset
from codekiln.data.records import Graded, Problem
from codekiln.evaluation import CHAMPION, Evaluation, Gate, measures
from codekiln.evaluation.report import data as report
from codekiln.recipes.base import Recipe
from codekiln.registry import Version
from codekiln.registry.connection import without_password
from codekiln.sandbox.grading import program_of
from codekiln.stages import presentation
from codekiln.stages.base import StageContext, StageManifest, StageRecord
from codekiln.stages.evaluate import ADAPTERS, BASE, read_graded
from codekiln.stages.provenance import versions
from codekiln.stages.run_folder import read_tracking

SHOWN = 5


def report_data(
    context: StageContext, evaluation: Evaluation, gate: Gate, version: Version, champion: Version | None = None
) -> report.ReportData:
    """Return the data of the report of a finished run; ``champion`` is the one before the decision."""
    settings, recipe = context.settings, recipes.get(context.settings.recipe)
    manifest = StageManifest.read(context.inputs["evaluation"])
    lineage = {**manifest.lineage, manifest.step: manifest}
    tracking, names = read_tracking(context.run_folder), presentation.labels(settings.base_model)
    return report.ReportData(
        title=f"{settings.recipe} on {settings.base_model}",
        question=_question(presentation.spoken(gate, names), names[BASE], recipe),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        against=BASE,
        gate=gate,
        evaluation=evaluation,
        measures=tuple(measures.look_up(recipe, name) for name in evaluation.measures),
        guard=recipe.guard,
        labels={name: names.get(name, name) for name in evaluation.contenders},
        references=tuple(name for name in evaluation.contenders if name not in (BASE, *ADAPTERS, CHAMPION)),
        programs=not recipe.measures,
        curves={step: record.summary.curve for step, record in lineage.items() if record.summary.curve},
        examples=_examples(context, evaluation, gate.candidate),
        source=presentation.source(settings),
        rows=presentation.rows(lineage),
        rejected={step: record.summary.rejected for step, record in lineage.items() if record.summary.rejected},
        base=_base(settings.base_model),
        steps=tuple(_step(name, record) for name, record in lineage.items()),
        adapters=_adapters(context, lineage, gate.candidate, version),
        champion_before=presentation.champion_before(champion, version),
        commands=presentation.commands(settings, version, tracking, gate.promoted),
        settings=settings.model_dump(mode="json"),
        environment=_environment(),
        tracking=report.TrackingInfo(
            uri=without_password(tracking.uri), experiment=tracking.experiment, runs={"parent": tracking.parent_run_id}
        ),
    )


def _question(gate: Gate, base: str, recipe: type[Recipe[Any]]) -> str:
    if not recipe.measures and gate.metric != recipe.guard:
        return f"Does {gate.candidate} write code that is better on {gate.metric} than {base}, and no less correct?"
    kept = f", and no worse on {recipe.guard}" if gate.metric != recipe.guard else ""
    return f"Is {gate.candidate} better on {gate.metric} than {base}{kept}?"


def _examples(context: StageContext, evaluation: Evaluation, candidate: str) -> tuple[report.BeforeAfter, ...]:
    """Return replies to problems spaced evenly from the best change to the worst: nothing is cherry-picked."""
    metric, programs = context.settings.metric, not recipes.get(context.settings.recipe).measures
    before, after = (
        _median_replies(read_graded(context.inputs["evaluation"], name), metric, programs) for name in (BASE, candidate)
    )
    change = {task: after[task].value - before[task].value for task in before.keys() & after.keys()}
    ranked = sorted(change, key=lambda task: (-change[task], task))
    chosen = [ranked[round(index * (len(ranked) - 1) / (SHOWN - 1))] for index in range(SHOWN)] if ranked else []
    problems = {row.task_id: row for row in Dataset(context.inputs["evaluation_problems"], Problem).rows()}
    return tuple(
        report.BeforeAfter(
            task_id=task,
            prompt=problems[task].prompt,
            before_name=BASE,
            after_name=candidate,
            before_code=program_of(problems[task], before[task].row.sample),
            after_code=program_of(problems[task], after[task].row.sample),
            before_scores=_scores(before[task].row),
            after_scores=_scores(after[task].row),
        )
        for task in dict.fromkeys(chosen)
    )


class _ScoredReply(NamedTuple):
    """A graded sample with its value of the target metric."""

    value: float
    row: Graded


def _median_replies(rows: Sequence[Graded], metric: str, passing: bool) -> dict[str, _ScoredReply]:
    """Return the sample with the median value for each problem.

    Args:
        rows: Graded samples of one contender.
        metric: The target metric.
        passing: Whether only samples that pass count.
    """
    known: dict[str, list[_ScoredReply]] = {}
    for row in rows:
        value = _value(row, metric)
        if value is not None and (row.verdict.passed or not passing):
            known.setdefault(row.sample.task_id, []).append(_ScoredReply(value, row))
    return {task: sorted(found, key=lambda reply: reply.value)[len(found) // 2] for task, found in known.items()}


def _value(row: Graded, metric: str) -> float | None:
    return float(row.verdict.passed) if metric.startswith(measures.PASS) else row.score(metric)


def _scores(row: Graded) -> dict[str, float | None]:
    return {score.metric: score.value for score in row.scores}


def _base(name: str) -> report.BaseModelInfo:
    spec = models.get(name)
    return report.BaseModelInfo(id=spec.id, revision=spec.revision, licence=spec.licence)


def _step(name: str, record: StageRecord) -> report.StageInfo:
    figures = record.summary.figures
    rows = next((int(figures[key]) for key in ("train_rows", "kept", "samples", "train") if key in figures), None)
    return report.StageInfo(
        name=name,
        digest=record.digest,
        inputs=record.inputs,
        rows=rows,
        seconds=record.seconds,
        settings=record.settings,
    )


def _adapters(
    context: StageContext, lineage: dict[str, StageRecord], candidate: str, version: Version
) -> tuple[report.AdapterInfo, ...]:
    trained = [name for name in (*ADAPTERS[:-1], "fetch") if name in lineage]
    parents = dict(zip(trained, ["", *trained], strict=False))
    return tuple(
        report.AdapterInfo(
            name=name,
            parent=parents[name],
            digest=lineage[name].digest,
            reference=str(lineage[name].settings.get(name, {}).get("reference", "")),
            version=str(version.version) if name == candidate or name == "fetch" else "",
        )
        for name in trained
    )


def _environment() -> dict[str, str]:
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        **versions(),
    }
