"""Logical errors of one too many or too few, and other wrong numbers: constants, ranges, indexes and slices."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import (
    calls,
    change_may_hang,
    divisors,
    indexes,
    is_call,
    removal_may_hang,
    value_type,
)
from codekiln.code.mutation.source import SourceCode, Span
from codekiln.code.syntax import variables_in

_OFF = ("off-by-one", "off by one", "one", "too")


def _integers(source: SourceCode) -> Iterator[tuple[ast.Constant, int]]:
    """Yield the whole numbers written as such."""
    for node in source.each(ast.Constant):
        if type(node.value) is int and source.code(node).isdigit():
            yield node, node.value


def _offsets(source: SourceCode) -> Iterator[tuple[ast.BinOp, str, str]]:
    """Yield each `+ 1` and `- 1` outside of indexes that no loop depends on: its node, sign, and the other sign."""
    for node in source.each(ast.BinOp):
        if isinstance(source.parents[node], ast.Subscript) or change_may_hang(source, node):
            continue
        match node:
            case ast.BinOp(op=ast.Add(), right=ast.Constant(value=1)):
                yield node, "+", "-"
            case ast.BinOp(op=ast.Sub(), right=ast.Constant(value=1)):
                yield node, "-", "+"


@family("logical", "PD4CS", "CSTeachingTips", "track-b", keywords=_OFF)
def missing_offset(source: SourceCode) -> Edits:
    """The `+ 1` or `- 1` at a count, a bound or a position is missing."""
    for node, sign, _ in _offsets(source):
        # An index or bound of `len(x)` mostly raises: it belongs to the families next_index and loop_past_end.
        if sign == "+" or not is_call(node.left, "len"):
            code, span = source.code(node.left), (source.enclosed(node.left)[1], source.end(node))
            why = f"The value `{code}` is off by one, because `{sign} 1` is missing."
            yield TextEdit(span, "", f"the value `{code}`", why, (f"{sign} 1", "missing"))


@family("logical", "track-b", "BugLab 2021", keywords=_OFF)
def swapped_offset(source: SourceCode) -> Edits:
    """One is subtracted where it should be added, or the other way round."""
    for node, right, wrong in _offsets(source):
        construct = f"the operator in `{source.code(node.left)} {wrong} 1`"
        why = f"The expression has `{wrong} 1` where `{right} 1` is needed."
        keywords = f"{wrong} 1", "operator", "add", "subtract"
        yield TextEdit(source.operator(node.left, node.right), wrong, construct, why, keywords)


@family("logical", "BugLab 2021", "MutPy", keywords=("number", "value", "constant"))
def wrong_constant(source: SourceCode) -> Edits:
    """A number in a calculation or a comparison is wrong by one."""
    for node, value in _integers(source):
        if _counts(source, node, value) and not change_may_hang(source, node):
            wrong = str(value + 1 if value < 2 or value % 2 else value - 1)
            why = f"The number `{wrong}` is wrong here: it should be `{value}`."
            yield TextEdit(source.span(node), wrong, f"the number `{wrong}`", why, (wrong,))


def _counts(source: SourceCode, node: ast.Constant, value: int) -> bool:
    """Say whether a number is part of a calculation, without those that other families change."""
    around = source.parents[node]
    around = source.parents[around] if isinstance(around, ast.UnaryOp) else around
    if isinstance(around, ast.BinOp):
        return value != 1
    called = isinstance(around, ast.Call) and not is_call(around, "range")
    return called or isinstance(around, ast.Compare | ast.AugAssign | ast.Return)


@family("logical", "Mueller", "PD4CS", "track-b", keywords=("range", "end", "stop", "last", *_OFF))
def wrong_range_stop(source: SourceCode) -> Edits:
    """A range ends one too early or one too late."""
    missed = {"early": "misses the last value", "late": "does one value too many"}
    rounds = {"early": "one round too few", "late": "one round too many"}
    for node, _ in calls(source, "range"):
        # A range that counts down ends later where its stop is less.
        is_plain = 1 <= len(node.args) <= 2 and not any(isinstance(item, ast.Starred) for item in node.args)
        if not is_plain or node.keywords:
            continue
        stop, loop = node.args[0] if len(node.args) == 1 else node.args[1], source.parents[node]
        as_index = isinstance(loop, ast.For | ast.comprehension) and variables_in(loop.target) & indexes(source)
        for span, text, effect in _moved_stop(source, stop):
            # One index too many mostly raises.
            if effect == "early" or not as_index:
                why = (
                    f"The range ends one too {effect}, so {_consequence(source, node, missed[effect], rounds[effect])}."
                )
                yield TextEdit(span, text, f"the end of `range` at `{source.code(stop)}`", why)


def _consequence(source: SourceCode, node: ast.Call, values: str, rounds: str) -> str:
    """Say what is wrong with a loop over a range: its values, or, where it does not use them, the number of rounds."""
    loop = source.parents[node]
    if not isinstance(loop, ast.For | ast.comprehension) or loop.iter is not node:
        return f"it {values}"
    names = variables_in(loop.target)
    parts = loop.body if isinstance(loop, ast.For) else [source.parents[loop]]
    read = {item.id for part in parts for item in ast.walk(part) if isinstance(item, ast.Name) and _is_read(item)}
    return f"the loop {values}" if names & read else f"the loop does {rounds}"


def _is_read(node: ast.Name) -> bool:
    """Say whether a name is read where it stands."""
    return isinstance(node.ctx, ast.Load)


def _moved_stop(source: SourceCode, stop: ast.expr) -> Iterator[tuple[Span, str, str]]:
    match stop:
        case ast.BinOp(op=ast.Add(), right=ast.Constant(value=1)):
            yield (source.enclosed(stop.left)[1], source.end(stop)), "", "early"
        case ast.Constant(value=int() as value):
            yield source.span(stop), str(value - 1), "early"
            yield source.span(stop), str(value + 1), "late"
        case ast.Name() | ast.Attribute():
            yield source.after(stop), " - 1", "early"
            yield source.after(stop), " + 1", "late"
        case ast.Call():
            yield source.after(stop), " - 1", "early"


@family("logical", "PD4CS", "CSTeachingTips", keywords=("range", "start", "starts", "first", "begin", *_OFF))
def wrong_range_start(source: SourceCode) -> Edits:
    """A range starts with the wrong number: 0 for 1, or 1 for 0."""
    divided_by = divisors(source)
    for node, _ in calls(source, "range"):
        loop = source.parents[node]
        if isinstance(loop, ast.For | ast.comprehension) and variables_in(loop.target) & divided_by:
            continue
        match node.args:
            case [ast.Constant(value=0 | 1 as start), _, *_]:
                span, text = source.span(node.args[0]), str(1 - start)
            case [ast.Name() | ast.Constant() | ast.Call()]:
                start, span, text = 0, source.before(node.args[0]), "1, "
            case _:
                continue
        if len(node.args) == 3:  # with another step all values are different ones
            continue
        effect = "does one value too many at the beginning" if start else "leaves out the first value"
        consequence = _consequence(source, node, effect, "one round too many" if start else "one round too few")
        why = f"The range starts with {1 - start} where it must start with {start}, so {consequence}."
        yield TextEdit(span, text, "the start of `range`", why)


@family("logical", "Alzahrani 2021", "Poodle", keywords=("range", "step", "argument", "missing"))
def missing_range_step(source: SourceCode) -> Edits:
    """The step of a range is missing."""
    for node, _ in calls(source, "range"):
        if len(node.args) == 3:
            span = source.enclosed(node.args[1])[1], source.enclosed(node.args[2])[1]
            why = f"The range lacks its step `{source.code(node.args[2])}`, so it counts up one by one."
            yield TextEdit(span, "", "the step of `range`", why)


@family("logical", "PD4CS", "CSTeachingTips", keywords=("index", "element", "position", "item", *_OFF[:2]))
def wrong_index(source: SourceCode) -> Edits:
    """An element next to the right one is taken: the second for the first, the one before for this one."""
    for node in source.each(ast.Subscript):
        wrong = _neighbour(node.slice)
        if wrong and isinstance(node.ctx, ast.Load):
            code, value = source.code(node.slice), source.code(node.value)
            why = f"The index `{wrong}` takes the wrong element of `{value}`; it should be `{code}`."
            yield TextEdit(source.span(node.slice), wrong, f"the index `{wrong}`", why)


def _neighbour(index: ast.expr) -> str | None:
    match index:
        case ast.Constant(value=0):
            return "1"
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return str(value - 1)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            return "0"
        case ast.Name(id="i" | "j" | "k" | "n" | "index" | "idx" | "pos" | "position" as name):
            return f"{name} - 1"
    return None


@family("logical", "PD4CS", "MutPy", keywords=("slice", "bound", "element", "index", *_OFF[:2]))
def wrong_slice_bound(source: SourceCode) -> Edits:
    """A slice begins or ends one element too early or too late."""
    for node in source.each(ast.Slice):
        bounds = [(bound, which) for bound, which in ((node.lower, "begins"), (node.upper, "ends")) if bound]
        for bound, which in bounds:
            code = source.code(bound)
            for text, effect in _moved_bound(bound, which):
                why = f"The slice {which} one element too {effect}: the bound `{text}` should be `{code}`."
                yield TextEdit(source.span(bound), text, f"the slice bound `{text}`", why)


def _moved_bound(bound: ast.expr, which: str) -> Iterator[tuple[str, str]]:
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


@family("logical", "MutPy", keywords=("slice", "step", "missing", "reverse"))
def missing_slice_step(source: SourceCode) -> Edits:
    """The step of a slice is missing."""
    for node in source.each(ast.Slice):
        if node.step:
            colons = source.between(source.start(node), source.start(node.step))
            start, code = max(token.start for token in colons if token.text == ":"), source.code(node.step)
            span, why = (start, source.end(node.step)), f"The slice lacks its step `{code}`."
            yield TextEdit(span, "", f"the slice step `{code}`", why)


@family(
    "logical",
    "Alzahrani 2021",
    "BugLab 2021",
    keywords=("initial", "initialised", "initialized", "start", "starts", "starting"),
)
def wrong_initial_value(source: SourceCode) -> Edits:
    """A variable that a loop builds up starts with the wrong value."""
    for node in source.each(ast.Assign):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=0 | 1 as value)):
                if value_type(node.value) == "number" and _built_up(source, node, name):
                    wrong, code = "1" if value == 0 else "0", source.code(node.value)
                    why = f"The variable `{name}` starts with {wrong} where it must start with {code}."
                    yield TextEdit(source.span(node.value), wrong, f"the first value of `{name}`", why, (name.lower(),))


def _built_up(source: SourceCode, first: ast.Assign, name: str) -> bool:
    later = (node for node in source.each(ast.AugAssign, ast.Assign) if node.lineno > first.lineno)
    return any(
        isinstance(target, ast.Name) and target.id == name and not removal_may_hang(source, node)
        for node in later
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if source.function(node) is source.function(first)
    )
