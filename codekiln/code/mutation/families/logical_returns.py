"""Logical errors in what a function returns, and when."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import movable, on_own_lines, shifted, short
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import asks_for_nothing, names, removed
from codekiln.code.mutation.source import FUNCTIONS, Source

_RETURN = ("return", "returns", "returned")
_LOOP = ("loop", "indented", "indentation", "iteration", "inside", "outside")


def _value_returns(source: Source) -> Iterator[ast.Return]:
    return (node for node in source.each(ast.Return) if node.value is not None)


@family("logical")
def commented_out_return(source: Source) -> Iterator[Edit]:
    """A `return` is commented out, so that the function goes on or returns nothing.

    Source: track-b.
    """
    for node in _value_returns(source):
        start, end = source.span(node)
        if len(source.block(node)) > 1 and source.alone(node) and source.line(start) == source.line(end):
            code = short(source.code(node))
            yield Edit(
                start,
                start,
                "# ",
                f"the comment `# {code}`",
                f"The line `{code}` is commented out, so nothing is returned there.",
                (*_RETURN, "comment", "commented"),
            )


@family("logical")
def missing_return(source: Source) -> Iterator[Edit]:
    """The word `return` is missing before the value of a function.

    Source: Altadmri 2015; SIDE; Alzahrani 2021.
    """
    for node in _value_returns(source):
        code = source.code(node.value)
        yield Edit(
            source.span(node)[0],
            source.enclosed(node.value)[0],
            "",
            f"the expression `{short(code)}`",
            f"The value `{short(code)}` is calculated but not returned, because `return` is missing.",
            _RETURN,
        )


@family("logical")
def print_for_return(source: Source) -> Iterator[Edit]:
    """A function prints its result instead of returning it.

    Source: SIDE.
    """
    for node in _value_returns(source):
        code = source.code(node.value)
        plain = source.enclosed(node.value) == source.span(node.value) and not isinstance(node.value, ast.Tuple)
        if plain and "\n" not in code:
            yield Edit(
                *source.span(node),
                f"print({code})",
                f"the call `print({short(code)})`",
                f"The function prints `{short(code)}` where it must return it, so its caller gets `None`.",
                (*_RETURN, "print", "prints"),
            )


@family("logical")
def early_return(source: Source) -> Iterator[Edit]:
    """The `return` after a loop is indented into the loop, which ends it in the first round.

    Source: SIDE; Alzahrani 2021.
    """
    for node in _value_returns(source):
        block = source.block(node)
        before = block[block.index(node) - 1] if block.index(node) else None
        if isinstance(before, ast.For | ast.While) and not before.orelse and movable(source, [node]):
            outer, inner = source.indentation(node), source.indentation(before.body[-1])
            if on_own_lines(source, before.body) and inner.startswith(outer):
                start, end = source.rows(node)
                yield Edit(
                    start,
                    end,
                    shifted(source.text[start:end], outer, inner),
                    f"the indentation of `{short(source.code(node))}`",
                    f"The line `{short(source.code(node))}` is indented into the loop, so the function returns in the "
                    f"first round of the loop.",
                    (*_LOOP, "early", *_RETURN),
                )


@family("logical")
def missing_early_return(source: Source) -> Iterator[Edit]:
    """The special case that a function starts with is missing.

    Source: Alzahrani 2021; Deng 2013.
    """
    for node in source.each(ast.If):
        body = node.body
        function = source.parents[node]
        special = len(body) == 1 and isinstance(body[0], ast.Return) and not node.orelse
        if special and isinstance(function, FUNCTIONS) and not _recursive(function) and not asks_for_nothing(node.test):
            edit = removed(source, node)
            if edit and not edit[2]:
                code = short(source.code(node.test))
                yield Edit(
                    *edit,
                    f"the special case `{code}`",
                    f"The special case `{code}` is not handled: the branch that returns "
                    f"`{short(source.code(body[0].value)) if body[0].value else 'nothing'}` for it is missing.",
                    ("case", "condition", "check", "special", "missing", "handled"),
                )


def _recursive(function: ast.AST) -> bool:
    return function.name in names(function)
