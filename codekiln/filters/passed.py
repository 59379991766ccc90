"""Keeps samples that passed every hidden test."""

from codekiln.data.records import Graded, Problem
from codekiln.filters.base import Filter, FilterSettings


class Passed(Filter[FilterSettings]):
    """Rejects samples that did not pass; the reason is the verdict's status."""

    describe = "Keeps samples that passed every hidden test."

    def reason(self, problem: Problem, graded: Graded) -> str | None:
        """Return the status of a verdict that is not ``passed``."""
        return None if graded.verdict.passed else graded.verdict.status
