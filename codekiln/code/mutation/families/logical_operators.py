"""Logical errors in calculations: operators, their order, and what they are applied to."""

import ast
import re
from itertools import pairwise

from codekiln.code.mutation.blocks import swapped
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.replacements import ARITHMETIC
from codekiln.code.mutation.scope_analysis import calls, is_simple, operations, removal_may_hang
from codekiln.code.mutation.source import SourceCode
from codekiln.data.python_text import syntax_tree

_SWAPS = {**ARITHMETIC, "|": "&", "&": "|"}
_OPERATORS = ("operator", "operation", "calculation", "arithmetic")
_NAMES = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "//": "divide", "%": "remainder", "**": "power"}


@family("logical", "BugLab 2021", "MutPy", "King 1991", keywords=_OPERATORS)
def wrong_operator(source: SourceCode) -> Edits:
    """A calculation uses the wrong operator."""
    for node, operator, span in operations(source):
        if (
            operator not in _SWAPS
            or _on_texts(node)
            or (isinstance(node, ast.AugAssign) and removal_may_hang(source, node))
        ):
            continue
        # ``+ 1`` and ``- 1`` belong to the family swapped_offset.
        if not (isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant) and node.right.value == 1):
            wrong = _SWAPS[operator]
            keywords = _NAMES.get(wrong, wrong), _NAMES.get(operator, operator)
            why = f"The calculation uses `{wrong}` where `{operator}` is needed."
            yield TextEdit(span, wrong, f"the operator `{wrong}`", why, keywords)


def _on_texts(node: ast.BinOp | ast.AugAssign) -> bool:
    """Say whether an operator joins or repeats texts or lists, or formats a text."""
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
    return any(
        isinstance(side, ast.JoinedStr | ast.List | ast.ListComp | ast.Tuple)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in sides
    )


@family(
    "logical",
    "Ettles 2018",
    "Alzahrani 2021",
    keywords=("division", "divide", "divides", "integer", "fraction", "//", "floor"),
)
def integer_division(source: SourceCode) -> Edits:
    """A division drops the fraction where it should keep it, or the other way round."""
    for node, operator, span in operations(source):
        whole = isinstance(source.parents[node], ast.Subscript | ast.Call | ast.Slice)
        if operator == "/" or (operator == "//" and not whole):
            wrong = "//" if operator == "/" else "/"
            effect = "drops the fraction" if wrong == "//" else "gives a number with a fraction"
            why = f"The division `{wrong}` {effect}, where `{operator}` is needed."
            yield TextEdit(span, wrong, f"the division `{wrong}`", why)


@family("logical", "BugLab 2021", keywords=("swapped", "order", "operands", "reversed", "sides", *_OPERATORS))
def swapped_operands(source: SourceCode) -> Edits:
    """The two sides of a subtraction, a division or a power are swapped."""
    for node, operator, _ in operations(source):
        if not isinstance(node, ast.BinOp) or _on_texts(node) or not (is_simple(node.left) and is_simple(node.right)):
            continue
        left, right = source.code(node.left), source.code(node.right)
        # ``x / 2`` the other way round divides by a variable, which raises where that is zero.
        fraction = operator in ("/", "//") and not isinstance(node.right, ast.Constant)
        if (operator in ("-", "**") or fraction) and source.code(node).endswith(right):
            _, text = swapped(source, source.span(node.left), source.span(node.right))
            why = f"The two sides of `{operator}` are swapped: it calculates `{right} {operator} {left}`."
            yield TextEdit(source.span(node), text, f"the calculation `{right} {operator} {left}`", why)


