"""Compare contenders whose samples exist already: grade, score, evaluate, ask the gate, and write the report.

Nothing per sample is held in memory but what grading needs of one file at a time: rows are read from files in a stream
and become counts and sums per problem. No stage of a pipeline, and nothing is registered.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from codekiln.code import metrics
from codekiln.data.files import write_atomic
from codekiln.data.readers import missing_packages, read_problems
from codekiln.data.records import Graded, Problem
from codekiln.evaluation import CHAMPION, Evaluation, Gate, decide, measures, results
from codekiln.evaluation.criteria import Criterion, Role
from codekiln.evaluation.report import data as report
from codekiln.evaluation.report import render
from codekiln.evaluation.running import RunningValues, Values
from codekiln.evaluation.summary import evaluate_values
from codekiln.recipes.base import Recipe, over_all_samples
from codekiln.sandbox.grading import grade_files
from codekiln.sandbox.grading_summary import INFRASTRUCTURE_ERRORS
from codekiln.stages import presentation
from codekiln.stages.compared_files import PACKAGES, compared_files, problems_digest, provenance, sample_digests
from codekiln.stages.contenders import Contenders, Plan, plan_comparison
from codekiln.stages.evaluate import BASE
from codekiln.stages.examples import before_and_after
from codekiln.stages.reporting import environment, question
from codekiln.stages.scored_samples import ScoredRow, ScoredSamples
from codekiln.stages.scoring import Scoring

RESULTS, REPORT, GRADED = "results.json", "report.html", "graded"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Judging:
    """How contenders are graded and judged.

    Attributes:
        metric: The target metric, or a pass@k.
        tolerance: How far pass@1 may fall.
        ks: The k of pass@k; empty: those of 1 and 10 that there are samples for.
        grading: Options of `sandbox.grading.grade_files`: workers, allowed packages, protections and cache.
    """

    metric: str = metrics.DEFAULT
    tolerance: float = 0.02
    ks: tuple[int, ...] = ()
    grading: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparedBenchmark:
    """A further benchmark that the same contenders have samples of.

    Attributes:
        name: What results and report call it.
        source: Path or Hub id of its problems.
        contenders: Files of samples by contender.
        role: Whether a fall on it decides, or is reported only.
    """

    name: str
    source: str
    contenders: Contenders
    role: Role = "critical"


def compare_samples(
    source: str,
    contenders: Contenders,
    out: Path,
    judging: Judging,
    say: Say,
    benchmarks: Sequence[ComparedBenchmark] = (),
) -> tuple[Evaluation, Gate]:
    """Compare contenders on the problems that they have samples of, and write results and report into ``out``.

    The same call continues after an interruption: verdicts and scores are kept in ``out`` as they are found.

    Args:
        source: Path or Hub id of the problems.
        contenders: Files of samples by contender.
        out: A folder, which is made.
        judging: How they are graded and judged.
        say: Gets notes, a line each.
        benchmarks: On these pass@1 may not fall by more than the tolerance either.

    Raises:
        InputError: A file cannot be read, a contender lacks a problem, or there are too few samples for a k.
    """
    # All plans come first, as they find what is wrong with a file before anything is graded.
    main = _Planned.of(source, contenders, judging, say)
    planned = {one.name: _Planned.of(one.source, one.contenders, judging, say) for one in benchmarks}
    graded = main.graded(out / GRADED, judging, say)
    further = {name: one.graded(out / GRADED / name, judging, say) for name, one in planned.items()}
    criteria = [
        Criterion(measure=Recipe.guard, benchmark=one.name, role=one.role, tolerance=judging.tolerance)
        for one in benchmarks
    ]
    return judge_graded(graded, judging, out, further, criteria)


class _Planned(NamedTuple):
    """Problems and contenders, and what of them is compared."""

    source: str
    problems: Sequence[Problem]
    contenders: Contenders
    plan: Plan

    @classmethod
    def of(cls, source: str, contenders: Contenders, judging: Judging, say: Say) -> "_Planned":
        problems = read_problems(source, show=0)
        left_out = {row.task_id for row in problems if missing_packages(row, judging.grading.get("allow_imports", ()))}
        plan = plan_comparison(problems, contenders, judging.metric, judging.ks, left_out, say)
        return cls(source, problems, contenders, plan)

    def graded(self, folder: Path, judging: Judging, say: Say) -> "GradedContenders":
        return GradedContenders(*self, _graded(self.problems, self.contenders, folder, judging, say))


@dataclass(frozen=True)
class GradedContenders:
    """Contenders whose samples are graded and scored: what is compared, and the files that have it.

    Attributes:
        source: Path or Hub id of the problems.
    """

    source: str
    problems: Sequence[Problem]
    contenders: Contenders
    plan: Plan
    files: Mapping[str, Sequence[ScoredSamples]]

    def rows(self, name: str) -> Iterator[ScoredRow]:
        """Yield the samples of a contender that count: of each problem the first ones, over all of its files."""
        counts: Counter[str] = Counter()
        for rows in self.files[name]:
            for row in rows:
                counts[row.task_id] += 1
                if counts[row.task_id] <= self.plan.samples:
                    yield row

    def replies(self, name: str, tasks: Collection[str]) -> Iterator[Graded]:
        """Yield those of these rows that answer some of the problems, as records."""
        return (row.graded() for row in self.rows(name) if row.task_id in tasks)

    def values(self, name: str, metric: str) -> dict[str, Values]:
        """Return a contender's values by task id, with those of the target over all samples too."""
        names, both = metrics.names(), over_all_samples(metric)
        running = {task: RunningValues(names, names, both) for task in self.plan.tasks}
        for row in self.rows(name):
            running[row.task_id].add_scores(row.task_id, row.passed, row.scores)
        return {task: values.values(self.plan.ks) for task, values in running.items()}


