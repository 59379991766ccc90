"""Calls in the doctest examples of a docstring, with the statements before them that they need."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.corpus_modules import bound_names
from codekiln.recipes.corpus_tasks.functions import Function

_MAX_EXAMPLES = 12
_MAX_CHARACTERS = 400


@dataclass(frozen=True)
class DocstringExample:
    """An example of an author.

    Attributes:
        call: An expression that calls the function by its own name.
        setup: The statements before it whose names it needs; empty where it needs none.
    """

    call: str
    setup: str = ""


def docstring_examples(function: Function) -> list[DocstringExample]:
    """Return the distinct examples of a docstring that call the function."""
    import doctest  # slow to import, and rarely needed

    if ">>>" not in function.docstring:
        return []
    try:
        examples = doctest.DocTestParser().get_examples(function.docstring)
    except ValueError:
        return []
    found: dict[DocstringExample, None] = {}
    earlier: list[ast.stmt] = []
    for example in examples:
        try:
            nodes = normalise.parse(example.source.strip()).body
            found |= dict.fromkeys(_examples(function, nodes, earlier))
        except (SyntaxError, ValueError):
            continue
        # What only shows a value is no part of what leads to another.
        earlier += [node for node in nodes if not (isinstance(node, ast.Expr) and example.want)]
    return [item for item in found if len(item.call) + len(item.setup) <= _MAX_CHARACTERS][:_MAX_EXAMPLES]


def _examples(function: Function, nodes: list[ast.stmt], earlier: list[ast.stmt]) -> Iterator[DocstringExample]:
    for node in nodes:
        value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
        if value is None or not _calls(value, function):
            continue
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
            value = value.args[0] if len(value.args) == 1 else value
        call = ast.unparse(value if function.owner else _Renamed(function.name).visit(value))
        setup = _needed(value, earlier)
        yield DocstringExample(call, "\n".join(map(ast.unparse, setup)))


def _calls(node: ast.expr, function: Function) -> bool:
    for item in ast.walk(node):
        if isinstance(item, ast.Call):
            name = item.func.attr if isinstance(item.func, ast.Attribute) else getattr(item.func, "id", "")
            if name == function.name and (not function.owner or isinstance(item.func, ast.Attribute)):
                return True
    return False


class _Renamed(ast.NodeTransformer):
    """Calls a function by its bare name: ``nx.degree(G)`` becomes ``degree(G)``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802 - the name is ast's
        """Rename the function of one call."""
        self.generic_visit(node)
        if (
            isinstance(node.func, ast.Attribute)
            and node.func.attr == self._name
            and isinstance(node.func.value, ast.Name)
        ):
            node.func = ast.Name(self._name, ast.Load())
        return node


def _needed(call: ast.AST, earlier: list[ast.stmt]) -> list[ast.stmt]:
    """Return the earlier statements that bind or change what a call reads, in their order."""
    wanted = _read(call)
    kept: list[ast.stmt] = []
    for node in reversed(earlier):
        if wanted & {*bound_names(node), *_changed(node)}:
            kept.insert(0, node)
            wanted |= _read(node)
    return kept


def _read(node: ast.AST) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load)}


def _changed(node: ast.stmt) -> set[str]:
    """Return the names whose value a statement that stands alone may change."""
    found = set()
    for item in ast.walk(node):
        is_stored = isinstance(item, ast.Subscript | ast.Attribute) and isinstance(item.ctx, ast.Store | ast.Del)
        target = item.func if isinstance(item, ast.Call) else item if is_stored else None
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name) and isinstance(node, ast.Expr | ast.Assign | ast.For | ast.AugAssign):
            found.add(target.id)
    return found
