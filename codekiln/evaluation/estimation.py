"""Means of contenders and paired differences between them, with intervals, from values per problem."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from pydantic import BaseModel, ConfigDict

from codekiln.evaluation.measures import PASS
from codekiln.evaluation.per_problem import PerProblem
from codekiln.evaluation.statistics import (
    LEVEL,
    Derived,
    Estimate,
    Interval,
    Kind,
    bootstrap,
    mean_intervals,
    minimum_differing,
    widening,
)

CHAMPION = "champion"

Key = tuple[str, str | None, str]
"""(contender, the one it is compared with or None for itself, measure)"""


class Comparison(BaseModel):
    """The paired difference of ``contender`` and ``against`` on the problems where both have a value.

    ``n`` is the number of these problems, ``groups`` the number of their groups, and ``differing`` that of the groups
    in which a difference is not zero. A problem without a group counts as one. A distance has no ``differing``. ``df``
    are the degrees of freedom of the interval's t quantile, and ``padded`` is as in `Estimate`.
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
    differing: int | None = None
    df: float | None = None
    padded: tuple[float, float, float] | None = None

    def at(self, level: float) -> "Comparison":
        """Return the comparison with the interval whose two-sided error is ``level``; at 0.05 it is the same.

        Raises:
            ValueError: The degrees of freedom are not known.
        """
        if level == LEVEL or (known := self.interval.known()) is None:
            return self
        if self.df is None:
            raise ValueError(f"no degrees of freedom of {self.measure}")
        mean, low, high, df = *known, self.df
        if self.padded and self.differing is not None and self.differing < minimum_differing(level):
            low, high, df = self.padded
        factor = widening(level, df)
        return self.model_copy(update={"low": mean - factor * (mean - low), "high": mean + factor * (high - mean)})

    @property
    def interval(self) -> Interval:
        """The difference with its interval."""
        return Interval(mean=self.difference, low=self.low, high=self.high)


@dataclass(frozen=True)
class Estimator:
    """Estimates means and paired differences with their intervals, on all problems or on one stratum.

    Args:
        measures: In the order of the results.
        shares: Measures with values in 0..1; pass@k are shares anyway.
        distances: Measures of a whole contender, as in `evaluate`.
        reference: The contender that distances are taken from.
        groups: Group by task id.
        resamples: Of the bootstrap that distances need.
        seed: Of that bootstrap.
    """

    measures: tuple[str, ...]
    shares: Collection[str]
    distances: Mapping[str, Sequence[str]]
    reference: str
    groups: Mapping[str, str | None]
    resamples: int
    seed: int

    def estimate(self, per_problem: PerProblem) -> tuple[dict[str, dict[str, Interval]], tuple[Comparison, ...]]:
        """Return the measures of every contender, and all comparisons."""
        columns = _columns(per_problem, [name for name in self.measures if name not in self.distances])
        tasks = next(iter(per_problem.values()))
        clusters: list[Hashable] = [self.groups.get(task) or (task,) for task in tasks]
        stacked = np.column_stack(list(columns.values()))
        found = dict(zip(columns, mean_intervals(stacked, clusters, list(map(self._kind, columns))), strict=True))
        derived = self._derived(columns)
        apart = bootstrap(stacked, clusters, list(derived.values()), resamples=self.resamples, seed=self.seed)
        intervals = {key: item.interval for key, item in found.items()} | dict(zip(derived, apart, strict=True))
        contenders = {
            name: {measure: intervals[name, None, measure] for measure in self.measures} for name in per_problem
        }
        # A distance has no value per problem: all problems count as compared.
        count = len(set(clusters))
        whole = (len(clusters), count, None, count - 1.0)
        comparisons = tuple(
            compared((*pair, measure), intervals[(*pair, measure)], found.get((*pair, measure)), whole)
            for pair in pairs(list(per_problem))
            for measure in self.measures
        )
        return contenders, comparisons

    def _kind(self, key: Key) -> Kind:
        contender, against, measure = key
        if not (measure.startswith(PASS) or measure in self.shares):
            return "value"
        return "share" if against is None else "difference of shares"

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
            for later, earlier in pairs(names):
                found[later, earlier, measure] = partial(_difference, own[later], own[earlier])
        return found


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return (later, earlier) for all contenders but the champion, then everyone against the champion."""
    # The champion is no stage of this run: everything is compared with it, and it with nothing.
    challengers = [name for name in names if name != CHAMPION]
    found = [(later, earlier) for earlier, later in combinations(challengers, 2)]
    return found + [(name, CHAMPION) for name in challengers if CHAMPION in names]


def _difference(one: Derived, other: Derived, means: np.ndarray) -> np.ndarray:
    return one(means) - other(means)


def _columns(per_problem: PerProblem, measures: Sequence[str]) -> dict[Key, np.ndarray]:
    columns: dict[Key, np.ndarray] = {
        (name, None, measure): np.array([values[measure] for values in tasks.values()], dtype=float)
        for name, tasks in per_problem.items()
        for measure in measures
    }
    for later, earlier in pairs(list(per_problem)):
        for measure in measures:
            columns[later, earlier, measure] = columns[later, None, measure] - columns[earlier, None, measure]
    return columns


def compared(
    key: Key, interval: Interval, estimate: Estimate | None, whole: tuple[int, int, None, float] = (0, 0, None, 0.0)
) -> Comparison:
    """Return a comparison; without an estimate, ``whole`` says what it rests on."""
    contender, against, measure = key
    n, groups, differing, df = whole if estimate is None else estimate[1:5]
    return Comparison(
        contender=contender,
        against=str(against),
        measure=measure,
        difference=interval.mean,
        low=interval.low,
        high=interval.high,
        n=n,
        groups=groups,
        differing=differing,
        df=df,
        padded=estimate.padded if estimate else None,
    )
