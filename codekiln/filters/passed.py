"""Execution decides: only samples that passed their tests stay."""

from codekiln.data.records import Graded, Problem
from codekiln.filters._filter import Check, Context, Filter


def create(context: Context) -> Check:
    """Return a check whose reason is the verdict's status."""

    def check(problem: Problem, graded: Graded) -> str | None:
        return None if graded.verdict.passed else graded.verdict.status

    return check


FILTER = Filter("passed", "Keeps samples that passed every hidden test.", create)
