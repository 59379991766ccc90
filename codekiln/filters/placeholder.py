"""Rejects unfinished code: placeholder comments and unimplemented functions."""

import ast
import re

from codekiln.data.normalise import bare, parse
from codekiln.data.records import Graded, Problem
from codekiln.filters.base import Filter, FilterSettings, program

_PROMISE = re.compile(
    r"#.*\b(TODO|FIXME|XXX|your code here|implement (this|me|here)|rest of the (code|function))\b", re.IGNORECASE
)


class Placeholder(Filter[FilterSettings]):
    """Rejects a TODO-like comment, or an empty or unimplemented top-level function; reason ``placeholder``."""

    describe = "Keeps programs without TODO comments and without functions left empty."

    def reason(self, problem: Problem, graded: Graded) -> str | None:
        """Return ``placeholder`` for an unfinished program."""
        code = program(problem, graded.sample)
        return "placeholder" if _PROMISE.search(code) or _has_empty_function(code) else None


def _has_empty_function(code: str) -> bool:
    try:
        statements = bare(parse(code)).body
    except SyntaxError:
        return False
    functions = (item for item in statements if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(all(map(_does_nothing, function.body)) for function in functions)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return isinstance(statement, ast.Pass)
