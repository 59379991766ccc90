"""Evaluation of contenders on one set of problems: values per problem, means per contender, and paired differences."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import fsum

import numpy as np
from pydantic import BaseModel, ConfigDict

from codekiln.data.passk import pass_at_k
from codekiln.data.records import Graded
from codekiln.errors import InputError
from codekiln.evaluation.statistics import RESAMPLES, Derived, Interval, bootstrap

CHAMPION = "champion"

Values = dict[str, float | None]
Key = tuple[str, str | None, str]
"""(contender, the one it is compared with or None for itself, measure)"""


class Comparison(BaseModel):
    """The paired difference of ``contender`` and ``against`` on the problems where both have a value.

    ``n`` is the number of these problems, and ``groups`` the number of their groups, which the bootstrap resamples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contender: str
    against: str
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    n: int
    groups: int | None = None

    @property
    def interval(self) -> Interval:
        """The difference with its interval."""
        return Interval(mean=self.difference, low=self.low, high=self.high)


class Evaluation(BaseModel):
    """All results on one set of problems; ``contenders`` and ``comparisons`` carry 95 % intervals.

    ``strata`` holds the means of all contenders for each stratum of the problems, by its name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: tuple[str, ...]
    problems: int
    samples: int
    resamples: int
    seed: int
    per_problem: dict[str, dict[str, Values]]
    contenders: dict[str, dict[str, Interval]]
    comparisons: tuple[Comparison, ...]
    strata: dict[str, dict[str, dict[str, Interval]]] = {}

    def compare(self, contender: str, against: str, measure: str) -> Comparison:
        """Return one comparison.

        Raises:
            InputError: The evaluation has no such comparison.
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
    strata: Mapping[str, str | None] | None = None,
    distances: Mapping[str, Sequence[str]] | None = None,
    reference: str = "",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Return the evaluation of contenders that were sampled equally often on the same problems.

    A problem's pass@k is the unbiased estimate from its samples; its value of a metric is the mean over its samples
    that have one, None when there is none. Every contender is compared with every earlier one, and with the one named
    ``champion``.

    Args:
        graded: Samples with verdicts by contender, in the order of the stages; passing ones carry their scores.
        metrics: Names of the metrics to average.
        k: The k of pass@k; 1 is always measured.
        groups: Group by task id; problems of a group are resampled together. A task without one is its own group.
        strata: Stratum by task id; every stratum is evaluated by itself as well.
        distances: Measures of a whole contender by name: half the L1 distance of its means of the metrics given here
            from the means of ``reference``. Their intervals are biased upwards where the distance is near zero.
        reference: Name of that contender.
        resamples: Bootstrap resamples.
        seed: Of the bootstrap.

    Raises:
        InputError: Different problems or numbers of samples, fewer samples than k, or a passing sample not scored.
    """
    by_task = {name: _by_task(rows) for name, rows in graded.items()}
    tasks, samples = _common_tasks(by_task)
    ks = sorted({1, *k})
    per_problem = {name: {task: _values(rows[task], ks, metrics) for task in tasks} for name, rows in by_task.items()}
    return evaluate_values(
        per_problem,
        samples,
        groups=groups,
        strata=strata,
        distances=distances,
        reference=reference,
        resamples=resamples,
        seed=seed,
    )


def evaluate_values(
    per_problem: Mapping[str, Mapping[str, Values]],
    samples: int,
    *,
    groups: Mapping[str, str | None] | None = None,
    strata: Mapping[str, str | None] | None = None,
    distances: Mapping[str, Sequence[str]] | None = None,
    reference: str = "",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Return the evaluation of contenders from their values per problem; see `evaluate` for the other arguments.

    Args:
        per_problem: Values by measure, by contender and task id; tasks and measures are the same, in the same order.
        samples: Samples per problem.
    """
    tasks = list(next(iter(per_problem.values())))
    chosen = dict(distances or {}) if reference in per_problem else {}
    measures = (*next(iter(next(iter(per_problem.values())).values())), *chosen)
    estimator = _Estimator(measures, chosen, reference, groups or {}, resamples, seed)
    contenders, comparisons = estimator.estimate(per_problem)
    found = {name: [task for task in tasks if (strata or {}).get(task) == name] for name in _names(tasks, strata or {})}
    return Evaluation(
        measures=measures,
        problems=len(tasks),
        samples=samples,
        resamples=resamples,
        seed=seed,
        per_problem=per_problem,
        contenders=contenders,
        comparisons=comparisons,
        strata={name: estimator.estimate(_only(per_problem, part))[0] for name, part in found.items()},
    )


