"""Solve rates of problems (pass@k estimates), and the difficulty band that follows from pass@1."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from codekiln.data.passk import pass_at_k

BANDS = ("easy", "medium", "hard")
UNSOLVED = "unsolved"
"""Solved by no sample: a band of its own, because a problem without a verified solution is in no data set."""
KS = (1, 5, 10)


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


@dataclass(frozen=True)
class BandThresholds:
    """Least pass@1 of easy and of medium problems; below ``medium`` a problem is hard."""

    easy: float
    medium: float

    def band(self, rate: SolveRate) -> str:
        """Return the band of a problem that has samples.

        Counts are compared with the thresholds as written, without rounding: 3 of 10 is 0.3.
        """
        if not rate.correct:
            return UNSOLVED
        share = Fraction(rate.correct, rate.n)
        if share >= decimal_fraction(self.easy):
            return "easy"
        return "medium" if share >= decimal_fraction(self.medium) else "hard"


def decimal_fraction(value: float) -> Fraction:
    """Return the decimal number that a float is written as: 0.3 is 3/10, not the nearest binary fraction."""
    return Fraction(str(value))
