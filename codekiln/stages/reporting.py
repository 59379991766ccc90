"""Collects the data of a report from the folders and manifests of a run."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime

from codekiln import models, recipes
from codekiln.data.folders import Dataset
from codekiln.data.records import Problem
from codekiln.evaluation import CHAMPION, Evaluation, Gate, measures
from codekiln.evaluation.report import data as report
from codekiln.registry import Version
from codekiln.registry.connection import without_password
from codekiln.stages import benchmarks, presentation
from codekiln.stages.base import StageContext, StageManifest, StageRecord
from codekiln.stages.evaluate import ADAPTERS, BASE, read_graded
from codekiln.stages.examples import before_and_after
from codekiln.stages.provenance import PACKAGES, versions
from codekiln.stages.run_folder import read_tracking


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
        question=question(presentation.spoken(gate, names), names[BASE], recipe.guard, programs=not recipe.measures),
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
        environment=environment(),
        tracking=report.TrackingInfo(
            uri=without_password(tracking.uri), experiment=tracking.experiment, runs={"parent": tracking.parent_run_id}
        ),
    )


def question(gate: Gate, base: str, guard: str, programs: bool) -> str:
    """Return the question that the gate answers, in one sentence.

    Args:
        gate: The decision.
        base: What the candidate is compared with.
        guard: The measure that may not fall.
        programs: Whether measures are taken of passing programs only.
    """
    if programs and gate.metric != guard:
        return f"Does {gate.candidate} write code that is better on {gate.metric} than {base}, and no less correct?"
    kept = f", and no worse on {guard}" if gate.metric != guard else ""
    return f"Is {gate.candidate} better on {gate.metric} than {base}{kept}?"


def _examples(context: StageContext, evaluation: Evaluation, candidate: str) -> tuple[report.BeforeAfter, ...]:
    return before_and_after(
        benchmarks.of(Dataset(context.inputs["evaluation_problems"], Problem).rows()),
        evaluation.per_problem,
        lambda name, _: read_graded(context.inputs["evaluation"], name),
        (BASE, candidate),
        context.settings.metric,
        passing=not recipes.get(context.settings.recipe).measures,
    )


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


def environment(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and packages, and the machine."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        **versions(packages),
    }