def judge_graded(
    graded: GradedContenders,
    judging: Judging,
    out: Path,
    further: Mapping[str, GradedContenders] | None = None,
    criteria: Sequence[Criterion] = (),
) -> tuple[Evaluation, Gate]:
    """Compare contenders whose samples are graded and scored, and write results and report; see `compare_samples`.

    Args:
        graded: On the main problems.
        judging: How they are judged.
        out: The folder of results and report.
        further: The same contenders on further benchmarks, by name.
        criteria: What the gate asks besides target and guard.
    """
    contenders, problems, further = graded.contenders, graded.problems, further or {}
    evaluation = _evaluation(graded, judging.metric).model_copy(
        update={"benchmarks": {name: _evaluation(one, judging.metric) for name, one in further.items()}}
    )
    gate = decide(
        evaluation,
        contenders.candidate,
        metric=judging.metric,
        direction=measures.look_up(Recipe, judging.metric).direction,
        tolerance=judging.tolerance,
        criteria=criteria,
        base=contenders.base,
        champion=CHAMPION if CHAMPION in contenders.files else None,
    )
    digests = _digests(graded)
    if further:
        digests["benchmarks"] = {name: _digests(one) for name, one in further.items()}
    origin = provenance(digests, _settings(graded, judging), evaluation.seed)
    write_atomic(out / RESULTS, json.dumps(results(evaluation, gate, origin), indent=2) + "\n")
    names = (contenders.base, contenders.candidate)
    examples = before_and_after(problems, evaluation.per_problem, graded.replies, names, judging.metric, passing=True)
    write_atomic(out / REPORT, render(_report(graded, further, origin, evaluation, gate, examples)))
    return evaluation, gate


def _evaluation(graded: GradedContenders, metric: str) -> Evaluation:
    problems = graded.problems
    return evaluate_values(
        {name: graded.values(name, metric) for name in graded.contenders.files},
        graded.plan.samples,
        all_samples=over_all_samples(metric),
        groups={row.task_id: row.group for row in problems},
        strata={row.task_id: row.stratum for row in problems},
    )


def _graded(
    problems: Sequence[Problem], contenders: Contenders, folder: Path, judging: Judging, say: Say
) -> dict[str, list[ScoredSamples]]:
    """Grade and score every file of samples, each beside its journal."""
    said: set[str] = set()

    def once(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line)

    found: dict[str, list[ScoredSamples]] = {name: [] for name in contenders.files}
    with Scoring(problems, over_all_samples(judging.metric), judging.grading.get("workers")) as scoring:
        for name, number, path in contenders.runs():
            say(f"== {name}: {path}")
            graded = folder / f"{name}-{number}.jsonl"
            summary = grade_files(problems, path, graded, say=once, **judging.grading)
            if failed := summary.get(INFRASTRUCTURE_ERRORS):
                say(f"{failed} samples whose sandbox failed count as not passed; the same command grades them again")
            found[name].append(ScoredSamples(graded))
            found[name][-1].score(scoring, summary["samples"], "score")
    return found


def _report(
    graded: GradedContenders,
    further: Mapping[str, GradedContenders],
    origin: Mapping[str, Any],
    evaluation: Evaluation,
    gate: Gate,
    examples: tuple[report.BeforeAfter, ...],
) -> report.ReportData:
    contenders, names = graded.contenders, presentation.labels(BASE)
    files = _files(graded, origin["digests"])
    for name, one in further.items():
        files += _files(one, origin["digests"]["benchmarks"][name], name)
    return report.ReportData(
        title=f"{contenders.candidate} against {contenders.base}, on samples of {Path(graded.source).name}",
        question=question(
            presentation.spoken(gate, names), names.get(contenders.base, contenders.base), Recipe.guard, programs=True
        ),
        labels={name: names[name] for name in contenders.files if name in names},
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        against=contenders.base,
        held_out=False,
        gate=gate,
        evaluation=evaluation,
        measures=tuple(measures.look_up(Recipe, name) for name in evaluation.measures),
        examples=examples,
        base=report.BaseModelInfo(id=contenders.base),
        files=files,
        settings=origin["settings"],
        environment=environment(PACKAGES),
    )


def _digests(graded: GradedContenders) -> dict[str, Any]:
    return {"problems": problems_digest(graded.problems), "samples": sample_digests(graded.contenders)}


def _files(graded: GradedContenders, digests: Mapping[str, Any], benchmark: str = "") -> tuple[report.FileInfo, ...]:
    rows = {name: [rows.total for rows in files] for name, files in graded.files.items()}
    return compared_files(graded.source, graded.problems, digests, rows, benchmark)


def _settings(graded: GradedContenders, judging: Judging) -> dict[str, Any]:
    """Return what decides the results besides problems and samples."""
    return {
        "problems": graded.source,
        "metric": judging.metric,
        "tolerance": judging.tolerance,
        "k": list(graded.plan.ks),
        "samples": graded.plan.samples,
        **{key: judging.grading[key] for key in ("allow_imports", "allow_weaker") if judging.grading.get(key)},
    }
