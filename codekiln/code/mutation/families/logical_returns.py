"""Logical errors in what a function returns, and when."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import indented_into, shown_line
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import special_cases, tests_for_empty
from codekiln.code.mutation.source import SourceCode
from codekiln.code.syntax import variables_in

_RETURN = ("return", "returns", "returned")
_LOOP = ("loop", "indented", "indentation", "iteration", "inside", "outside")


def _value_returns(source: SourceCode) -> Iterator[tuple[ast.Return, ast.expr]]:
    return ((node, node.value) for node in source.each(ast.Return) if node.value is not None)


@family("logical", "track-b", keywords=(*_RETURN, "comment", "commented"))
def commented_out_return(source: SourceCode) -> Edits:
    """A `return` is commented out, so that the function goes on or returns nothing."""
    for node, _ in _value_returns(source):
        one_line = source.line(source.start(node)) == source.line(source.end(node))
        if len(source.block(node)) > 1 and source.alone(node) and one_line:
            code = shown_line(source.code(node))
            why = f"The line `{code}` is commented out, so nothing is returned there."
            yield TextEdit(source.before(node), "# ", f"the comment `# {code}`", why)


@family("logical", "Altadmri 2015", "SIDE", "Alzahrani 2021", keywords=_RETURN)
def missing_return(source: SourceCode) -> Edits:
    """The word `return` is missing before the value of a function."""
    for node, value in _value_returns(source):
        code, span = shown_line(source.code(value)), (source.start(node), source.enclosed(value)[0])
        named = "The value that starts with" if "\n" in source.code(value) else "The value"
        why = f"{named} `{code}` is calculated but not returned, because `return` is missing."
        yield TextEdit(span, "", f"the expression `{code}`", why)


@family("logical", "SIDE", keywords=(*_RETURN, "print", "prints"))
def print_for_return(source: SourceCode) -> Edits:
    """A function prints its result instead of returning it."""
    for node, value in _value_returns(source):
        code = source.code(value)
        plain = source.enclosed(value) == source.span(value) and not isinstance(value, ast.Tuple)
        if plain and "\n" not in code:
            why = f"The function prints `{shown_line(code)}` where it must return it, so its caller does not get it."
            yield TextEdit(source.span(node), f"print({code})", f"the call `print({shown_line(code)})`", why)


@family("logical", "SIDE", "Alzahrani 2021", keywords=(*_LOOP, "early", *_RETURN))
def early_return(source: SourceCode) -> Edits:
    """The `return` after a loop is indented into the loop, which ends it in the first round."""
    for node, _ in _value_returns(source):
        loop = source.sibling(node, -1)
        if isinstance(loop, ast.For | ast.While) and (inside := indented_into(source, node, loop)):
            code, effect = shown_line(source.code(node)), "the function returns in the first round of the loop"
            why = f"The line `{code}` is indented into the loop, so {effect}."
            yield TextEdit(source.rows(node), inside, f"the indentation of `{code}`", why)


@family(
    "logical", "Alzahrani 2021", "Deng 2013", keywords=("case", "condition", "check", "special", "missing", "handled")
)
def missing_early_return(source: SourceCode) -> Edits:
    """The special case that a function starts with is missing."""
    for node, returned, function, span in special_cases(source):
        recursive = function.name in variables_in(function)
        # Without these checks the function raises: families of runtime errors take them out.
        if not recursive and not tests_for_empty(node.test):
            code = shown_line(source.code(node.test))
            value = shown_line(source.code(returned)) if returned else "nothing"
            why = f"The special case `{code}` is not handled: the branch that returns `{value}` for it is missing."
            yield TextEdit(span, "", f"the special case `{code}`", why)
