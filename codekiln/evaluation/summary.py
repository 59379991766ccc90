"""From graded samples to measures per problem, per contender, and between contenders."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import fsum

import numpy as np
from pydantic import BaseModel, ConfigDict

from codekiln.errors import InputError
from codekiln.evaluation.passk import pass_at_k
from codekiln.evaluation.statistics import RESAMPLES, Interval, bootstrap
from codekiln.records import Graded

CHAMPION = "champion"

Values = dict[str, float | None]
Key = tuple[str, str | None, str]
"""(contender, the one it is compared with or None for itself, measure)"""


class Comparison(BaseModel):
    """How much ``contender`` differs from ``against`` on problems where both have a value, and on how many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contender: str
    against: str
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    n: int


class Evaluation(BaseModel):
    """Everything measured on one set of problems; ``contenders`` and ``comparisons`` carry 95 % intervals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: tuple[str, ...]
    problems: int
    samples: int
    resamples: int
    seed: int
    per_problem: dict[str, dict[str, Values]]
    contenders: dict[str, dict[str, Interval]]
    comparisons: tuple[Comparison, ...]

    def compare(self, contender: str, against: str, measure: str) -> Comparison:
        """Return one comparison.

        Raises:
            InputError: It was not made.
        """
        for item in self.comparisons:
            if (item.contender, item.against, item.measure) == (contender, against, measure):
                return item
        raise InputError(f"'{contender}' was not compared with '{against}' on '{measure}'", where="evaluation")


def evaluate(
    graded: Mapping[str, Sequence[Graded]],
    metrics: Sequence[str],
    k: Sequence[int] = (1,),
    *,
    groups: Mapping[str, str | None] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Return the evaluation of contenders that were sampled equally often on the same problems.

    A problem's pass@k is the unbiased estimate from its samples; its value of a metric is the mean over its passing
    samples that have one, None when there is none. Comparisons are made of every contender with every earlier one, and
    of every contender with the one named ``champion``.

    Args:
        graded: Samples with verdicts by contender, in the order of the stages; passing ones carry their scores.
        metrics: Names of the metrics to average.
        k: The k of pass@k; 1 is always measured.
        groups: Group by task id; problems of a group are resampled together. A task without one stands alone.
        resamples: Bootstrap resamples.
        seed: Of the bootstrap.

    Raises:
        InputError: Different problems or numbers of samples, fewer samples than k, or a passing sample not scored.
    """
    by_task = {name: _by_task(rows) for name, rows in graded.items()}
    tasks, samples = _common_ground(by_task)
    ks = sorted({1, *k})
    measures = (*(f"pass@{number}" for number in ks), *metrics)
    per_problem = {name: {task: _values(rows[task], ks, metrics) for task in tasks} for name, rows in by_task.items()}
    columns = _columns(per_problem, measures)
    clusters = [(groups or {}).get(task) or (task,) for task in tasks]
    stacked = np.column_stack(list(columns.values()))
    intervals = dict(zip(columns, bootstrap(stacked, clusters, resamples=resamples, seed=seed), strict=True))
    return Evaluation(
        measures=measures,
        problems=len(tasks),
        samples=samples,
        resamples=resamples,
        seed=seed,
        per_problem=per_problem,
        contenders={name: {measure: intervals[name, None, measure] for measure in measures} for name in graded},
        comparisons=tuple(_comparison(key, intervals[key], columns[key]) for key in columns if key[1] is not None),
    )


def _by_task(rows: Sequence[Graded]) -> dict[str, list[Graded]]:
    tasks: dict[str, list[Graded]] = {}
    for row in rows:
        tasks.setdefault(row.verdict.task_id, []).append(row)
    return tasks


def _common_ground(by_task: Mapping[str, Mapping[str, Sequence[Graded]]]) -> tuple[list[str], int]:
    """Return the tasks and the number of samples of each, which all contenders must share."""
    if not by_task or not all(by_task.values()):
        empty = [name for name, tasks in by_task.items() if not tasks]
        raise InputError(f"nothing to evaluate: no samples of {', '.join(empty) or 'any contender'}")
    first, tasks = next(iter(by_task.items()))
    samples = len(next(iter(tasks.values())))
    for name, other in by_task.items():
        if odd := sorted(set(tasks) ^ set(other)):
            raise InputError(
                f"'{name}' and '{first}' were sampled on different problems: {_few(odd)}",
                fix="sample every contender on the same problems",
            )
        if odd := sorted(task for task, rows in other.items() if len(rows) != samples):
            raise InputError(
                f"'{name}' has not {samples} samples for: {_few(odd)}",
                fix="sample every problem equally often, for every contender",
            )
    return list(tasks), samples


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _values(rows: Sequence[Graded], ks: Sequence[int], metrics: Sequence[str]) -> Values:
    passing = [row for row in rows if row.verdict.passed]
    values: Values = {f"pass@{k}": pass_at_k(len(rows), len(passing), k) for k in ks}
    for metric in metrics:
        scores = [value for row in passing if (value := _score(row, metric)) is not None]
        values[metric] = fsum(scores) / len(scores) if scores else None
    return values


def _score(row: Graded, metric: str) -> float | None:
    if all(score.metric != metric for score in row.scores):
        raise InputError(
            f"a passing sample of {row.verdict.task_id} was not scored on '{metric}'",
            fix="score every passing sample on every metric before evaluating",
        )
    return row.score(metric)


def _columns(per_problem: Mapping[str, Mapping[str, Values]], measures: Sequence[str]) -> dict[Key, np.ndarray]:
    columns: dict[Key, np.ndarray] = {
        (name, None, measure): np.array([values[measure] for values in tasks.values()], dtype=float)
        for name, tasks in per_problem.items()
        for measure in measures
    }
    for later, earlier in _pairs(list(per_problem)):
        for measure in measures:
            columns[later, earlier, measure] = columns[later, None, measure] - columns[earlier, None, measure]
    return columns


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return (later, earlier) for all contenders but the champion, then everyone against the champion."""
    challengers = [name for name in names if name != CHAMPION]
    pairs = [(later, earlier) for earlier, later in combinations(challengers, 2)]
    return pairs + [(name, CHAMPION) for name in challengers if CHAMPION in names]


def _comparison(key: Key, interval: Interval, column: np.ndarray) -> Comparison:
    contender, against, measure = key
    return Comparison(
        contender=contender,
        against=against,
        measure=measure,
        difference=interval.mean,
        low=interval.low,
        high=interval.high,
        n=int(np.count_nonzero(~np.isnan(column))),
    )
