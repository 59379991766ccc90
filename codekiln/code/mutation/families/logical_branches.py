"""Logical errors in branches."""

import ast

from codekiln.code.mutation.blocks import indent_width, movable, on_own_lines, reindented, shown_line, swapped
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import always_exits
from codekiln.code.mutation.source import SourceCode


@family("logical", "SIDE", "Progmiscon", keywords=("elif", "if", "branch", "condition"))
def elif_to_if(source: SourceCode) -> Edits:
    """An `if` stands where `elif` is needed, so that two branches can be taken."""
    for node in source.each(ast.If):
        start, before = source.start(node), source.parents[node]
        if source.text.startswith("elif", start) and isinstance(before, ast.If) and not always_exits(before.body):
            code = shown_line(source.code(node.test))
            why = f"The branch `if {code}` must be `elif`, because now it is tried even after another branch was taken."
            yield TextEdit((start, start + len("elif")), "if", f"the branch `if {code}`", why)


@family("logical", "SIDE", "Alzahrani 2021", keywords=("elif", "if", "branch", "condition", "separate"))
def if_to_elif(source: SourceCode) -> Edits:
    """An `elif` stands where a separate `if` is needed, so that only one branch is taken."""
    for node in source.each(ast.If):
        before = source.sibling(node, -1)
        apart = isinstance(before, ast.If) and not _has_else(before) and not always_exits(before.body)
        if apart and source.text.startswith("if", source.start(node)):
            code = shown_line(source.code(node.test))
            effect = "it is skipped when the one before it is taken"
            why = f"The branch `elif {code}` must be a separate `if`, because now {effect}."
            yield TextEdit(source.before(node), "el", f"the branch `elif {code}`", why)


def _has_else(node: ast.If) -> bool:
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
    return bool(node.orelse)


@family("logical", "Alzahrani 2021", keywords=("else", "branch", "every", "always"))
def missing_else(source: SourceCode) -> Edits:
    """An `else` is missing, so that its statements are done in every case."""
    for node in source.each(ast.If):
        if not node.orelse or source.text.startswith("elif", source.start(node.orelse[0])):
            continue
        if movable(source, node.orelse) and indent_width(source, node, node.orelse) and on_own_lines(source, node.body):
            start, (inner, end) = source.rows(node.body[-1])[1], source.rows(node.orelse[0], node.orelse[-1])
            if source.text[start:inner].strip() == "else:":
                code = shown_line(source.code(node.orelse[0]))
                why = f"The `else:` before `{code}` is missing, so this is done in every case."
                yield TextEdit((start, end), reindented(source, node.orelse, node), f"the `else` before `{code}`", why)


@family(
    "logical",
    "Alzahrani 2021",
    keywords=("swapped", "swap", "order", "reversed", "branches", "condition", "conditional"),
)
def swapped_values_of_condition(source: SourceCode) -> Edits:
    """The two values of a conditional expression are swapped."""
    for node in source.each(ast.IfExp):
        first, last = source.enclosed(node.body), source.enclosed(node.orelse)
        one, other = source.text[slice(*first)], source.text[slice(*last)]
        if source.on_one_line(first[0], last[1]) and source.code(node).endswith(other):
            construct = f"the conditional expression with `{shown_line(source.code(node.test))}`"
            why = f"The values `{one}` and `{other}` are swapped, so each is taken when the other should be."
            yield TextEdit(*swapped(source, first, last), construct, why)
