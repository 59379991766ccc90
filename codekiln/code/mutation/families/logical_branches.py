"""Logical errors in branches."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import movable, on_own_lines, shifted, short, step
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import leaves
from codekiln.code.mutation.source import Source


@family("logical")
def elif_to_if(source: Source) -> Iterator[Edit]:
    """An `if` stands where `elif` is needed, so that two branches can be taken.

    Source: SIDE; Progmiscon.
    """
    for node in source.each(ast.If):
        start = source.span(node)[0]
        before = source.parents[node]
        if source.text.startswith("elif", start) and isinstance(before, ast.If) and not leaves(before.body):
            code = short(source.code(node.test))
            yield Edit(
                start,
                start + len("elif"),
                "if",
                f"the branch `if {code}`",
                f"The branch `if {code}` must be `elif`, because now it is tried even after another branch was taken.",
                ("elif", "if", "branch", "condition"),
            )


@family("logical")
def if_to_elif(source: Source) -> Iterator[Edit]:
    """An `elif` stands where a separate `if` is needed, so that only one branch is taken.

    Source: SIDE; Alzahrani 2021.
    """
    for node in source.each(ast.If):
        start, block = source.span(node)[0], source.block(node)
        index = block.index(node)
        before = block[index - 1] if index else None
        apart = isinstance(before, ast.If) and not _has_else(before) and not leaves(before.body)
        if apart and source.text.startswith("if", start):
            code = short(source.code(node.test))
            yield Edit(
                start,
                start,
                "el",
                f"the branch `elif {code}`",
                f"The branch `elif {code}` must be a separate `if`, because now it is skipped when the one before it "
                f"is taken.",
                ("elif", "if", "branch", "condition", "separate"),
            )


def _has_else(node: ast.If) -> bool:
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
    return bool(node.orelse)


@family("logical")
def missing_else(source: Source) -> Iterator[Edit]:
    """An `else` is missing, so that its statements are done in every case.

    Source: Alzahrani 2021.
    """
    for node in source.each(ast.If):
        if not node.orelse or source.text.startswith("elif", source.span(node.orelse[0])[0]):
            continue
        if movable(source, node.orelse) and step(source, node.orelse) and on_own_lines(source, node.body):
            start, end = source.rows(node.body[-1])[1], source.rows(node.orelse[-1])[1]
            body = source.text[source.rows(node.orelse[0])[0] : end]
            if source.text[start : end - len(body)].strip() == "else:":
                code = short(source.code(node.orelse[0]))
                yield Edit(
                    start,
                    end,
                    shifted(body, source.indentation(node.orelse[0]), source.indentation(node)),
                    f"the `else` before `{code}`",
                    f"The `else:` before `{code}` is missing, so this is done in every case.",
                    ("else", "branch", "every", "always"),
                )


@family("logical")
def swapped_values_of_condition(source: Source) -> Iterator[Edit]:
    """The two values of a conditional expression are swapped.

    Source: Alzahrani 2021.
    """
    for node in source.each(ast.IfExp):
        first, last = source.enclosed(node.body), source.enclosed(node.orelse)
        one, other = source.text[slice(*first)], source.text[slice(*last)]
        if "\n" not in source.text[first[0] : last[1]] and source.code(node).endswith(other):
            yield Edit(
                first[0],
                last[1],
                other + source.text[first[1] : last[0]] + one,
                f"the conditional expression with `{short(source.code(node.test))}`",
                f"The values `{one}` and `{other}` are swapped, so each is taken when the other should be.",
                ("swapped", "swap", "order", "reversed", "branches", "condition", "conditional"),
            )
