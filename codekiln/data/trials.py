"""What a reply does with its program besides defining it: it tries it out."""

import ast
from collections.abc import Iterable

from codekiln.data.program_parts import definition, reads_input
from codekiln.data.python_text import module_names, syntax_tree

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
# What stops a test has one of these in it.
_WORDS = ("input", "stdin", "open(0", "assert", "unittest", "pytest")


def without_trials(code: str, entry_point: str) -> str:
    """Return a program without the statements that try out its entry point, where one of them would stop a test.

    One that reads the standard input, asserts something of the entry point, or starts unittest does; then others that
    use the entry point, and what is computed for them, are left out too. Definitions, imports, what the entry point
    needs, and a main guard, which no test runs, stay.
    """
    if not any(word in code for word in _WORDS) or (found := definition(code, entry_point)) is None:
        return code
    name = getattr(found, "name", entry_point)
    statements = [_Statement(node) for node in syntax_tree(code).body]
    needed = _needed(statements, name)
    readers = _readers(statements)
    free = [one for one in statements if one.is_run and not one.binds & needed]
    left_out = [one for one in free if one.stops(name, readers)]
    if not left_out:
        return code
    while more := [one for one in free if one not in left_out and one.uses & {name, *_gone(statements, left_out)}]:
        left_out += more
    return _without(code, left_out)


class _Statement:
    """A statement of a module, with the names that it binds and uses there."""

    def __init__(self, node: ast.stmt) -> None:
        self.node = node
        self.source = ast.unparse(node)
        self.binds, self.uses = module_names(self.source)
        is_guard = isinstance(node, ast.If) and "__name__" in self.uses
        self.is_run = not (is_guard or isinstance(node, _DEFINITIONS))

    def stops(self, name: str, readers: set[str]) -> bool:
        """Return whether it can end the program before a test of ``name`` runs."""
        if self.uses & readers or reads_input(self.source):
            return True
        parts = list(ast.walk(self.node))
        asserts = name in self.uses and any(isinstance(part, ast.Assert) for part in parts)
        return asserts or any(isinstance(part, ast.Call) and _is_main(part) for part in parts)


def _is_main(call: ast.Call) -> bool:
    return ast.unparse(call.func) in ("unittest.main", "pytest.main")


def _needed(statements: Iterable[_Statement], name: str) -> set[str]:
    """Return the names that the definition of ``name`` needs, its own included."""
    needed: set[str] = {name}
    waiting = list(statements)
    while found := [one for one in waiting if one.binds & needed]:
        needed = needed.union(*(one.uses for one in found))
        waiting = [one for one in waiting if one not in found]
    return needed


def _readers(statements: Iterable[_Statement]) -> set[str]:
    """Return the functions that read the standard input, also by calling another one."""
    functions = [one for one in statements if isinstance(one.node, ast.FunctionDef)]
    found = {name for one in functions if reads_input(one.source) for name in one.binds}
    while more := {name for one in functions if one.uses & found for name in one.binds} - found:
        found |= more
    return found


def _gone(statements: Iterable[_Statement], left_out: list[_Statement]) -> set[str]:
    kept = {name for one in statements if one not in left_out for name in one.binds}
    return {name for one in left_out for name in one.binds} - kept


def _without(code: str, left_out: list[_Statement]) -> str:
    """Return a program without the lines of some statements, and without comments directly before them."""
    lines = code.split("\n")
    gone: set[int] = set()
    for one in left_out:
        start = one.node.lineno - 1
        while start and lines[start - 1].startswith("#"):
            start -= 1
        gone.update(range(start, one.node.end_lineno or one.node.lineno))
    return "\n".join(line for number, line in enumerate(lines) if number not in gone).strip("\n")