@family("logical", "Mueller", "Alzahrani 2021", keywords=("brackets", "parentheses", "precedence", "order", "bracket"))
def missing_grouping(source: SourceCode) -> Edits:
    """Brackets in a calculation are missing, so that it is done in another order."""
    for node in source.each(ast.BinOp, ast.BoolOp):
        span, code = source.enclosed(node), source.code(node)
        part = isinstance(source.parents[node], ast.BinOp | ast.BoolOp | ast.UnaryOp)
        if part and span != source.span(node) and source.on_one_line(*span) and not _same_without(source, node):
            why = f"The brackets around `{code}` are missing, so its parts come in another order."
            yield TextEdit(span, code, f"the calculation `{code}`", why)


def _same_without(source: SourceCode, node: ast.expr) -> bool:
    """Say whether the brackets around ``node`` make no difference."""
    start, end = source.enclosed(node)
    changed = f"{source.text[:start]} {source.code(node)} {source.text[end:]}"
    try:
        return ast.dump(syntax_tree(changed)) == ast.dump(source.tree)
    except SyntaxError:
        return True


@family("logical", "MutPy", "King 1991", keywords=("minus", "sign", "negative", "negated"))
def missing_minus(source: SourceCode) -> Edits:
    """A minus sign is missing."""
    for node in source.each(ast.UnaryOp):
        if isinstance(node.op, ast.USub):
            start, code = source.start(node), source.code(node.operand)
            why = f"The minus sign before `{code}` is missing, so the value has the wrong sign."
            yield TextEdit((start, start + 1), "", f"the value `{code}`", why)


@family("logical", "Poodle", "Alzahrani 2021", "BugLab 2021")
def overwritten_total(source: SourceCode) -> Edits:
    """A running total is overwritten instead of added to: `=` for `+=`."""
    for node, operator, span in operations(source):
        if isinstance(node, ast.AugAssign) and not removal_may_hang(source, node):
            name = source.code(node.target)
            why = f"The assignment with `=` overwrites `{name}`, where `{operator}=` must change its old value."
            keywords = "overwrites", "overwritten", "accumulate", "assignment", f"{operator}=", "total", "replaced"
            yield TextEdit(span, "", f"the assignment to `{name}`", why, keywords)


@family(
    "logical", "Altadmri 2015", keywords=("=+", "=-", "operator", "assignment", "overwritten", "overwrites", "+=", "-=")
)
def reversed_assignment_operator(source: SourceCode) -> Edits:
    """The signs of `+=` or `-=` are the wrong way round, which assigns a signed value."""
    for node, operator, (start, end) in operations(source):
        if (
            isinstance(node, ast.AugAssign)
            and operator in "+-"
            and not removal_may_hang(source, node)
            and not _on_texts(node)
        ):
            wrong, name = f"={operator}", source.code(node.target)
            why = f"The operator `{wrong}` has its signs the wrong way round, so `{name}` is overwritten."
            yield TextEdit((start, end + 1), wrong, f"the operator `{wrong}`", why)


@family("logical", "Alzahrani 2021", keywords=("round", "rounded", "truncated", "int", "cut"))
def wrong_rounding(source: SourceCode) -> Edits:
    """A value is cut off where it should be rounded, or the other way round."""
    for node, name in calls(source, "round"):
        if len(node.args) == 1:
            why = "The value is cut off by `int` where it must be rounded."
            yield TextEdit(source.span(name), "int", f"the call `int({source.code(node.args[0])})`", why)


@family("logical", "CodeQL", keywords=("comma", "joined", "joins", "concatenated", ","))
def missing_comma_between_texts(source: SourceCode) -> Edits:
    """A comma between two texts is missing, so that Python joins them."""
    for left, right in [pair for node in source.each(ast.List, ast.Set) for pair in pairwise(node.elts)]:
        comma = source.between(source.end(left), source.start(right))
        texts = all(isinstance(item, ast.Constant) and isinstance(item.value, str) for item in (left, right))
        if texts and len(comma) == 1 and not re.search(r"[\r\n]", source.text[source.start(left) : comma[0].end]):
            code = source.code(left)
            why = f"The comma after {code} is missing, so Python joins this text and the next one."
            yield TextEdit(comma[0].span, "", f"the comma after `{code}`", why)
