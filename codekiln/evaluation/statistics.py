"""Confidence intervals over problems: t intervals that know of groups, and a bootstrap for what is no mean.

docs/statistics.md says why these, and how often they cover.
"""

from collections.abc import Callable, Hashable, Sequence
from math import ceil, log2
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.special import ndtr, stdtrit

RESAMPLES = 10_000
LEVEL = 0.05
"""The two-sided error of all intervals, which makes them 95 % intervals."""
_BLOCK = 2_000_000
"""Drawn indices held in memory at once, which bounds memory at about 32 MB whatever the number of resamples."""


Derived = Callable[[np.ndarray], np.ndarray]
"""From means, shape (resamples, columns), to one value per resample."""

Kind = Literal["value", "share", "difference of shares"]
"""What a column holds: values without bounds, values in 0..1, or differences between such values, in -1..1."""


class Interval(BaseModel):
    """A mean and its 95 % interval.

    All are None when no problem has a value, and the ends alone when all values are of one group.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float | None
    low: float | None
    high: float | None

    def known(self) -> tuple[float, float, float] | None:
        """Return mean, low and high, or None when one of them is unknown."""
        if self.mean is None or self.low is None or self.high is None:
            return None
        return self.mean, self.low, self.high


class Estimate(NamedTuple):
    """The interval of a mean, and what it rests on.

    ``problems`` have a value; they are of ``groups`` clusters, and in ``differing`` of these a value is not zero.
    ``df`` are the degrees of freedom of its t quantile, None where there is no interval. ``padded`` are low end, high
    end and degrees of freedom with two more clusters, of a difference of shares only: for a level at which
    ``differing`` clusters are too few.
    """

    interval: Interval
    problems: int
    groups: int
    differing: int
    df: float | None
    padded: tuple[float, float, float] | None = None


def minimum_differing(level: float = LEVEL) -> int:
    """Return the fewest clusters with a difference other than zero that can decide anything at a two-sided level.

    By the sign test n differences of one sign have p = 2 / 2^n: six have 0.031, and five have 0.0625.
    """
    return ceil(1 - log2(level))


def mean_intervals(
    values: np.ndarray, clusters: Sequence[Hashable] | None = None, kinds: Sequence[Kind] | None = None
) -> list[Estimate]:
    """Return the mean over problems of each column, with its 95 % interval.

    The t interval of a mean with the bias-reduced cluster-robust variance CR2 and the degrees of freedom of Bell and
    McCaffrey (2002); with clusters of equal size that is the factor G / (G - 1) of CR1, and G - 1 degrees. Two
    exceptions, where values are bounded and a t interval is too narrow near the bounds:

    * A share has Wilson's interval (1927) for the effective number of problems, as in Franco et al. (2019).
    * A difference of shares that is not zero in fewer than `minimum_differing` clusters is taken with two more
      clusters, one of +1 and one of -1: for pairs of 0 and 1 that is the interval of Bonett and Price (2012).

    Args:
        values: Shape (problems, columns); NaN where a problem has no value, and left out of that column.
        clusters: One label per problem; default: each problem by itself.
        kinds: One per column; default: all ``value``.
    """
    known = ~np.isnan(values)
    labels = np.arange(len(values)) if clusters is None else _numbered(clusters)
    filled = np.where(known, values, 0.0)
    sums, counts, nonzero = (_per_cluster(part, labels) for part in (filled, known * 1.0, (filled != 0) * 1.0))
    groups, differing = (counts > 0).sum(0), (nonzero > 0).sum(0)
    kind = np.array(["value"] * values.shape[1] if kinds is None else kinds)
    difference = kind == "difference of shares"
    low, high, df = _ends(sums, counts, kind, difference & (differing < minimum_differing()))
    padded = np.full((len(kind), 3), np.nan)
    padded[difference] = np.transpose(_ends(sums[:, difference], counts[:, difference], kind[difference], True))
    return [
        Estimate(
            interval=_interval(values[known[:, column], column], low[column], high[column]),
            problems=int(known[:, column].sum()),
            groups=int(groups[column]),
            differing=int(differing[column]),
            df=_known(df[column]),
            padded=None if np.isnan(padded[column]).any() else tuple(padded[column].tolist()),
        )
        for column in range(values.shape[1])
    ]


def widening(level: float, df: float) -> float:
    """Return how many times as wide a t interval is as at 95 %, when its two-sided error is ``level``."""
    return float(stdtrit(df, 1 - level / 2) / stdtrit(df, 1 - LEVEL / 2))


def bootstrap(
    values: np.ndarray,
    clusters: Sequence[Hashable] | None,
    derived: Sequence[Derived],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Interval]:
    """Return the value and the 95 % interval of functions of the columns' means, for which there is no formula.

    The percentile interval over resampled clusters, expanded as in Hesterberg (2015): its ends are the
    percentiles at which a normal interval is as wide as a t interval, because percentiles alone are too narrow for few
    clusters. All functions share the resamples, so that a function that subtracts two others is a paired comparison.

    Args:
        values: Shape (problems, columns); NaN where a problem has no value, and left out of that column's means.
        clusters: One label per problem; None: each problem by itself.
        derived: Functions of the columns' means.
        resamples: Number of bootstrap resamples.
        seed: Of numpy's default generator; equal seeds give equal intervals.
    """
    known = ~np.isnan(values)
    labels = np.arange(len(values)) if clusters is None else _numbered(clusters)
    sums, counts = (_per_cluster(part, labels) for part in (np.where(known, values, 0.0), known * 1.0))
    means = _resampled_means(sums, counts, resamples, np.random.default_rng(seed))
    with np.errstate(invalid="ignore"):
        observed = sums.sum(0) / counts.sum(0)
    return [_percentiles(float(one(observed[None])[0]), one(means), len(sums)) for one in derived]


def _numbered(clusters: Sequence[Hashable]) -> np.ndarray:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in clusters], dtype=int)


def _per_cluster(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    totals = np.zeros((labels.max(initial=-1) + 1, values.shape[1]))
    np.add.at(totals, labels, values)
    return totals


def _ends(
    sums: np.ndarray, counts: np.ndarray, kind: np.ndarray, padded: np.ndarray | bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lower ends, upper ends and degrees of freedom; NaN where fewer than two clusters have a value.

    Columns that are ``padded`` have two more clusters of mean size, one of +1 and one of -1.
    """
    groups, difference = (counts > 0).sum(0), kind == "difference of shares"
    with np.errstate(divide="ignore", invalid="ignore"):
        pseudo = np.where(padded, counts.sum(0) / groups, 0.0)
        mean, error, df = _cluster_robust(np.vstack([sums, pseudo, -pseudo]), np.vstack([counts, pseudo, pseudo]))
        quantile = stdtrit(df, 1 - LEVEL / 2)
        bound = np.where(difference, 1.0, np.inf)
        student = np.clip([mean - quantile * error, mean + quantile * error], -bound, bound)
        ends = np.where(kind == "share", _wilson(mean, error, quantile, groups), student)
    low, high, df = np.where(groups < 2, np.nan, [*ends, df])
    return low, high, df


