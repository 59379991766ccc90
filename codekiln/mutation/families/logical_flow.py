"""Logical errors in the flow of control: returns, branches and loops."""

import ast
from collections.abc import Iterator

from codekiln.mutation.blocks import movable, on_own_lines, shifted, short, step
from codekiln.mutation.finding import asks_for_nothing, leaves, loops, names, removed, steers_while, stored
from codekiln.mutation.kinds import Edit, family
from codekiln.mutation.source import FUNCTIONS, Source

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
