"""Keeps what the tests confirm."""

from codekiln.data.records import Graded, Problem
from codekiln.filters.base import Filter, FilterSettings


class Passed(Filter[FilterSettings]):
    """The reason is the status of the verdict."""

    describe = "Keeps samples that passed every hidden test."

    def reason(self, problem: Problem, graded: Graded) -> str | None:
        """Return the status of a verdict that is not ``passed``."""
        return None if graded.verdict.passed else graded.verdict.status
