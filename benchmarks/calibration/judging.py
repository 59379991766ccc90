"""Simulated runs through codekiln's own intervals and gate, many at once."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from benchmarks.calibration.worlds import SAMPLES, Samples
from codekiln.data.passk import pass_at_k
from codekiln.evaluation import Comparison, Evaluation, decide, mean_intervals
from codekiln.evaluation.estimation import compared
from codekiln.evaluation.measures import over_all_samples
from codekiln.evaluation.spending import level_of
from codekiln.evaluation.statistics import Kind

METRIC = "structural_maintainability"
EVERY = over_all_samples(METRIC)
MEASURES = ("pass@1", "pass@10", METRIC, EVERY)
TOLERANCE = 0.02
_PASS_AT_10 = np.array([pass_at_k(SAMPLES, passing, 10) for passing in range(SAMPLES + 1)])


def per_problem(samples: Samples) -> dict[str, np.ndarray]:
    """Return the values of all measures, shape (runs, problems), as `codekiln.evaluation.per_problem` defines them."""
    passing = samples.passed.sum(-1)
    with np.errstate(invalid="ignore"):
        of_passing = np.where(samples.passed, samples.metric, 0.0).sum(-1) / passing
    return dict(
        zip(MEASURES, (passing / SAMPLES, _PASS_AT_10[passing], of_passing, samples.metric.mean(-1)), strict=True)
    )


def evaluations(base: Samples, candidate: Samples, clusters: Sequence[Hashable]) -> list[Evaluation]:
    """Return the evaluation of each simulated run: `evaluate` without its records, which tests/benchmarks compares."""
    before, after = per_problem(base), per_problem(candidate)
    columns = [after[name] - before[name] for name in MEASURES] + [after[name] for name in MEASURES]
    kinds: list[Kind] = ["difference of shares"] * 2 + ["value"] * 2 + ["share"] * 2 + ["value"] * 2
    runs, problems = columns[0].shape
    stacked = np.stack(columns, axis=-1).transpose(1, 0, 2).reshape(problems, -1)
    found = mean_intervals(stacked, clusters, kinds * runs)
    width, count = len(kinds), len(MEASURES)
    made = []
    for start in range(0, len(found), width):
        differences, means = found[start : start + count], found[start + count : start + width]
        comparisons = [
            compared(("candidate", "base", name), one.interval, one)
            for name, one in zip(MEASURES, differences, strict=True)
        ]
        made.append(
            _evaluation(problems, comparisons, {name: one.interval for name, one in zip(MEASURES, means, strict=True)})
        )
    return made


def _evaluation(problems: int, comparisons: Sequence[Comparison], means: dict[str, Any]) -> Evaluation:
    return Evaluation(
        measures=MEASURES,
        problems=problems,
        samples=SAMPLES,
        resamples=0,
        seed=0,
        per_problem={},
        contenders={"candidate": means},
        comparisons=tuple(comparisons),
    )


def promoted(evaluation: Evaluation, number: int = 1) -> bool:
    """Return the gate's decision about the ``number``-th candidate on its set."""
    level = level_of(number)
    return decide(evaluation, "candidate", metric=METRIC, tolerance=TOLERANCE, level=level).promoted
