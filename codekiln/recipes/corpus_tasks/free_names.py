"""The names that a statement reads and does not bind itself, and the imports that may fail."""

import ast
import builtins
from collections.abc import Iterator

from codekiln.recipes.corpus_tasks.functions import Definition

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__debug__", "__class__", "__package__"}


def free_names(node: ast.AST, skip_annotations: bool = False) -> set[str]:
    """Return the names that a statement reads and does not bind itself."""
    read: set[str] = set()
    own: set[str] = set()
    for item in _walk(node, skip_annotations):
        if isinstance(item, ast.Name):
            (read if isinstance(item.ctx, ast.Load) else own).add(item.id)
        elif isinstance(item, ast.arg):
            own.add(item.arg)
        elif isinstance(item, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and item.name:
            own.add(item.name)
        elif isinstance(item, ast.Import | ast.ImportFrom):
            own |= {(alias.asname or alias.name).split(".")[0] for alias in item.names}
        elif isinstance(item, ast.Global):
            read |= set(item.names)
        elif isinstance(item, Definition | ast.ClassDef) and item is not node:
            own.add(item.name)
    declared = {name for item in ast.walk(node) if isinstance(item, ast.Global) for name in item.names}
    return (read - own) | declared


def _walk(node: ast.AST, skip_annotations: bool) -> Iterator[ast.AST]:
    waiting = [node]
    while waiting:
        item = waiting.pop()
        yield item
        for name, value in ast.iter_fields(item):
            if not (skip_annotations and name in ("annotation", "returns")):
                waiting += [child for child in (value if isinstance(value, list) else [value])
                            if isinstance(child, ast.AST)]  # fmt: skip


def is_for_types(node: ast.AST) -> bool:
    """Tell whether a statement is run by type checkers alone."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def optional_imports(node: ast.AST) -> set[ast.AST]:
    """Return the imports that a handler of ImportError stands around: without the package, the handler runs."""
    found: set[ast.AST] = set()
    for item in ast.walk(node):
        if isinstance(item, ast.Try) and any(
            handler.type is None or "Error" in ast.unparse(handler.type) for handler in item.handlers
        ):
            found.update(inner for part in item.body for inner in ast.walk(part))
    return found
