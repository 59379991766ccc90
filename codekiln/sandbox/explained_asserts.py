"""Compiles tests so that an assert which does not hold can say what it got."""

import ast
from collections import deque
from collections.abc import Iterator
from types import CodeType
from typing import TypeVar

from codekiln.data.python_text import compiled
from codekiln.sandbox.inside.explanation import COMPARED, NOTED
from codekiln.sandbox.inside.messages import AssertPlan

_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
"""Fields of statements that hold statements, handlers or cases, in the order in which nodes have them."""
_Made = TypeVar("_Made", bound=ast.expr)
_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip


def compile_explained(module: ast.Module, text: str) -> tuple[CodeType, tuple[AssertPlan, ...]]:
    """Return the code of a test, and where its asserts are: first and last line, text, names that it reads.

    Args:
        module: Its syntax tree, which is changed.
        text: Its text.
    """
    found = [node for node in _statements(module) if isinstance(node, ast.Assert)]
    asserts = tuple((node.lineno, node.end_lineno or node.lineno, _segment(text, node), _names(node)) for node in found)
    for node in found:
        node.test = _noted(node.test)
    return compiled(module, "<test>"), asserts


def _statements(module: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements at all levels, and handlers and cases, in the order of ``ast.walk``."""
    waiting = deque[ast.AST]([module])
    while waiting:
        node = waiting.popleft()
        yield node
        waiting += [part for field in _BLOCKS for part in getattr(node, field, ())]


def _segment(text: str, node: ast.Assert) -> str:
    if node.lineno == node.end_lineno == 1 and (node.col_offset, node.end_col_offset) == (0, len(text.encode())):
        return text  # as most tests are; the search for the segment takes longer than all else here
    return ast.get_source_segment(text, node) or ""


def _names(node: ast.Assert) -> tuple[str, ...]:
    found = [part.id for part in ast.walk(node.test) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)]
    return tuple(dict.fromkeys(found))


def _noted(node: ast.expr) -> ast.expr:
    """Return a condition whose last operands are noted; what is evaluated, and in which order, stays the same."""
    if isinstance(node, ast.BoolOp):
        made: ast.expr = ast.BoolOp(node.op, [_noted(value) for value in node.values])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        made = ast.UnaryOp(node.op, _noted(node.operand))
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        symbol = _SYMBOLS[type(node.ops[0])]
        expected_first = isinstance(node.left, ast.Constant) and symbol == "=="
        operands = (node.left, node.comparators[0])
        made = _call(
            node, COMPARED, _at(node, ast.Constant(symbol)), *operands, _at(node, ast.Constant(expected_first))
        )
    elif isinstance(node, ast.Compare | ast.Constant):
        return node
    else:
        made = _call(node, NOTED, node)
    return _at(node, made)


def _call(place: ast.expr, name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(_at(place, ast.Name(name, ast.Load())), list(arguments), [])


def _at(place: ast.expr, node: _Made) -> _Made:
    return ast.copy_location(node, place)
