"""Third-party packages that a problem needs before any program can be graded on it."""

import ast
import sys
from collections.abc import Collection, Iterator
from importlib.util import find_spec

from codekiln.data.python_text import syntax_tree
from codekiln.data.readers.program_use import source_of
from codekiln.data.records import Problem


def missing_packages(problem: Problem, allowed: Collection[str]) -> set[str]:
    """Return the third-party packages that a problem's setup, tests or reference import and that cannot be imported.

    A package can be imported where it is in ``allowed`` and installed. An import whose failure the code handles is not
    needed. Code that is not Python imports nothing.
    """
    sources = [problem.setup, problem.reference or "", *(source_of(test) or "" for test in problem.tests)]
    return {
        package
        for source in sources
        for package in _imported(source)
        if package not in sys.stdlib_module_names and not (package in allowed and _is_installed(package))
    }


def _imported(source: str) -> Iterator[str]:
    if "import" not in source:
        return
    try:
        waiting: list[ast.AST] = [syntax_tree(source)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Try) and any(_handles_import_error(handler) for handler in node.handlers):
            waiting += [*node.handlers, *node.orelse, *node.finalbody]
        else:
            waiting += ast.iter_child_nodes(node)


def _handles_import_error(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in names) for kind in caught)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
