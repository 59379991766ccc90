"""Syntax errors in operators, commas and assignments."""

import ast
from itertools import pairwise

from codekiln.code.mutation.blocks import shown_line, swapped
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import calls, comparisons, operations
from codekiln.code.mutation.source import SourceCode

_REVERSED = {">=": "=>", "<=": "=<", "!=": "=!"}
_OPERATOR = ("operator", "sign")


@family(
    "syntax",
    "Altadmri 2015",
    "SIDE",
    "Progmiscon",
    keywords=("=", "==", "assign", "assigns", "assignment", "compare", "comparison", "equal"),
)
def assignment_for_comparison(source: SourceCode) -> Edits:
    """A condition has `=` where `==` is needed."""
    for _, left, right, span in comparisons(source):
        if source.text[slice(*span)] == "==":
            one, other = shown_line(source.code(left)), shown_line(source.code(right))
            why = f"The sign `=` assigns a value; to compare `{one}` with `{other}`, `==` is needed."
            yield TextEdit(span, "=", f"the `=` after `{one}`", why)


@family("syntax", "Altadmri 2015", keywords=("comparison", "order", *_OPERATOR))
def reversed_comparison(source: SourceCode) -> Edits:
    """The signs of a comparison are the wrong way round: `=>` for `>=`."""
    for token in source.operators(*_REVERSED):
        wrong = _REVERSED[token.text]
        why = f"The comparison `{wrong}` has its signs the wrong way round: it is written `{token.text}`."
        yield TextEdit(token.span, wrong, f"the operator `{wrong}`", why, (wrong, token.text))


@family("syntax", "Mueller", keywords=("space", *_OPERATOR))
def split_operator(source: SourceCode) -> Edits:
    """There is a space inside an operator: `> =`."""
    for token in source.operators("==", "!=", "<=", ">=", "+=", "-=", "*=", "//", "**"):
        wrong = " ".join(token.text)
        why = f"There is a space inside the operator `{token.text}`."
        yield TextEdit(token.span, wrong, f"the operator `{wrong}`", why, (token.text,))


@family("syntax", "Kohn 2017", keywords=("missing", *_OPERATOR))
def missing_operator(source: SourceCode) -> Edits:
    """The operator between two values is missing, as in algebra: `2 x`."""
    for node in source.each(ast.BinOp):
        start, end = source.enclosed(node.left)[1], source.enclosed(node.right)[0]
        if source.on_one_line(start, end):
            algebra = isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Name)
            gap = "" if algebra and isinstance(node.op, ast.Mult) else " "  # ``2x``; ``xy`` would be another name
            sign = source.text[slice(*source.operator(node.left, node.right))]
            values = f"between `{shown_line(source.code(node.left))}` and `{shown_line(source.code(node.right))}`"
            why = f"The operator `{sign}` {values} is missing."
            yield TextEdit((start, end), gap, f"the operator {values}", why, (sign,))


@family("syntax", "Mueller", keywords=("comma", ",", "separator"))
def missing_comma(source: SourceCode) -> Edits:
    """A comma between two values is missing."""
    for token in source.operators(","):
        before = source.between(source.row(token.start)[0], token.start)
        gap = "" if source.text[token.end : token.end + 1].isspace() else " "
        name = before[-1].text if before else "the value before"
        yield TextEdit(token.span, gap, f"the comma after `{name}`", f"The comma after `{name}` is missing.")


@family(
    "syntax",
    "Kohn 2017",
    "Pritchard 2015",
    "CodeLab",
    keywords=("assignment", "assign", "assigned", "left", "swapped", "order", "reversed"),
)
def reversed_assignment(source: SourceCode) -> Edits:
    """The two sides of an assignment are swapped, so that a value is to be assigned to."""
    for node in source.each(ast.Assign):
        target, value = node.targets[0], source.span(node.value)
        if len(node.targets) == 1 and source.on_one_line(*value) and source.enclosed(node.value) == value:
            _, wrong = swapped(source, source.span(target), value)
            name = source.code(target)
            why = f"The two sides of the assignment are swapped: the name `{name}` must stand on the left."
            yield TextEdit(source.span(node), wrong, f"the assignment `{shown_line(wrong)}`", why)


@family("syntax", "Alzahrani 2021")
def increment_operator(source: SourceCode) -> Edits:
    """A variable is counted up with `++`, as in other languages."""
    for node, operator, _ in operations(source):
        match node:
            case ast.AugAssign(target=target, value=ast.Constant(value=1)) if operator in "+-":
                wrong, name, direction = operator * 2, source.code(target), "up" if operator == "+" else "down"
                why = f"Python has no operator `{wrong}` to count `{name}` {direction}."
                keywords = "increment", "decrement", wrong, f"{operator}=", *_OPERATOR
                span = source.end(target), source.end(node)
                yield TextEdit(span, wrong, f"the operator `{wrong}`", why, keywords)


@family("syntax", "Jeffries 2022", keywords=("brackets", "parentheses", "bracket", "print"))
def print_without_brackets(source: SourceCode) -> Edits:
    """The brackets of `print` are missing."""
    for node, name in calls(source, "print"):
        start, end = source.end(name), source.end(node)
        if node.args and isinstance(source.parents[node], ast.Expr) and source.on_one_line(start, end):
            text = " " + source.text[start:end].strip()[1:-1]
            why = "The brackets around what is printed are missing."
            yield TextEdit((start, end), text, "the call of `print`", why)


@family("syntax", "Mueller", keywords=("semicolon", "comma", ";", ","))
def semicolon_for_comma(source: SourceCode) -> Edits:
    """A semicolon stands where a comma is needed."""
    for node in source.each(ast.Call, ast.List, ast.Tuple):
        for left, right in pairwise(node.args if isinstance(node, ast.Call) else node.elts):
            span, code = source.operator(left, right), shown_line(source.code(left))
            if source.text[slice(*span)] == ",":
                why = f"A semicolon stands after `{code}` where a comma is needed."
                yield TextEdit(span, ";", f"the `;` after `{code}`", why)
