"""Tests that never call the program say nothing about it; a problem with no others is refused when it is read."""

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass

from codekiln.data.python_text import module_names, syntax_tree
from codekiln.data.records import DoctestTest, Problem, Test
from codekiln.errors import InputError, InputErrors

_BUILTINS = frozenset(dir(builtins))


def refuse_unused_program(problem: Problem, where: str) -> None:
    """Refuse a problem with tests none of which uses the program.

    Raises:
        InputErrors: There are tests, and each holds or fails whatever the program is.
    """
    if problem.tests and not uses_program(problem):
        wanted = problem.entry_point or "a function of the program"
        error = InputError(
            f"no test of {problem.task_id} calls {wanted}", where=f"{where}.tests", fix="let a test call the program"
        )
        raise InputErrors([error])


def uses_program(problem: Problem) -> bool:
    """Return whether a test may depend on the program.

    It does where it uses the entry point, a name that neither it nor the setup defines and that is no built-in, or
    calls a built-in, which the program may define too. Text that is not Python counts as using it.
    """
    try:
        setup = _names_of(problem.setup)
        sources = [source_of(test) for test in problem.tests]
        return bool(setup.asked(problem.entry_point, ())) or any(
            source is None or bool(_names_of(source).asked(problem.entry_point, setup.bound)) for source in sources
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


@dataclass(frozen=True)
class _Names:
    """Names in a piece of code: what it binds at module level, what it takes from outside, what it calls and says."""

    bound: frozenset[str]
    free: frozenset[str]
    called: frozenset[str]
    mentioned: frozenset[str]

    def asked(self, entry_point: str | None, known: Iterable[str]) -> bool:
        """Return whether a name may be one of the program's, where ``known`` are defined besides."""
        unknown = self.free - self.bound - set(known)
        return entry_point in self.mentioned or bool(unknown - _BUILTINS) or bool(unknown & self.called)


def _names_of(source: str) -> _Names:
    tree = syntax_tree(source)
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    # A test may name the function in a string: ``globals()["f"]``.
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    bound, free = module_names(source)
    return _Names(bound, free, frozenset(calls), frozenset(names | texts))


def source_of(test: Test) -> str | None:
    """Return the code of a test; None for a test that calls the program by its form, and a doctest that is none."""
    if isinstance(test, str):
        return test
    if not isinstance(test, DoctestTest):
        return None
    import doctest  # slow to import, and rarely needed

    try:
        return "".join(example.source for example in doctest.DocTestParser().get_examples(test.doctest))
    except ValueError:
        return None
