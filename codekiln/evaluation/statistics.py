"""Bootstrap confidence intervals over problems; comparisons are paired, because all columns share the resamples."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

RESAMPLES = 10_000
_BLOCK = 2_000_000
"""Drawn indices held in memory at once, which bounds memory at about 32 MB whatever the number of resamples."""


Derived = Callable[[np.ndarray], np.ndarray]
"""From means, shape (resamples, columns), to one value per resample."""


class Interval(BaseModel):
    """A mean and its 95 % percentile interval; all None when no problem has a value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float | None
    low: float | None
    high: float | None

    def known(self) -> tuple[float, float, float] | None:
        """Return mean, low and high, or None when no problem has a value."""
        if self.mean is None or self.low is None or self.high is None:
            return None
        return self.mean, self.low, self.high


def bootstrap(
    values: np.ndarray,
    clusters: Sequence[Hashable] | None = None,
    *,
    derived: Sequence[Derived] = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Interval]:
    """Return the mean over problems and its interval, for each column, then for each derived value.

    The 95 % percentile interval (Efron 1979) of the mean over resampled problems. With ``clusters`` whole clusters are
    resampled, because problems of one group are not independent. All columns share the resamples, which makes the
    column of a difference a paired comparison.

    Args:
        values: Shape (problems, columns); NaN where a problem has no value, and left out of that column's means.
        clusters: One label per problem; default: each problem by itself.
        derived: Functions of the columns' means whose values and intervals are wanted as well.
        resamples: Number of bootstrap resamples.
        seed: Of numpy's default generator; equal seeds give equal intervals.
    """
    known = ~np.isnan(values)
    labels = np.arange(len(values)) if clusters is None else _numbered(clusters)
    sums, counts = (_per_cluster(part, labels) for part in (np.where(known, values, 0.0), known.astype(float)))
    means = _resampled_means(sums, counts, resamples, np.random.default_rng(seed))
    found = [_interval(values[known[:, column], column], means[:, column]) for column in range(values.shape[1])]
    observed = np.array([[np.nan if item.mean is None else item.mean for item in found]])
    return found + [_derived(function(observed)[0], function(means)) for function in derived]


def _numbered(clusters: Sequence[Hashable]) -> np.ndarray:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in clusters], dtype=int)


def _per_cluster(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    totals = np.zeros((labels.max(initial=-1) + 1, values.shape[1]))
    np.add.at(totals, labels, values)
    return totals


def _resampled_means(sums: np.ndarray, counts: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    size, blocks = len(sums), []
    step = max(1, _BLOCK // max(size, 1))
    for start in range(0, resamples if size else 0, step):
        rows = min(step, resamples - start)
        # A resample is a row of counts per cluster, so that all its sums are one matrix product.
        drawn = rng.integers(0, size, (rows, size)) + np.arange(rows)[:, None] * size
        weights = np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(float)
        # A resample may hold no value of a column at all: its mean is 0/0, which nanpercentile leaves out.
        with np.errstate(invalid="ignore"):
            blocks.append((weights @ sums) / (weights @ counts))
    return np.concatenate(blocks) if blocks else np.empty((0, sums.shape[1]))


def _derived(value: float, resampled: np.ndarray) -> Interval:
    if np.isnan(value):
        return Interval(mean=None, low=None, high=None)
    low, high = np.nanpercentile(resampled, (2.5, 97.5))
    return Interval(mean=float(value), low=float(low), high=float(high))


def _interval(values: np.ndarray, means: np.ndarray) -> Interval:
    if not len(values):
        return Interval(mean=None, low=None, high=None)
    low, high = np.nanpercentile(means, (2.5, 97.5))
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))
