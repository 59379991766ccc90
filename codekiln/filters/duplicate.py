"""One of each: samples of a task that differ only in names, comments or layout are one sample."""

from codekiln.data.decontamination import program_key
from codekiln.data.records import Graded, Problem
from codekiln.filters._filter import Check, Context, Filter, program


def create(context: Context) -> Check:
    """Return a check that keeps the first of equal programs of a task; texts that are not Python are equal as texts."""
    seen: set[tuple[str, str]] = set()

    def check(problem: Problem, graded: Graded) -> str | None:
        code = program(problem, graded.sample)
        key = (problem.task_id, program_key(code) or code)
        if key in seen:
            return "twin"
        seen.add(key)
        return None

    return check


FILTER = Filter("duplicate", "Keeps the first of a task's programs that are equal up to names and comments.", create)
