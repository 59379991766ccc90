"""One of each: samples of a task that differ only in names, comments or layout are one sample."""

from codekiln.data.normalise import fingerprint
from codekiln.data.records import Graded, Problem
from codekiln.filters._filter import Check, Context, Filter, program


def create(context: Context) -> Check:
    """Return a check that keeps the first of equal programs of a task; texts that are not Python are equal as texts."""
    seen: set[tuple[str, str]] = set()

    def check(problem: Problem, graded: Graded) -> str | None:
        key = (problem.task_id, _identity(program(problem, graded.sample)))
        if key in seen:
            return "twin"
        seen.add(key)
        return None

    return check


def _identity(code: str) -> str:
    try:
        return fingerprint(code)
    except SyntaxError:
        return code


FILTER = Filter("duplicate", "Keeps the first of a task's programs that are equal up to names and comments.", create)
