"""Syntax errors in operators, commas and assignments."""

import ast
import tokenize
from collections.abc import Iterator

from codekiln.code.mutation.blocks import short
from codekiln.code.mutation.families.logical_operators import operations
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import calls
from codekiln.code.mutation.source import Source

_REVERSED = {">=": "=>", "<=": "=<", "!=": "=!"}
_OPERATOR = ("operator", "sign")


@family("syntax")
def assignment_for_comparison(source: Source) -> Iterator[Edit]:
    """A condition has `=` where `==` is needed.

    Source: Altadmri 2015; SIDE; Progmiscon.
    """
    for node in source.each(ast.Compare):
        for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
            start, end = source.operator(left, right)
            if source.text[start:end] == "==":
                yield Edit(
                    start,
                    end,
                    "=",
                    f"the `=` after `{short(source.code(left))}`",
                    f"The sign `=` assigns a value; to compare `{short(source.code(left))}` with "
                    f"`{short(source.code(right))}`, `==` is needed.",
                    ("=", "==", "assign", "assigns", "assignment", "compare", "comparison", "equal"),
                )


@family("syntax")
def reversed_comparison(source: Source) -> Iterator[Edit]:
    """The signs of a comparison are the wrong way round: `=>` for `>=`.

    Source: Altadmri 2015.
    """
    for token in source.tokens:
        if token.kind == tokenize.OP and token.text in _REVERSED:
            wrong = _REVERSED[token.text]
            yield Edit(
                token.start,
                token.end,
                wrong,
                f"the operator `{wrong}`",
                f"The comparison `{wrong}` has its signs the wrong way round: it is written `{token.text}`.",
                ("comparison", "order", *_OPERATOR, wrong, token.text),
            )


@family("syntax")
def split_operator(source: Source) -> Iterator[Edit]:
    """There is a space inside an operator: `> =`.

    Source: Mueller.
    """
    for token in source.tokens:
        if token.kind == tokenize.OP and token.text in ("==", "!=", "<=", ">=", "+=", "-=", "*=", "//", "**"):
            wrong = " ".join(token.text)
            yield Edit(
                token.start,
                token.end,
                wrong,
                f"the operator `{wrong}`",
                f"There is a space inside the operator `{token.text}`.",
                ("space", *_OPERATOR, token.text),
            )


@family("syntax")
def missing_operator(source: Source) -> Iterator[Edit]:
    """The operator between two values is missing, as in algebra: `2 x`.

    Source: Kohn 2017.
    """
    for node in source.each(ast.BinOp):
        start, end = source.enclosed(node.left)[1], source.enclosed(node.right)[0]
        if "\n" not in source.text[start:end]:
            left, right = source.code(node.left), source.code(node.right)
            algebra = isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Name)
            gap = "" if algebra and isinstance(node.op, ast.Mult) else " "
            sign = source.text[slice(*source.operator(node.left, node.right))]
            yield Edit(
                start,
                end,
                gap,
                f"the operator between `{short(left)}` and `{short(right)}`",
                f"The operator `{sign}` between `{short(left)}` and `{short(right)}` is missing.",
                ("missing", *_OPERATOR, sign),
            )


@family("syntax")
def missing_comma(source: Source) -> Iterator[Edit]:
    """A comma between two values is missing.

    Source: Mueller.
    """
    for token in source.tokens:
        if token.kind == tokenize.OP and token.text == ",":
            before = source.between(source.row(token.start)[0], token.start)
            after = "" if source.text[token.end : token.end + 1].isspace() else " "
            name = before[-1].text if before else "the value before"
            yield Edit(
                token.start,
                token.end,
                after,
                f"the comma after `{name}`",
                f"The comma after `{name}` is missing.",
                ("comma", ",", "separator"),
            )


@family("syntax")
def reversed_assignment(source: Source) -> Iterator[Edit]:
    """The two sides of an assignment are swapped, so that a value is to be assigned to.

    Source: Kohn 2017; Pritchard 2015; CodeLab.
    """
    for node in source.each(ast.Assign):
        name, value = source.code(node.targets[0]), source.code(node.value)
        brief = len(node.targets) == 1 and "\n" not in value
        if brief and source.enclosed(node.value) == source.span(node.value):
            between = source.text[source.span(node.targets[0])[1] : source.span(node.value)[0]]
            yield Edit(
                *source.span(node),
                value + between + name,
                f"the assignment `{short(value + between + name)}`",
                f"The two sides of the assignment are swapped: the name `{name}` must stand on the left.",
                ("assignment", "assign", "assigned", "left", "swapped", "order", "reversed"),
            )


@family("syntax")
def increment_operator(source: Source) -> Iterator[Edit]:
    """A variable is counted up with `++`, as in other languages.

    Source: Alzahrani 2021.
    """
    for node, operator, _ in operations(source):
        one = isinstance(node, ast.AugAssign) and isinstance(node.value, ast.Constant) and node.value.value == 1
        if one and operator in "+-":
            name = source.code(node.target)
            yield Edit(
                source.span(node.target)[1],
                source.span(node)[1],
                operator * 2,
                f"the operator `{operator * 2}`",
                f"Python has no operator `{operator * 2}` to count `{name}` {'up' if operator == '+' else 'down'}.",
                ("increment", "decrement", operator * 2, f"{operator}=", *_OPERATOR),
            )


@family("syntax")
def print_without_brackets(source: Source) -> Iterator[Edit]:
    """The brackets of `print` are missing.

    Source: Jeffries 2022.
    """
    for node in calls(source, "print"):
        start, end = source.span(node.func)[1], source.span(node)[1]
        if node.args and isinstance(source.parents[node], ast.Expr) and "\n" not in source.text[start:end]:
            yield Edit(
                start,
                end,
                " " + source.text[start:end].strip()[1:-1],
                "the call of `print`",
                "The brackets around what is printed are missing.",
                ("brackets", "parentheses", "bracket", "print"),
            )


@family("syntax")
def semicolon_for_comma(source: Source) -> Iterator[Edit]:
    """A semicolon stands where a comma is needed.

    Source: Mueller.
    """
    for node in source.each(ast.Call, ast.List, ast.Tuple):
        items = node.args if isinstance(node, ast.Call) else node.elts
        for left, right in zip(items, items[1:], strict=False):
            start, end = source.operator(left, right)
            if source.text[start:end] == ",":
                yield Edit(
                    start,
                    end,
                    ";",
                    f"the `;` after `{short(source.code(left))}`",
                    f"A semicolon stands after `{short(source.code(left))}` where a comma is needed.",
                    ("semicolon", "comma", ";", ","),
                )
