"""Logical errors of one too many or too few, and other wrong numbers: constants, ranges, indexes and slices."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import (
    calls,
    divisors,
    in_while_test,
    indexes,
    names,
    statement,
    steers_while,
    value_type,
)
from codekiln.code.mutation.source import Source

_OFF = ("off-by-one", "off by one", "one", "too")


def integers(source: Source) -> Iterator[tuple[ast.Constant, int]]:
    """Yield the whole numbers written as such, without those of ranges, slices and indexes."""
    for node in source.each(ast.Constant):
        if type(node.value) is int and source.code(node).isdigit():
            yield node, node.value


def _around(source: Source, node: ast.AST) -> ast.AST | None:
    parent = source.parents.get(node)
    return source.parents.get(parent) if isinstance(parent, ast.UnaryOp) else parent


@family("logical")
def missing_offset(source: Source) -> Iterator[Edit]:
    """The `+ 1` or `- 1` at a count, a bound or a position is missing.

    Source: PD4CS; CSTeachingTips; track-b.
    """
    for node in source.each(ast.BinOp):
        if isinstance(node.op, ast.Add | ast.Sub) and isinstance(node.right, ast.Constant) and node.right.value == 1:
            sign = "+" if isinstance(node.op, ast.Add) else "-"
            last = sign == "-" and _is_length(node.left)
            bound = last or isinstance(source.parents[node], ast.Subscript)
            if not bound and not steers_while(source, statement(source, node)) and not in_while_test(source, node):
                code = source.code(node.left)
                yield Edit(
                    source.enclosed(node.left)[1],
                    source.span(node)[1],
                    "",
                    f"the value `{code}`",
                    f"The value `{code}` is off by one, because `{sign} 1` is missing.",
                    (*_OFF, f"{sign} 1", "missing"),
                )


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"


@family("logical")
def swapped_offset(source: Source) -> Iterator[Edit]:
    """One is subtracted where it should be added, or the other way round.

    Source: track-b; BugLab 2021.
    """
    for node in source.each(ast.BinOp):
        if isinstance(node.op, ast.Add | ast.Sub) and isinstance(node.right, ast.Constant) and node.right.value == 1:
            right, wrong = ("+", "-") if isinstance(node.op, ast.Add) else ("-", "+")
            steers = steers_while(source, statement(source, node)) or in_while_test(source, node)
            if not steers and not isinstance(source.parents[node], ast.Subscript):
                yield Edit(
                    *source.operator(node.left, node.right),
                    wrong,
                    f"the operator in `{source.code(node.left)} {wrong} 1`",
                    f"The expression has `{wrong} 1` where `{right} 1` is needed.",
                    (*_OFF, f"{wrong} 1", "operator", "add", "subtract"),
                )


@family("logical")
def wrong_constant(source: Source) -> Iterator[Edit]:
    """A number in a calculation or a comparison is wrong by one.

    Source: BugLab 2021; MutPy.
    """
    for node, value in integers(source):
        around = _around(source, node)
        counts = isinstance(around, ast.Compare | ast.BinOp | ast.AugAssign | ast.Return) or (
            isinstance(around, ast.Call) and not (isinstance(around.func, ast.Name) and around.func.id == "range")
        )
        looping = in_while_test(source, node) or steers_while(source, statement(source, node))
        if counts and not looping and not (isinstance(around, ast.BinOp) and value == 1):
            wrong = str(value + 1 if value < 2 or value % 2 else value - 1)
            yield Edit(
                *source.span(node),
                wrong,
                f"the number `{wrong}`",
                f"The number `{wrong}` is wrong here: it should be `{value}`.",
                ("number", "value", "constant", wrong),
            )


@family("logical")
def wrong_range_stop(source: Source) -> Iterator[Edit]:
    """A range ends one too early or one too late.

    Source: Mueller; PD4CS; track-b.
    """
    for node in calls(source, "range"):
        if not node.args or node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            continue
        stop = node.args[0] if len(node.args) == 1 else node.args[1]
        loop = source.parents[node]
        as_index = isinstance(loop, ast.For | ast.comprehension) and names(loop.target) & indexes(source)
        for start, end, text, effect in _moved_stop(source, stop):
            if effect == "early" or not as_index:
                yield Edit(
                    start,
                    end,
                    text,
                    f"the end of `range` at `{source.code(stop)}`",
                    f"The range ends one too {effect}, so the loop {_missed(effect)}.",
                    ("range", "end", "stop", "last", *_OFF),
                )


def _missed(effect: str) -> str:
    return "misses the last value" if effect == "early" else "does one value too many"


def _moved_stop(source: Source, stop: ast.expr) -> Iterator[tuple[int, int, str, str]]:
    match stop:
        case ast.BinOp(op=ast.Add() | ast.Sub() as operator, right=ast.Constant(value=1)):
            effect = "early" if isinstance(operator, ast.Add) else "late"
            if effect == "early":
                yield source.enclosed(stop.left)[1], source.span(stop)[1], "", effect
        case ast.Constant(value=int() as value):
            yield *source.span(stop), str(value - 1), "early"
            yield *source.span(stop), str(value + 1), "late"
        case ast.Name() | ast.Attribute():
            yield source.span(stop)[1], source.span(stop)[1], " - 1", "early"
            yield source.span(stop)[1], source.span(stop)[1], " + 1", "late"
        case ast.Call():
            yield source.span(stop)[1], source.span(stop)[1], " - 1", "early"


@family("logical")
def wrong_range_start(source: Source) -> Iterator[Edit]:
    """A range starts with the wrong number: 0 for 1, or 1 for 0.

    Source: PD4CS; CSTeachingTips.
    """
    for node in calls(source, "range"):
        loop = source.parents[node]
        if isinstance(loop, ast.For | ast.comprehension) and names(loop.target) & divisors(source):
            continue
        match node.args:
            case [ast.Constant(value=0 | 1 as start), _, *_]:
                edit = *source.span(node.args[0]), str(1 - start)
            case [ast.Name() | ast.Constant() | ast.Call()]:
                start, place = 0, source.span(node.args[0])[0]
                edit = place, place, "1, "
            case _:
                continue
        effect = "leaves out the first value" if start == 0 else "does one value too many at the beginning"
        yield Edit(
            *edit,
            "the start of `range`",
            f"The range starts with {1 - start} where it must start with {start}, so the loop {effect}.",
            ("range", "start", "starts", "first", "begin", *_OFF),
        )


@family("logical")
def missing_range_step(source: Source) -> Iterator[Edit]:
    """The step of a range is missing.

    Source: Alzahrani 2021; Poodle.
    """
    for node in calls(source, "range"):
        if len(node.args) == 3:
            step = source.code(node.args[2])
            yield Edit(
                source.enclosed(node.args[1])[1],
                source.enclosed(node.args[2])[1],
                "",
                "the step of `range`",
                f"The range lacks its step `{step}`, so it counts up one by one.",
                ("range", "step", "argument", "missing"),
            )


@family("logical")
def wrong_index(source: Source) -> Iterator[Edit]:
    """An element next to the right one is taken: the second for the first, the one before for this one.

    Source: PD4CS; CSTeachingTips.
    """
    for node in source.each(ast.Subscript):
        wrong = _neighbour(node.slice)
        if wrong and isinstance(node.ctx, ast.Load):
            code, value = source.code(node.slice), source.code(node.value)
            text = f"{code} - 1" if wrong == "before" else wrong
            yield Edit(
                *source.span(node.slice),
                text,
                f"the index `{text}`",
                f"The index `{text}` takes the wrong element of `{value}`; it should be `{code}`.",
                ("index", "element", "position", "item", *_OFF[:2]),
            )


def _neighbour(index: ast.expr) -> str | None:
    match index:
        case ast.Constant(value=0):
            return "1"
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return str(value - 1)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            return "0"
        case ast.Name(id="i" | "j" | "k" | "n" | "index" | "idx" | "pos" | "position"):
            return "before"
    return None


@family("logical")
def wrong_slice_bound(source: Source) -> Iterator[Edit]:
    """A slice begins or ends one element too early or too late.

    Source: PD4CS; MutPy.
    """
    for node in source.each(ast.Slice):
        for bound, which in ((node.lower, "begins"), (node.upper, "ends")):
            for text, effect in _moved_bound(source, bound, which):
                yield Edit(
                    *source.span(bound),
                    text,
                    f"the slice bound `{text}`",
                    f"The slice {which} one element too {effect}: the bound `{text}` should be `{source.code(bound)}`.",
                    ("slice", "bound", "element", "index", *_OFF[:2]),
                )


def _moved_bound(source: Source, bound: ast.expr | None, which: str) -> Iterator[tuple[str, str]]:
    match bound:
        case ast.Constant(value=int() as value):
            yield str(value + 1), "late"
            if value:
                yield str(value - 1), "early"
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            yield f"-{value + 1}", "early"
        case ast.Name(id=name) if which == "ends":
            yield f"{name} - 1", "early"
        case ast.Name(id=name):
            yield f"{name} + 1", "late"


@family("logical")
def missing_slice_step(source: Source) -> Iterator[Edit]:
    """The step of a slice is missing.

    Source: MutPy.
    """
    for node in source.each(ast.Slice):
        if node.step:
            before = source.between(source.span(node)[0], source.span(node.step)[0])
            yield Edit(
                max(token.start for token in before if token.text == ":"),
                source.span(node.step)[1],
                "",
                f"the slice step `{source.code(node.step)}`",
                f"The slice lacks its step `{source.code(node.step)}`.",
                ("slice", "step", "missing", "reverse"),
            )


@family("logical")
def wrong_initial_value(source: Source) -> Iterator[Edit]:
    """A variable that a loop builds up starts with the wrong value.

    Source: Alzahrani 2021; BugLab 2021.
    """
    for node in source.each(ast.Assign):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() | float() as value)):
                wrong = {0: "1", 1: "0"}.get(value)
                code = source.code(node.value)
                if wrong and value_type(node.value) == "number" and _built_up(source, node, name):
                    yield Edit(
                        *source.span(node.value),
                        wrong,
                        f"the first value of `{name}`",
                        f"The variable `{name}` starts with {wrong} where it must start with {code}.",
                        ("initial", "initialised", "initialized", "start", "starts", "starting", name.lower()),
                    )


def _built_up(source: Source, first: ast.Assign, name: str) -> bool:
    later = (node for node in source.each(ast.AugAssign, ast.Assign) if node.lineno > first.lineno)
    return any(
        isinstance(target, ast.Name) and target.id == name and not steers_while(source, node)
        for node in later
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if source.function(node) is source.function(first)
    )
