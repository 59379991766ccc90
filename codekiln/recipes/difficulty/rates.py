"""Solve rates of problems (pass@k estimates), and the difficulty band that follows from pass@1.

What the samples leave open about a rate is Jeffreys' posterior, Beta(correct + 1/2, n - correct + 1/2): its intervals
hold the true rate about as often as they say, for few samples too (Brown, Cai and DasGupta 2001,
doi:10.1214/ss/1009213286).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from codekiln.data.passk import pass_at_k

BANDS = ("easy", "medium", "hard")
UNSOLVED = "unsolved"
"""Solved by no sample: a band of its own, because a problem without a verified solution is in no data set."""
UNSURE = "unsure"
"""So near a threshold that its samples do not say on which side it is; in no data set."""
KS = (1, 5, 10)
LEVEL = 0.95
"""Of the interval of a rate."""


@dataclass(frozen=True)
class SolveRate:
    """Of ``n`` samples of one problem, over all runs, ``correct`` passed every hidden test."""

    n: int
    correct: int

    def pass_at(self, k: int) -> float | None:
        """Return the unbiased estimate of pass@k, or None when there are fewer than ``k`` samples."""
        return pass_at_k(self.n, self.correct, k) if k <= self.n else None

    def estimates(self, ks: Sequence[int] = KS) -> dict[str, float | None]:
        """Return the estimate for each k by name, ``pass@1`` and so on."""
        return {f"pass@{k}": self.pass_at(k) for k in ks}

    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of the true rate, or None without samples; at none or all correct it ends there."""
        if not self.n:
            return None
        from scipy.special import betaincinv  # a fifth of a second that most commands need not spend

        low, high = betaincinv(*self._posterior, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
        return float(low) if self.correct else 0.0, float(high) if self.correct < self.n else 1.0

    def chance(self, low: float, high: float) -> float:
        """Return the probability that the true rate is between two values."""
        from scipy.special import betainc

        below, above = betainc(*self._posterior, (low, high))
        return float(above - below)

    @property
    def _posterior(self) -> tuple[float, float]:
        return self.correct + 0.5, self.n - self.correct + 0.5


@dataclass(frozen=True)
class BandThresholds:
    """Where the bands begin, and how sure a band has to be.

    Attributes:
        easy: Least pass@1 of easy problems.
        medium: Of medium ones; below, a problem is hard.
        sure: Least probability that the true rate is in the band; below, the problem is unsure. 0: none is.
    """

    easy: float
    medium: float
    sure: float = 0.0

    def band(self, rate: SolveRate) -> str:
        """Return the band of a problem that has samples, `UNSOLVED` or `UNSURE`."""
        certainty = self.certainty(rate)
        if certainty is None:
            return UNSOLVED
        return UNSURE if certainty < self.sure else self.nearest(rate)

    def nearest(self, rate: SolveRate) -> str:
        """Return the band that pass@1 is in, however sure.

        Counts are compared with the thresholds as written, without rounding: 3 of 10 is 0.3.
        """
        share = Fraction(rate.correct, rate.n)
        if share >= decimal_fraction(self.easy):
            return "easy"
        return "medium" if share >= decimal_fraction(self.medium) else "hard"

    def certainty(self, rate: SolveRate) -> float | None:
        """Return the probability that the true rate is in the band that pass@1 is in; None where nothing passed."""
        if not rate.correct:
            return None
        ends = {"easy": (self.easy, 1.0), "medium": (self.medium, self.easy), "hard": (0.0, self.medium)}
        return rate.chance(*ends[self.nearest(rate)])


def decimal_fraction(value: float) -> Fraction:
    """Return the decimal number that a float is written as: 0.3 is 3/10, not the nearest binary fraction."""
    return Fraction(str(value))