def _cluster_robust(sums: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean of each column, its CR2 standard error, and the degrees of freedom of that.

    For a mean the matrices of Bell and McCaffrey have closed forms: the residual sum of a cluster is divided by
    the root of 1 - its share of the values, and the degrees are those of the variance under independent errors.
    """
    total = counts.sum(0)
    mean = sums.sum(0) / total
    weight = 1 / (1 - counts / total)
    error = np.sqrt((weight * (sums - mean * counts) ** 2).sum(0)) / total
    squares = counts**2
    cross = (weight * squares).sum(0) ** 2 - (weight**2 * squares**2).sum(0)
    return mean, error, total**2 / (squares.sum(0) + cross / total**2)


def _wilson(mean: np.ndarray, error: np.ndarray, quantile: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return both ends of Wilson's interval for the number of yes-or-no problems that would have this error."""
    spread = np.clip(mean * (1 - mean), 0.0, None)
    effective = np.where(spread > 0, spread / error**2, groups)
    extra = quantile**2 / effective
    half = np.sqrt(quantile**2 * spread / effective + extra**2 / 4)
    found: np.ndarray = np.clip((mean + extra / 2 + [-half, half]) / (1 + extra), 0.0, 1.0)
    return found


def _interval(values: np.ndarray, low: float, high: float) -> Interval:
    if not len(values):
        return Interval(mean=None, low=None, high=None)
    return Interval(mean=float(values.mean()), low=_known(low), high=_known(high))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


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


def _percentiles(value: float, resampled: np.ndarray, clusters: int) -> Interval:
    if np.isnan(value) or clusters < 2:
        return Interval(mean=None if np.isnan(value) else value, low=None, high=None)
    tail = float(ndtr(np.sqrt(clusters / (clusters - 1)) * stdtrit(clusters - 1, LEVEL / 2)))
    low, high = np.nanpercentile(resampled, (100 * tail, 100 * (1 - tail)))
    return Interval(mean=value, low=float(low), high=float(high))
