"""What an evaluation can show, before anything is trained: the gain it would promote, and what it would take.

Formulas for the gate's t intervals; tests compare them with simulated evaluations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from scipy.special import betaincinv, nctdtr, stdtrit

from codekiln.evaluation.gate import groups_needed
from codekiln.evaluation.spending import level_of
from codekiln.evaluation.statistics import LEVEL, minimum_differing

WANTED = 0.8
"""The chance of promotion that a gain is asked to have."""
GAINED = 0.05
"""A change of pass@1 that supervised fine-tuning often brings."""
MOST = 1_000_000
"""Problems, or samples of each: where more would be needed, there is no number."""
# The demo's base model on 200 problems, 10 samples each: mean 0.76, 2.5 % of problems never solved.
_BETA = (2.74, 0.87)
_GRID = (np.arange(200) + 0.5) / 200


@dataclass(frozen=True)
class Spread:
    """How much problems and samples differ; the defaults were measured on the demo's base model and final adapter.

    Args:
        pass_rates: The base's chance of passing, for each problem or for problems like them.
        passing_sd: Standard deviation over problems of the true change in that chance.
        metric_sd: Standard deviation over problems of the true change in the metric.
        sample_sd: Standard deviation of the metric over passing samples of one problem.
        shared: Share of the variance of both differences that the problems of a group have in common, 0..1.
    """

    pass_rates: Sequence[float] = tuple(map(float, betaincinv(*_BETA, _GRID)))
    passing_sd: float = 0.09
    metric_sd: float = 1.0
    sample_sd: float = 6.0
    shared: float = 0.0


@dataclass(frozen=True)
class Design:
    """An evaluation that is planned.

    Args:
        problems: Number of problems.
        samples: Samples of each.
        groups: Number of groups of problems; None: as many as problems.
        tolerance: How far pass@1 may fall.
        level: Two-sided error of the gate's intervals.
    """

    problems: int
    samples: int
    groups: int | None = None
    tolerance: float = 0.02
    level: float = LEVEL

    @property
    def clusters(self) -> int:
        """The number of groups, where each problem without one counts."""
        return self.groups or self.problems


@dataclass(frozen=True)
class Power:
    """What an evaluation can show.

    Attributes:
        gain: Smallest true gain of the target that is promoted with a chance of `WANTED`; None: no gain is, because the
            guard alone fails more often.
        guard_half_width: Half the width of the interval of the difference in pass@1.
        guard: Chance that the guard holds.
        problems: Fewest problems, in groups of the same size, with which the guard holds with a chance of 0.9, which
            leaves room for the target; None: no number does.
        samples: The same for samples of each problem.
    """

    gain: float | None
    guard_half_width: float
    guard: float
    problems: int | None
    samples: int | None


def obstacles(problems: int, groups: int, minimum_problems: int) -> list[str]:
    """Return why the gate can never promote on such a set, whatever a candidate gains; empty when it can."""
    found = []
    if problems < minimum_problems:
        found.append(f"{problems} problems, where the gate needs {minimum_problems}")
    if groups < (needed := groups_needed(minimum_problems)):
        found.append(f"{groups} groups, where the gate needs {needed}")
    return found


def power(design: Design, spread: Spread | None = None, change: float = 0.0) -> Power:
    """Return what an evaluation can show of a candidate whose true pass@1 differs by ``change`` from the base's.

    The target is a metric that is averaged over passing samples. That it is asked over all samples as well costs
    little, because both gains are nearly the same number, and is left out.
    """
    chosen = spread or Spread()

    def holds(one: Design) -> float:
        return guard_holds(one, chosen, change)

    guard, enough = holds(design), (1 + WANTED) / 2
    found = None if guard < WANTED else _smallest(lambda gain: promoted(design, chosen, gain, change) >= WANTED)
    return Power(
        gain=found,
        guard_half_width=_quantile(design) * _passing_error(design, chosen),
        guard=guard,
        problems=_fewest(lambda count: holds(_resized(design, count)) >= enough),
        samples=_fewest(lambda count: holds(replace(design, samples=count)) >= enough),
    )


def equal_half_width(design: Design) -> float:
    """Return half the width of the interval of a share's difference that is zero on every problem.

    `mean_intervals` makes it: with two more groups, one of +1 and one of -1.
    """
    groups = design.clusters + 2
    return float(stdtrit(groups - 1, 1 - design.level / 2) * np.sqrt(2 / (groups * (groups - 1))))


def too_few_groups(design: Design) -> list[str]:
    """Return in words that later candidates, or all, cannot show a gain on so few groups; empty when they can."""
    for number, whose in ((1, "no candidate"), (2, "only the first candidate")):
        if design.clusters < (needed := minimum_differing(level_of(number))):
            few = f"groups must differ, and there are {design.clusters}"
            return [f"{whose} can be promoted: at least {needed} {few}"]
    return []


def too_few_equal(design: Design, protected: str) -> list[str]:
    """Return in words that a candidate with an unchanged share is refused, as it may have fallen; empty when it is not.

    Args:
        design: The evaluation.
        protected: Name of the share that may not fall.
    """
    if (half := equal_half_width(design)) <= design.tolerance:
        return []
    fewest = _fewest(lambda count: equal_half_width(_resized(design, count)) <= design.tolerance)
    enough = f"{fewest} problems, or " if fewest else ""
    return [
        f"a candidate with the same {protected} on every problem is refused, because a fall of up to {half:.3f} is not "
        f"ruled out (tolerance {design.tolerance:g}); that takes {enough}a tolerance of {ceil(100 * half) / 100:g}"
    ]


def describe(design: Design, *, structural: bool) -> str:
    """Return in words what an evaluation can show, with pass@1 unchanged and with pass@1 up by `GAINED`.

    Args:
        design: The evaluation.
        structural: Whether the target is structural maintainability, whose spread is known.
    """
    same, up = power(design), power(design, change=GAINED)
    size = f"{design.problems} problems, {design.samples} samples each"
    clauses = [f"{size}: pass@1 is compared to within {same.guard_half_width:.3f} (tolerance {design.tolerance:g})"]
    for words, found in (("unchanged", same), (f"up by {GAINED:g}", up)):
        if found.gain is None:
            clauses.append(
                f"with pass@1 {words} the guard holds in {100 * found.guard:.0f} % of evaluations{_takes(found)}"
            )
        elif structural:
            clauses.append(
                f"with pass@1 {words} a gain of {found.gain:.1f} is promoted in {100 * WANTED:.0f} % of them"
            )
        else:
            clauses.append(f"with pass@1 {words} the guard holds in {100 * found.guard:.0f} % of evaluations")
    return "; ".join(clauses)


def _takes(found: Power) -> str:
    counts = ((found.problems, "problems"), (found.samples, "samples of each"))
    known = [f"{count} {what}" for count, what in counts if count is not None]
    return f", in 90 % with {' or '.join(known)}" if known else ""


def promoted(design: Design, spread: Spread, gain: float, change: float = 0.0) -> float:
    """Return the chance that the gate promotes a candidate with a true ``gain`` on the target."""
    error = _metric_error(design, spread)
    return _above(gain / error, design) * guard_holds(design, spread, change)


def guard_holds(design: Design, spread: Spread, change: float = 0.0) -> float:
    """Return the chance that pass@1 is seen not to have fallen by more than the tolerance."""
    return _above((design.tolerance + change) / _passing_error(design, spread), design)


def _above(effect: float, design: Design) -> float:
    """Return the chance that an interval lies above a value that the truth exceeds by ``effect`` standard errors."""
    degrees = design.clusters - 1
    # Further out the chance is 1, and the series of the noncentral distribution does not converge.
    return float(1 - nctdtr(degrees, min(effect, 30.0), _quantile(design)))


def _quantile(design: Design) -> float:
    return float(stdtrit(design.clusters - 1, 1 - design.level / 2))


def _passing_error(design: Design, spread: Spread) -> float:
    rates = np.asarray(spread.pass_rates)
    sampling = 2 * (rates * (1 - rates)).mean() / design.samples
    return _error(design, spread, sampling + spread.passing_sd**2, design.problems)


def _metric_error(design: Design, spread: Spread) -> float:
    """Return the standard error of the metric's paired difference, over the problems that both solve."""
    rates = np.asarray(spread.pass_rates)
    both = (1 - (1 - rates) ** design.samples) ** 2
    passing = np.maximum(design.samples * rates, 1.0)
    sampling = 2 * spread.sample_sd**2 * (both / passing).sum() / both.sum()
    return _error(design, spread, float(sampling) + spread.metric_sd**2, design.problems * float(both.mean()))


def _error(design: Design, spread: Spread, variance: float, problems: float) -> float:
    """Return the standard error of a mean over problems, with the design effect of groups of one size."""
    size = design.problems / design.clusters
    return float(np.sqrt(variance * (1 + (size - 1) * spread.shared) / problems))


def _resized(design: Design, problems: int) -> Design:
    groups = None if design.groups is None else max(2, round(design.groups * problems / design.problems))
    return replace(design, problems=problems, groups=groups)


def _smallest(enough: Callable[[float], bool]) -> float | None:
    """Return the smallest positive number that is enough, by bisection; None when none is."""
    low, high = 0.0, 1.0
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _fewest(enough: Callable[[int], bool]) -> int | None:
    """Return the smallest count from 2 on that is enough, by bisection; None when `MOST` is not."""
    if not enough(MOST):
        return None
    low, high = 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
