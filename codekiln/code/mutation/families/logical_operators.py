"""Logical errors in calculations: operators, their order, and what they are applied to."""

import ast
import re
from collections.abc import Iterator

from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import simple, steers_while
from codekiln.code.mutation.source import Source

_SWAPS = {"+": "-", "-": "+", "*": "+", "**": "*", "%": "//", "|": "&", "&": "|"}
_OPERATORS = ("operator", "operation", "calculation", "arithmetic")
_NAMES = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "//": "divide", "%": "remainder", "**": "power"}


def operations(source: Source) -> Iterator[tuple[ast.BinOp | ast.AugAssign, str, tuple[int, int]]]:
    """Yield each calculation, its operator as in ``a + b``, and where that is (in ``+=`` without the ``=``)."""
    for node in source.each(ast.BinOp, ast.AugAssign):
        left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
        start, end = source.operator(left, right)
        end -= isinstance(node, ast.AugAssign)
        yield node, source.text[start:end], (start, end)


@family("logical")
def wrong_operator(source: Source) -> Iterator[Edit]:
    """A calculation uses the wrong operator.

    Source: BugLab 2021; MutPy; King 1991.
    """
    for node, operator, span in operations(source):
        if operator not in _SWAPS or _texts(node) or (isinstance(node, ast.AugAssign) and steers_while(source, node)):
            continue
        if not (isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant) and node.right.value == 1):
            wrong = _SWAPS[operator]
            yield Edit(
                *span,
                wrong,
                f"the operator `{wrong}`",
                f"The calculation uses `{wrong}` where `{operator}` is needed.",
                (*_OPERATORS, _NAMES.get(wrong, wrong), _NAMES.get(operator, operator)),
            )


def _texts(node: ast.BinOp | ast.AugAssign) -> bool:
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
    return any(
        isinstance(side, ast.JoinedStr | ast.List | ast.ListComp | ast.Tuple)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str | bytes))
        for side in sides
    )


@family("logical")
def integer_division(source: Source) -> Iterator[Edit]:
    """A division drops the fraction where it should keep it, or the other way round.

    Source: Ettles 2018; Alzahrani 2021.
    """
    for node, operator, span in operations(source):
        whole = isinstance(source.parents[node], ast.Subscript | ast.Call | ast.Slice)
        if operator == "/" or (operator == "//" and not whole):
            wrong = "//" if operator == "/" else "/"
            effect = "drops the fraction" if wrong == "//" else "gives a number with a fraction"
            yield Edit(
                *span,
                wrong,
                f"the division `{wrong}`",
                f"The division `{wrong}` {effect}, where `{operator}` is needed.",
                ("division", "divide", "divides", "integer", "fraction", "//", "floor"),
            )


@family("logical")
def swapped_operands(source: Source) -> Iterator[Edit]:
    """The two sides of a subtraction, a division or a power are swapped.

    Source: BugLab 2021.
    """
    for node, operator, _ in operations(source):
        constant = isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant)
        chosen = operator in ("-", "**") or (operator in ("/", "//") and not constant)
        if isinstance(node, ast.BinOp) and chosen and not _texts(node):
            left, right = source.code(node.left), source.code(node.right)
            start, end = source.span(node)
            if simple(node.left) and simple(node.right) and source.text[start:end].endswith(right):
                between = source.text[source.span(node.left)[1] : source.span(node.right)[0]]
                yield Edit(
                    start,
                    end,
                    right + between + left,
                    f"the calculation `{right} {operator} {left}`",
                    f"The two sides of `{operator}` are swapped: it calculates `{right} {operator} {left}`.",
                    ("swapped", "order", "operands", "reversed", "sides", *_OPERATORS),
                )


@family("logical")
def missing_grouping(source: Source) -> Iterator[Edit]:
    """Brackets in a calculation are missing, so that it is done in another order.

    Source: Mueller; Alzahrani 2021.
    """
    for node in source.each(ast.BinOp, ast.BoolOp):
        (start, end), inner = source.enclosed(node), source.span(node)
        if (start, end) != inner and isinstance(source.parents[node], ast.BinOp | ast.BoolOp | ast.UnaryOp):
            code = source.text[inner[0] : inner[1]]
            if "\n" not in source.text[start:end] and not _same_without(source, node):
                yield Edit(
                    start,
                    end,
                    code,
                    f"the calculation `{code}`",
                    f"The brackets around `{code}` are missing, so the parts are put together in another order.",
                    ("brackets", "parentheses", "precedence", "order", "bracket"),
                )


