"""What a reply does with its program besides defining it: it tries it out."""

import ast
from collections import Counter
from collections.abc import Iterable

from codekiln.data.program_parts import definition, reads_input
from codekiln.data.python_text import module_names, syntax_tree

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
# What stops a test has one of these in it.
_WORDS = ("input", "stdin", "open(0", "assert", "unittest", "pytest", "final_answer")
_ENDING = ("unittest.main", "pytest.main", "final_answer")


def without_trials(code: str, entry_point: str) -> str:
    """Return a program without the statements that try out its entry point, where one of them would stop a test.

    One that reads the standard input, asserts something of the entry point, starts unittest or calls smolagents'
    ``final_answer`` does; then others that use the entry point, and what is computed for them, are left out too.
    Definitions, imports, what the entry point needs, and a main guard, which no test runs, stay.
    """
    if not any(word in code for word in _WORDS) or (found := definition(code, entry_point)) is None:
        return code
    name = getattr(found, "name", entry_point)
    statements = [_Statement(node) for node in syntax_tree(code).body]
    needed = _needed(statements, name)
    readers = _readers(statements)
    free = [one for one in statements if one.is_run and not one.binds & needed]
    stopping = [one for one in free if one.stops(name, readers)]
    return _without(code, _with_users(stopping, free, statements, name)) if stopping else code


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
        return asserts or any(isinstance(part, ast.Call) and ast.unparse(part.func) in _ENDING for part in parts)


def _by(names: str, statements: Iterable[_Statement]) -> dict[str, list[_Statement]]:
    """Return statements by the names that they bind, or use."""
    found: dict[str, list[_Statement]] = {}
    for one in statements:
        for name in getattr(one, names):
            found.setdefault(name, []).append(one)
    return found


def _needed(statements: list[_Statement], name: str) -> set[str]:
    """Return the names that the definition of ``name`` needs, its own included."""
    binding = _by("binds", statements)
    needed, waiting = {name}, [name]
    while waiting:
        for one in binding.pop(waiting.pop(), ()):
            waiting += one.uses - needed
            needed |= one.uses
    return needed


def _readers(statements: list[_Statement]) -> set[str]:
    """Return the functions that read the standard input, also by calling another one."""
    functions = [one for one in statements if isinstance(one.node, ast.FunctionDef)]
    using = _by("uses", functions)
    waiting = [name for one in functions if reads_input(one.source) for name in one.binds]
    found = set(waiting)
    while waiting:
        for one in using.pop(waiting.pop(), ()):
            waiting += one.binds - found
            found |= one.binds
    return found


def _with_users(
    stopping: list[_Statement], free: list[_Statement], statements: list[_Statement], name: str
) -> set[_Statement]:
    """Return statements with those that use the entry point, or a name that nothing else binds."""
    using = _by("uses", free)
    left = Counter(bound for one in statements for bound in one.binds)
    found: set[_Statement] = set()
    waiting = [*stopping, *using.get(name, ())]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        left.subtract(one.binds)
        waiting += [user for bound in one.binds if not left[bound] for user in using.pop(bound, ())]
    return found


def _without(code: str, left_out: Iterable[_Statement]) -> str:
    """Return a program without the lines of some statements, and without comments directly before them."""
    lines = code.split("\n")
    gone: set[int] = set()
    for one in left_out:
        start = one.node.lineno - 1
        while start and lines[start - 1].startswith("#") and start - 1 not in gone:
            start -= 1
        gone.update(range(start, one.node.end_lineno or one.node.lineno))
    return "\n".join(line for number, line in enumerate(lines) if number not in gone).strip("\n")
