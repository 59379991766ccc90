"""Logical errors in loops, and of statements inside or outside of them."""

import ast

from codekiln.code.mutation.blocks import indent_width, indented_into, movable, on_own_lines, reindented, shown_line
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import arguments, assigned_names, loops, removal_may_hang, removals
from codekiln.code.mutation.source import SourceCode
from codekiln.code.syntax import variables_in

_LOOP = ("loop", "indented", "indentation", "iteration", "inside", "outside")


@family("logical", "Mueller", "Alzahrani 2021", keywords=_LOOP)
def statement_in_loop(source: SourceCode) -> Edits:
    """The statement after a loop is indented into the loop and so done in every round."""
    for loop in loops(source):
        after = source.sibling(loop, 1)
        own = isinstance(after, ast.Assign) and assigned_names(after) & variables_in(after.value)
        again = own or isinstance(after, ast.AugAssign | ast.Expr)
        if after and again and (inside := indented_into(source, after, loop)):
            code = shown_line(source.code(after))
            why = f"The line `{code}` is indented into the loop, so it is done in every round and not once after it."
            yield TextEdit(source.rows(after), inside, f"the indentation of `{code}`", why)


@family("logical", "Mueller", "Alzahrani 2021", keywords=(*_LOOP, "branch", "if"))
def statement_after_block(source: SourceCode) -> Edits:
    """The last statement of a loop or a branch is not indented far enough and so stands after it."""
    for node in source.each(ast.For, ast.While, ast.If):
        last = node.body[-1]
        if (
            len(node.body) < 2
            or node.orelse
            or not movable(source, [last])
            or not indent_width(source, node, node.body)
        ):
            continue
        if isinstance(last, ast.Return | ast.Break | ast.Continue | ast.Pass) or removal_may_hang(source, last):
            continue
        # A name that the loop or branch assigns first may be undefined after it: that would be a runtime error.
        if not variables_in(last) & _first_bound_in(source, node):
            code, what = shown_line(source.code(last)), "branch" if isinstance(node, ast.If) else "loop"
            effect = "done whatever the condition is" if what == "branch" else "done once after the loop only"
            why = f"The line `{code}` is not indented into the {what}, so it is {effect}."
            after = reindented(source, [last], node)
            yield TextEdit(source.rows(last), after, f"the indentation of `{code}`", why)


def _first_bound_in(source: SourceCode, block: ast.For | ast.While | ast.If) -> set[str]:
    """Return the names that have no value before this loop or branch."""
    function = source.function(block)
    above = (node for node in source.each(ast.Name) if node.lineno < block.lineno)
    known = {node.id for node in above if source.function(node) is function}
    return assigned_names(block) - arguments(function) - known


@family("logical", "Alzahrani 2021", keywords=(*_LOOP, "reset", "initial", "initialised", "initialized"))
def reset_in_loop(source: SourceCode) -> Edits:
    """The first value of a variable is set again inside the loop, so that every round starts anew."""
    for loop in loops(source):
        before = source.sibling(loop, -1)
        if not isinstance(before, ast.Assign) or not movable(source, [before]) or not on_own_lines(source, loop.body):
            continue
        used = variables_in(loop.test if isinstance(loop, ast.While) else loop.iter)
        if assigned_names(before) & assigned_names(loop) and not assigned_names(before) & used:
            code, place = shown_line(source.code(before)), source.rows(loop.body[0])[0]
            why = f"The line `{code}` stands inside the loop, so every round starts anew."
            inside = reindented(source, [before], loop.body[0])
            yield TextEdit((place, place), inside, f"the line `{code}` in the loop", why)


@family("logical", "MutPy", keywords=("break", "continue", "loop"))
def break_for_continue(source: SourceCode) -> Edits:
    """A loop ends where it should go on with the next round, or the other way round."""
    for node in source.each(ast.Break, ast.Continue):
        right, wrong = ("break", "continue") if isinstance(node, ast.Break) else ("continue", "break")
        effect = "goes on with the next round" if wrong == "continue" else "ends"
        # A while loop with ``continue`` for ``break`` may never end.
        if isinstance(source.inside(node, ast.For, ast.While), ast.For) or wrong == "break":
            why = f"With `{wrong}` the loop {effect} where `{right}` is needed."
            yield TextEdit(source.span(node), wrong, f"the statement `{wrong}`", why)


@family("logical", "Deng 2013", "Alzahrani 2021", keywords=("break", "loop", "ends", "goes on"))
def missing_break(source: SourceCode) -> Edits:
    """The `break` that should end a loop is missing."""
    for node, (span, _) in removals(source, ast.Break, ast.If):
        if not isinstance(source.inside(node, ast.For, ast.While), ast.For):
            continue
        match node:
            case ast.Break():
                why = "The `break` that must end the loop here is missing, so the loop goes on."
                yield TextEdit(span, "", "the missing `break`", why)
            case ast.If(body=[ast.Break()], orelse=[]):
                test = shown_line(source.code(node.test))
                why = f"The `break` that must end the loop when `{test}` is true is missing, so the loop goes on."
                yield TextEdit(span, "", "the missing `break`", why)


@family("logical", "SIDE", keywords=("while", "loop", "once", "repeat", "repeated"))
def if_for_while(source: SourceCode) -> Edits:
    """An `if` stands where a `while` is needed, so that the block is done once at most."""
    for node in source.each(ast.While):
        jumps = any(isinstance(child, ast.Break | ast.Continue) for child in ast.walk(node))
        # ``break`` outside of a loop is a syntax error, and ``if True`` nothing that people write.
        if not jumps and not isinstance(node.test, ast.Constant):
            start, code = source.start(node), shown_line(source.code(node.test))
            why = f"The block under `if {code}` is done once at most, where a `while` loop is needed."
            yield TextEdit((start, start + len("while")), "if", f"the condition `if {code}`", why)