def _same_without(source: Source, node: ast.AST) -> bool:
    """Say whether the brackets around ``node`` make no difference."""
    (start, end), inner = source.enclosed(node), source.span(node)
    changed = source.text[:start] + " " + source.text[inner[0] : inner[1]] + " " + source.text[end:]
    try:
        return ast.dump(ast.parse(changed)) == ast.dump(source.tree)
    except SyntaxError:
        return True


@family("logical")
def missing_minus(source: Source) -> Iterator[Edit]:
    """A minus sign is missing.

    Source: MutPy; King 1991.
    """
    for node in source.each(ast.UnaryOp):
        if isinstance(node.op, ast.USub):
            code = source.code(node.operand)
            yield Edit(
                source.span(node)[0],
                source.span(node)[0] + 1,
                "",
                f"the value `{code}`",
                f"The minus sign before `{code}` is missing, so the value has the wrong sign.",
                ("minus", "sign", "negative", "negated"),
            )


@family("logical")
def overwritten_total(source: Source) -> Iterator[Edit]:
    """A running total is overwritten instead of added to: `=` for `+=`.

    Source: Poodle; Alzahrani 2021; BugLab 2021.
    """
    for node, operator, span in operations(source):
        if isinstance(node, ast.AugAssign) and not steers_while(source, node):
            name = source.code(node.target)
            yield Edit(
                *span,
                "",
                f"the assignment to `{name}`",
                f"The assignment with `=` overwrites `{name}`, where `{operator}=` must change its old value.",
                ("overwrites", "overwritten", "accumulate", "assignment", f"{operator}=", "total", "replaced"),
            )


@family("logical")
def reversed_assignment_operator(source: Source) -> Iterator[Edit]:
    """The signs of `+=` or `-=` are the wrong way round, which assigns a signed value.

    Source: Altadmri 2015.
    """
    for node, operator, (start, end) in operations(source):
        if isinstance(node, ast.AugAssign) and operator in "+-" and not steers_while(source, node) and not _texts(node):
            name = source.code(node.target)
            yield Edit(
                start,
                end + 1,
                f"={operator}",
                f"the operator `={operator}`",
                f"The operator `={operator}` has its signs the wrong way round, so `{name}` is overwritten.",
                ("=+", "=-", "operator", "assignment", "overwritten", "overwrites", "+=", "-="),
            )


@family("logical")
def wrong_rounding(source: Source) -> Iterator[Edit]:
    """A value is cut off where it should be rounded, or the other way round.

    Source: Alzahrani 2021.
    """
    for node in source.each(ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "round" and len(node.args) == 1:
            yield Edit(
                *source.span(node.func),
                "int",
                f"the call `int({source.code(node.args[0])})`",
                "The value is cut off by `int` where it must be rounded.",
                ("round", "rounded", "truncated", "int", "cut"),
            )


@family("logical")
def missing_comma_between_texts(source: Source) -> Iterator[Edit]:
    """A comma between two texts is missing, so that Python joins them.

    Source: CodeQL.
    """
    for node in source.each(ast.List, ast.Set):
        for left, right in zip(node.elts, node.elts[1:], strict=False):
            comma = source.between(source.span(left)[1], source.span(right)[0])
            texts = all(isinstance(item, ast.Constant) and isinstance(item.value, str) for item in (left, right))
            if texts and len(comma) == 1 and not re.search(r"[\r\n]", source.text[source.span(left)[0] : comma[0].end]):
                code = source.code(left)
                yield Edit(
                    comma[0].start,
                    comma[0].end,
                    "",
                    f"the comma after `{code}`",
                    f"The comma after {code} is missing, so Python joins this text and the next one.",
                    ("comma", "joined", "joins", "concatenated", ","),
                )