@dataclass(frozen=True)
class _Estimator:
    """Estimates means and paired differences with their intervals, on all problems or on one stratum."""

    measures: tuple[str, ...]
    distances: Mapping[str, Sequence[str]]
    reference: str
    groups: Mapping[str, str | None]
    resamples: int
    seed: int

    def estimate(
        self, per_problem: Mapping[str, Mapping[str, Values]]
    ) -> tuple[dict[str, dict[str, Interval]], tuple[Comparison, ...]]:
        """Return the measures of every contender, and all comparisons."""
        columns = _columns(per_problem, [name for name in self.measures if name not in self.distances])
        keys, derived = list(columns), self._derived(columns)
        clusters = [self.groups.get(task) or (task,) for task in next(iter(per_problem.values()))]
        stacked = np.column_stack(list(columns.values()))
        found = bootstrap(stacked, clusters, derived=list(derived.values()), resamples=self.resamples, seed=self.seed)
        intervals = dict(zip([*keys, *derived], found, strict=True))
        names = list(per_problem)
        contenders = {name: {measure: intervals[name, None, measure] for measure in self.measures} for name in names}
        # A distance has no value per problem: all problems count as compared.
        everything = np.zeros(len(stacked))
        comparisons = tuple(
            _comparison(
                (*pair, measure), intervals[(*pair, measure)], columns.get((*pair, measure), everything), clusters
            )
            for pair in _pairs(names)
            for measure in self.measures
        )
        return contenders, comparisons

    def _derived(self, columns: Mapping[Key, np.ndarray]) -> dict[Key, Derived]:
        """Return the distances from the reference, and the differences between distances, as functions of means."""
        place = {key: index for index, key in enumerate(columns)}
        names = list(dict.fromkeys(key[0] for key in columns))

        def distance(name: str, shares: Sequence[str]) -> Derived:
            mine, theirs = ([place[who, None, share] for share in shares] for who in (name, self.reference))
            return lambda means: np.abs(means[:, mine] - means[:, theirs]).sum(1) / 2

        found: dict[Key, Derived] = {}
        for measure, shares in self.distances.items():
            own = {name: distance(name, shares) for name in names}
            found |= {(name, None, measure): function for name, function in own.items()}
            for later, earlier in _pairs(names):
                found[later, earlier, measure] = partial(_difference, own[later], own[earlier])
        return found


def _difference(one: Derived, other: Derived, means: np.ndarray) -> np.ndarray:
    return one(means) - other(means)


def _names(tasks: Sequence[str], strata: Mapping[str, str | None]) -> list[str]:
    return sorted({name for task in tasks if (name := strata.get(task))})


def _only(per_problem: Mapping[str, Mapping[str, Values]], tasks: Sequence[str]) -> dict[str, dict[str, Values]]:
    return {name: {task: rows[task] for task in tasks} for name, rows in per_problem.items()}


def _by_task(rows: Sequence[Graded]) -> dict[str, list[Graded]]:
    tasks: dict[str, list[Graded]] = {}
    for row in rows:
        tasks.setdefault(row.verdict.task_id, []).append(row)
    return tasks


def _common_tasks(by_task: Mapping[str, Mapping[str, Sequence[Graded]]]) -> tuple[list[str], int]:
    """Return the tasks and the number of samples per task, which must be the same for all contenders."""
    if not by_task or not all(by_task.values()):
        empty = [name for name, tasks in by_task.items() if not tasks]
        raise InputError(f"nothing to evaluate: no samples of {', '.join(empty) or 'any contender'}")
    # Differences are paired by problem, and pass@k depends on the number of samples.
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
    passing = sum(row.verdict.passed for row in rows)
    values: Values = {f"pass@{k}": pass_at_k(len(rows), passing, k) for k in ks}
    for metric in metrics:
        scores = [value for row in rows if (value := _score(row, metric)) is not None]
        # fsum is exact, so that the order of samples changes no digit.
        values[metric] = fsum(scores) / len(scores) if scores else None
    return values


def _score(row: Graded, metric: str) -> float | None:
    if row.verdict.passed and all(score.metric != metric for score in row.scores):
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
    # The champion is no stage of this run: everything is compared with it, and it with nothing.
    challengers = [name for name in names if name != CHAMPION]
    pairs = [(later, earlier) for earlier, later in combinations(challengers, 2)]
    return pairs + [(name, CHAMPION) for name in challengers if CHAMPION in names]


def _comparison(key: Key, interval: Interval, column: np.ndarray, clusters: Sequence[Hashable]) -> Comparison:
    contender, against, measure = key
    known = [cluster for cluster, value in zip(clusters, column, strict=True) if not np.isnan(value)]
    return Comparison(
        contender=contender,
        against=against,
        measure=measure,
        difference=interval.mean,
        low=interval.low,
        high=interval.high,
        n=len(known),
        groups=len(set(known)),
    )
