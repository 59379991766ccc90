"""Which mutations are mistakes that a novice makes, who wrote the rest of such a short program."""

import ast
import re
from collections.abc import Callable

from codekiln.code.mutation import Mutation
from codekiln.data.normalise import parse

UNLIKELY = {
    "quoted-number", "reversed-assignment", "missing-keyword", "zero-divisor", "missing-opening-bracket",
    "missing-operator", "missing-argument", "extra-argument", "glued-keyword", "missing-in", "type-before-name",
    "wrong-case", "else-with-condition", "commented-out-return", "swapped-operands", "wrong-slice-bound",
    "semicolon-for-comma",
}  # fmt: skip
"""Families that nobody who wrote the rest of these short programs would make."""

_KNOWN: dict[str, Callable[[ast.AST], bool]] = {
    "length-as-attribute": lambda node: isinstance(node, ast.Name) and node.id == "len",
    "index-in-round-brackets": lambda node: isinstance(node, ast.Subscript),
    "called-with-square-brackets": lambda node: isinstance(node, ast.Call),
    "unquoted-word": lambda node: isinstance(node, ast.Constant) and isinstance(node.value, str),
}
"""What somebody who writes it right elsewhere knows, by the family that writes it wrong."""

_INITIALISATION = re.compile(r"\s*\w+ ?= ?(\d+|''|\[\]|\{\}|True|False|\[1, ?1\])\s*")
# Before the number: it scales, it is added, or it is a remainder.
_BEFORE_NUMBER = re.compile(r"([-+*/%]=? ?|% ?\d+ ?== ?)$")
# Before the operator: the value that a line updates, as in ``count = count - 1`` and ``count -= 1``.
_BEFORE_UPDATE = re.compile(r"\s*(\S+)( ?= ?\1)? ?")
_PLACE = {"wrong-variable", "wrong-operator", "swapped-offset", "missing-offset"}


def is_plausible(solution: str, mutation: Mutation) -> bool:
    """Tell whether a mutation of a solution is a mistake that a novice makes."""
    if mutation.kind in UNLIKELY:
        return False
    before = solution[solution.rfind("\n", 0, mutation.start) + 1 : mutation.start]
    old = solution[mutation.start : mutation.end]
    if mutation.intended == "syntax":
        return _is_slip(mutation, before, old)
    if knows := _KNOWN.get(mutation.kind):
        return sum(map(knows, ast.walk(parse(solution)))) == 1
    if mutation.kind == "missing-initialisation":
        return _INITIALISATION.fullmatch(old) is not None
    if mutation.kind == "wrong-constant":
        return not _BEFORE_NUMBER.search(before)
    if mutation.kind in _PLACE and (not before.strip() or _BEFORE_UPDATE.fullmatch(before)):
        return False
    return _oddities(solution[: mutation.start] + mutation.text + solution[mutation.end :]) <= _oddities(solution)


def _is_slip(mutation: Mutation, before: str, old: str) -> bool:
    """Tell whether a syntax error is one of typing, or of another language."""
    if mutation.kind == "capitalised-keyword":
        # Editors that correct words do so at the start of a line.
        return not before.strip() and mutation.text.istitle()
    if mutation.kind == "mismatched-bracket":
        return before[-1:] not in "([{"
    return not (mutation.kind == "foreign-keyword" and old == "not")


def _oddities(program: str) -> int:
    """Return how many places of a program set a value against itself, or compare in two directions at once."""
    return sum(_is_odd(node) for node in ast.walk(parse(program)))


def _is_odd(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        directions = {type(item).__name__[:2] for item in node.ops}
        return _has_repeat([node.left, *node.comparators]) or directions >= {"Lt", "Gt"}
    if isinstance(node, ast.Assign):
        return _has_repeat([*node.targets, node.value])
    if isinstance(node, ast.BinOp):
        return _has_repeat([node.left, node.right])
    return isinstance(node, ast.Call) and _has_repeat(node.args)


def _has_repeat(values: list[ast.expr]) -> bool:
    texts = [ast.unparse(value) for value in values]
    return len(set(texts)) < len(texts)
