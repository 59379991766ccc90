"""Verdicts with the counts of their problem: how many samples it has, and how many of them passed.

The counts travel as scores of every sample, so that a filter that drops samples changes no solve rate.
"""

from collections import Counter
from collections.abc import Sequence

from codekiln.data.records import Graded, Score
from codekiln.recipes.difficulty.rates import SolveRate

TRIED, SOLVED = "problem_samples", "problem_solved"


def add_counts(graded: Sequence[Graded]) -> list[Graded]:
    """Return the rows with two more scores: the number of samples of their problem, and of those that passed."""
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


def keep_counts(scored: Sequence[Graded], counted: Sequence[Graded]) -> list[Graded]:
    """Return scored rows with their metrics before the counts, which scoring replaces."""
    return [
        old if new.scores == old.scores else new.model_copy(update={"scores": new.scores + old.scores})
        for new, old in zip(scored, counted, strict=True)
    ]


def rate_of(graded: Sequence[Graded]) -> SolveRate:
    """Return the rate of the problem that ``graded`` are samples of, from its counts or, without any, from the rows."""
    tried, solved = (graded[0].score(name) if graded else None for name in (TRIED, SOLVED))
    if tried is None or solved is None:
        return SolveRate(len(graded), sum(row.verdict.passed for row in graded))
    return SolveRate(int(tried), int(solved))
