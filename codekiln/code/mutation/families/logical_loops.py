"""Logical errors in loops, and of statements inside or outside of them."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import movable, on_own_lines, shifted, short, step
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import loops, names, removed, steers_while, stored
from codekiln.code.mutation.source import Source

_LOOP = ("loop", "indented", "indentation", "iteration", "inside", "outside")


@family("logical")
def statement_in_loop(source: Source) -> Iterator[Edit]:
    """The statement after a loop is indented into the loop and so done in every round.

    Source: Mueller; Alzahrani 2021.
    """
    for loop in loops(source):
        block = source.block(loop)
        after = block[block.index(loop) + 1] if block.index(loop) + 1 < len(block) else None
        own = isinstance(after, ast.Assign) and stored(after) & names(after.value)
        again = own or isinstance(after, ast.AugAssign | ast.Expr)
        if again and not loop.orelse and movable(source, [after]):
            outer, inner = source.indentation(after), source.indentation(loop.body[-1])
            if on_own_lines(source, loop.body) and inner.startswith(outer):
                start, end = source.rows(after)
                code = short(source.code(after))
                yield Edit(
                    start,
                    end,
                    shifted(source.text[start:end], outer, inner),
                    f"the indentation of `{code}`",
                    f"The line `{code}` is indented into the loop, so it is done in every round and not once after it.",
                    _LOOP,
                )


@family("logical")
def statement_after_block(source: Source) -> Iterator[Edit]:
    """The last statement of a loop or a branch is not indented far enough and so stands after it.

    Source: Mueller; Alzahrani 2021.
    """
    for node in source.each(ast.For, ast.While, ast.If):
        last = node.body[-1]
        if len(node.body) < 2 or node.orelse or not movable(source, [last]) or not step(source, node.body):
            continue
        if isinstance(last, ast.Return | ast.Break | ast.Continue | ast.Pass) or steers_while(source, last):
            continue
        if names(last) & _first_bound_in(source, node):
            continue
        (start, end), code = source.rows(last), short(source.code(last))
        what = "branch" if isinstance(node, ast.If) else "loop"
        effect = "done whatever the condition is" if what == "branch" else "done once after the loop only"
        yield Edit(
            start,
            end,
            shifted(source.text[start:end], source.indentation(last), source.indentation(node)),
            f"the indentation of `{code}`",
            f"The line `{code}` is not indented into the {what}, so it is {effect}.",
            (*_LOOP, "branch", "if"),
        )


def _first_bound_in(source: Source, block: ast.For | ast.While | ast.If) -> set[str]:
    """Return the names that have no value before this loop or branch."""
    function = source.function(block)
    known = {item.arg for item in ast.walk(function) if isinstance(item, ast.arg)}
    above = (node for node in source.each(ast.Name) if node.lineno < block.lineno)
    return stored(block) - known - {node.id for node in above if source.function(node) is function}


@family("logical")
def reset_in_loop(source: Source) -> Iterator[Edit]:
    """The first value of a variable is set again inside the loop, so that every round starts anew.

    Source: Alzahrani 2021.
    """
    for loop in loops(source):
        block = source.block(loop)
        before = block[block.index(loop) - 1] if block.index(loop) else None
        if not isinstance(before, ast.Assign) or not movable(source, [before]) or not on_own_lines(source, loop.body):
            continue
        used = names(loop.iter) if isinstance(loop, ast.For) else names(loop.test)
        if stored(before) & stored(loop) and not stored(before) & used:
            code, (start, end) = short(source.code(before)), source.rows(before)
            inner = source.rows(loop.body[0])[0]
            yield Edit(
                inner,
                inner,
                shifted(source.text[start:end], source.indentation(before), source.indentation(loop.body[0])),
                f"the line `{code}` in the loop",
                f"The line `{code}` stands inside the loop, so every round starts anew.",
                (*_LOOP, "reset", "initial", "initialised", "initialized"),
            )


@family("logical")
def break_for_continue(source: Source) -> Iterator[Edit]:
    """A loop ends where it should go on with the next round, or the other way round.

    Source: MutPy.
    """
    for node in source.each(ast.Break, ast.Continue):
        right, wrong = ("break", "continue") if isinstance(node, ast.Break) else ("continue", "break")
        effect = "goes on with the next round" if wrong == "continue" else "ends"
        if source.inside(node, ast.For, ast.While).__class__ is ast.For or wrong == "break":
            yield Edit(
                *source.span(node),
                wrong,
                f"the statement `{wrong}`",
                f"With `{wrong}` the loop {effect} where `{right}` is needed.",
                ("break", "continue", "loop"),
            )


@family("logical")
def missing_break(source: Source) -> Iterator[Edit]:
    """The `break` that should end a loop is missing.

    Source: Deng 2013; Alzahrani 2021.
    """
    for node in source.each(ast.Break):
        edit = removed(source, node)
        if edit and isinstance(source.inside(node, ast.For, ast.While), ast.For):
            yield Edit(
                *edit,
                "the missing `break`",
                "The `break` that must end the loop here is missing, so the loop goes on.",
                ("break", "loop", "ends", "goes on"),
            )


@family("logical")
def if_for_while(source: Source) -> Iterator[Edit]:
    """An `if` stands where a `while` is needed, so that the block is done once at most.

    Source: SIDE.
    """
    for node in source.each(ast.While):
        inner = [child for child in ast.walk(node) if isinstance(child, ast.Break | ast.Continue)]
        start, code = source.span(node)[0], short(source.code(node.test))
        if not inner and not isinstance(node.test, ast.Constant):
            yield Edit(
                start,
                start + len("while"),
                "if",
                f"the condition `if {code}`",
                f"The block under `if {code}` is done once at most, where a `while` loop is needed.",
                ("while", "loop", "once", "repeat", "repeated"),
            )
