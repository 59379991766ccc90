"""Deduplicates the samples of a task: programs that differ only in names, comments or layout count as one."""

from codekiln.data.decontamination import program_key
from codekiln.data.records import Graded, Problem
from codekiln.filters.base import Context, Filter, FilterSettings, program


class Duplicate(Filter[FilterSettings]):
    """Rejects duplicates with the reason ``twin``; texts that are not Python are compared as texts."""

    describe = "Keeps the first of a task's programs that are equal up to names and comments."

    def __init__(self, settings: FilterSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._seen: set[tuple[str, str]] = set()

    def reason(self, problem: Problem, graded: Graded) -> str | None:
        """Return ``twin`` for a program that an earlier one of the task equals."""
        code = program(problem, graded.sample)
        key = (problem.task_id, program_key(code) or code)
        if key in self._seen:
            return "twin"
        self._seen.add(key)
        return None
