"""The expressions of tests that the tester may evaluate in its own process, without limits of time and memory.

Only expressions over plain values are admitted: literals, comparisons, bounded arithmetic, and a few built-ins.
"""

import ast
from typing import TypeGuard

from codekiln.sandbox.inside.expressions import FUNCTIONS, MATH, TYPES

NAMES = frozenset((*FUNCTIONS, *TYPES))
_SHAPES = (
    ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.IfExp,
)  # fmt: skip
# Bounds the work that one test can make the tester do: 9 ** 9 ** 9, [0] * 10 ** 9, range(10 ** 9).
_SMALL = 10_000


def may_evaluate(node: ast.AST) -> bool:
    """Return whether ``node`` itself, its parts aside, is of a kind that the tester evaluates."""
    if isinstance(node, ast.BinOp):
        return _is_bounded(node)
    if any(isinstance(part, ast.Starred) for part in ast.iter_child_nodes(node)):
        return False
    return isinstance(node, _SHAPES)


def is_trusted_call(node: ast.AST, shadowed: frozenset[str], imports: frozenset[str]) -> TypeGuard[ast.Call]:
    """Return whether ``node`` calls a known built-in, or a function of ``math`` where the test's setup imports it."""
    if not isinstance(node, ast.Call) or any(word.arg is None for word in node.keywords):
        return False
    if is_math(node.func, shadowed, imports):
        return True
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.func.id in shadowed:
        return False
    # Numbers that the program chose would make these take any amount of time.
    digits = [*node.args[1:], *(word.value for word in node.keywords)]
    bounded = {"range": node.args, "round": digits}.get(node.func.id, [])
    return all(_is_number(argument, _SMALL) for argument in bounded)


def is_math(node: ast.AST, shadowed: frozenset[str], imports: frozenset[str]) -> bool:
    """Return whether ``node`` is ``math.<known name>``, and ``math`` is the module there."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name) or node.value.id != "math":
        return False
    return "math" in imports and "math" not in shadowed and node.attr in MATH


def _is_bounded(node: ast.BinOp) -> bool:
    """Return whether an operation cannot give a much larger value than its operands, whatever these are."""
    if isinstance(node.op, ast.Mult):
        sides = (node.left, node.right)
        return any(_is_number(side, _SMALL) for side in sides) and all(_is_literal(side) for side in sides)
    if isinstance(node.op, ast.Pow):
        return _is_number(node.left, _SMALL) and _is_number(node.right, 100)
    return isinstance(node.op, ast.Add | ast.Sub | ast.Div | ast.FloorDiv | ast.BitAnd | ast.BitOr | ast.BitXor)


def _is_literal(node: ast.AST) -> bool:
    return all(
        isinstance(part, ast.Constant | ast.UnaryOp | ast.USub | ast.List | ast.Tuple | ast.Load)
        for part in ast.walk(node)
    )


def _is_number(node: ast.AST, bound: int) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and abs(node.value) <= bound
