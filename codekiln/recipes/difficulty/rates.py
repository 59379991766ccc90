"""How often a problem is solved, and the band of difficulty that follows from it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from codekiln.data.records import Graded, Score
from codekiln.evaluation.passk import pass_at_k

BANDS = ("easy", "medium", "hard")
UNSOLVED = "unsolved"
"""Solved by no sample: a band of its own, because a problem without a verified solution is in no data set."""
KS = (1, 5, 10)
TRIED, SOLVED = "problem_samples", "problem_solved"
"""Scores that carry the counts of a sample's problem, so that a filter that drops samples changes no rate."""


@dataclass(frozen=True)
class Rate:
    """Of ``n`` samples of one problem, over all runs, ``correct`` passed every hidden test."""

    n: int
    correct: int

    def at(self, k: int) -> float | None:
        """Return the unbiased estimate of pass@k, or None when there are fewer than ``k`` samples."""
        return pass_at_k(self.n, self.correct, k) if k <= self.n else None

    def estimates(self, ks: Sequence[int] = KS) -> dict[str, float | None]:
        """Return the estimate for each k by name, ``pass@1`` and so on."""
        return {f"pass@{k}": self.at(k) for k in ks}


@dataclass(frozen=True)
class Thresholds:
    """Least pass@1 of easy and of medium problems; below ``medium`` a problem is hard."""

    easy: float
    medium: float

    def band(self, rate: Rate) -> str:
        """Return the band of a problem that has samples.

        Counts are compared with the thresholds as written, without rounding: 3 of 10 is 0.3.
        """
        if not rate.correct:
            return UNSOLVED
        share = Fraction(rate.correct, rate.n)
        if share >= exact(self.easy):
            return "easy"
        return "medium" if share >= exact(self.medium) else "hard"


def exact(value: float) -> Fraction:
    """Return the decimal number that a float is written as: 0.3 is 3/10, not the nearest binary fraction."""
    return Fraction(str(value))


def tally(graded: Sequence[Graded]) -> list[Graded]:
    """Return the rows with two more scores: how many samples their problem has, and how many of those passed."""
    tried = Counter(row.sample.task_id for row in graded)
    solved = Counter(row.sample.task_id for row in graded if row.verdict.passed)
    return [
        row.model_copy(
            update={
                "scores": (
                    *row.scores,
                    Score(metric=TRIED, value=float(tried[row.sample.task_id])),
                    Score(metric=SOLVED, value=float(solved[row.sample.task_id])),
                )
            }
        )
        for row in graded
    ]


def rate_of(graded: Sequence[Graded]) -> Rate:
    """Return the rate of the problem that ``graded`` are samples of: as tallied, or counted where nothing was."""
    if not graded or graded[0].score(TRIED) is None:
        return Rate(len(graded), sum(row.verdict.passed for row in graded))
    return Rate(int(graded[0].score(TRIED)), int(graded[0].score(SOLVED)))
