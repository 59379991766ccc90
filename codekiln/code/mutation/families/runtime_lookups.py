"""Runtime errors of looking up and dividing: indexes, keys, empty values, zero, and recursion without an end."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import short
from codekiln.code.mutation.families.runtime_names import misspelt
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import asks_for_nothing, calls, divisors, names, removed
from codekiln.code.mutation.source import FUNCTIONS, Source

_INDEX = ("index", "range", "last", "element", "end", "position", "bounds", "too far")
_KEY = ("key", "dictionary", "dict")
_ZERO = ("zero", "division", "divide", "divides", "divisor", "modulo", "remainder")


def _length_of(node: ast.expr) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
            return name
    return None


@family("runtime")
def loop_past_end(source: Source) -> Iterator[Edit]:
    """A loop over the indexes of a list goes one too far.

    Source: PD4CS; CSTeachingTips.
    """
    for node in calls(source, "range"):
        stop = node.args[min(1, len(node.args) - 1)] if node.args else None
        if stop is not None and (name := _length_of(stop)):
            end = source.span(stop)[1]
            yield Edit(
                end,
                end,
                " + 1",
                f"the range up to `len({name}) + 1`",
                f"The range goes one too far, so the last index does not exist in `{name}`.",
                (*_INDEX, "off-by-one"),
            )
        elif isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Sub) and (name := _length_of(stop.left)):
            yield Edit(
                source.enclosed(stop.left)[1],
                source.span(stop)[1],
                "",
                f"the range up to `len({name})`",
                f"The range goes too far, because `- {source.code(stop.right)}` is missing, so an index does not exist "
                f"in `{name}`.",
                (*_INDEX, "off-by-one"),
            )


@family("runtime")
def condition_past_end(source: Source) -> Iterator[Edit]:
    """A condition lets an index reach the length of a list: `<=` for `<`.

    Source: CSTeachingTips; PD4CS.
    """
    for node in source.each(ast.Compare):
        name = _length_of(node.comparators[-1])
        if name and isinstance(node.ops[-1], ast.Lt):
            left = [node.left, *node.comparators][-2]
            yield Edit(
                *source.operator(left, node.comparators[-1]),
                "<=",
                "the comparison `<=`",
                f"The comparison with `len({name})` uses `<=` where `<` is needed, so the index goes past the last "
                f"element.",
                (*_INDEX, "comparison", "<=", "length"),
            )


@family("runtime")
def last_index(source: Source) -> Iterator[Edit]:
    """The last element is looked up at the length of the list.

    Source: PD4CS; CSTeachingTips.
    """
    for node in source.each(ast.Subscript):
        code, last = source.code(node.value), source.code(node.slice).replace(" ", "")
        if isinstance(node.value, ast.Name) and last in ("-1", f"len({code})-1"):
            yield Edit(
                *source.span(node.slice),
                f"len({code})",
                f"the index `len({code})`",
                f"The index `len({code})` is past the end, because indexes start at 0.",
                _INDEX,
            )


@family("runtime")
def next_index(source: Source) -> Iterator[Edit]:
    """An index is one too high.

    Source: PD4CS.
    """
    for node in source.each(ast.Subscript):
        index = node.slice
        code, value = source.code(index), short(source.code(node.value))
        if isinstance(index, ast.Name) and index.id in _index_names(source):
            edit, text = (source.span(index)[1], source.span(index)[1], " + 1"), f"{code} + 1"
        elif isinstance(index, ast.BinOp) and isinstance(index.op, ast.Sub) and source.code(index.right) == "1":
            text = source.code(index.left)
            edit = source.enclosed(index.left)[1], source.span(index)[1], ""
        else:
            continue
        yield Edit(
            *edit,
            f"the index `{text}`",
            f"The index `{text}` is one too high, so it goes past the end of `{value}`.",
            (*_INDEX, "off-by-one"),
        )


def _index_names(source: Source) -> set[str]:
    """Return the variables of loops over all indexes of something."""
    return {
        parent.target.id
        for node in calls(source, "range")
        if node.args and _length_of(node.args[-1])
        if isinstance(parent := source.parents[node], ast.For | ast.comprehension)
        if isinstance(parent.target, ast.Name)
    }


@family("runtime")
def wrong_key(source: Source) -> Iterator[Edit]:
    """A dictionary is asked for a key that is misspelt.

    Source: Mueller; Endres.
    """
    for node in source.each(ast.Subscript):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and isinstance(node.ctx, ast.Load):
            wrong = misspelt(key.value, ()) or key.value.swapcase()
            if wrong != key.value and len(source.code(key)) == len(key.value) + 2:
                start, end = source.span(key)
                yield Edit(
                    start + 1,
                    end - 1,
                    wrong,
                    f"the key `{wrong}`",
                    f"The key `{wrong}` is misspelt, so the dictionary has no such key.",
                    (*_KEY, "misspelt", "misspelled", wrong.lower()),
                )


@family("runtime")
def key_without_default(source: Source) -> Iterator[Edit]:
    """A key that may be missing is looked up without a default value.

    Source: Endres.
    """
    for node in source.each(ast.Call):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="get" | "setdefault"), args=[key, *_], keywords=[]):
                code = f"{source.code(value)}[{source.code(key)}]"
                yield Edit(
                    *source.span(node),
                    code,
                    f"the look-up `{code}`",
                    f"The look-up `{code}` fails for a key that is not in the dictionary yet.",
                    (*_KEY, "missing", "default", "get"),
                )


@family("runtime")
def unchecked_key(source: Source) -> Iterator[Edit]:
    """The statement that puts a new key into a dictionary before it is used is missing.

    Source: Alzahrani 2021; Deng 2013.
    """
    for node in source.each(ast.If):
        match node.test:
            case ast.Compare(ops=[ast.NotIn()], comparators=[ast.Name(id=name)]) if not node.orelse:
                edit = removed(source, node)
                if edit and any(isinstance(child, ast.Subscript) for child in ast.walk(node)):
                    code = short(source.code(node.test))
                    yield Edit(
                        *edit,
                        f"the missing check `{code}`",
                        f"The check `{code}` is missing, so a key is used that `{name}` does not have yet.",
                        (*_KEY, "check", "missing"),
                    )


@family("runtime")
def zero_divisor(source: Source) -> Iterator[Edit]:
    """A calculation divides by the constant zero.

    Source: King 1991; MutPy.
    """
    for node in source.each(ast.BinOp):
        if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod) and isinstance(node.right, ast.Constant):
            code = source.code(node.right)
            if isinstance(node.right.value, int | float) and code != "0" and not _is_text(node.left):
                yield Edit(
                    *source.span(node.right),
                    "0",
                    "the divisor `0`",
                    f"The calculation divides by `0` where the divisor must be `{code}`.",
                    _ZERO,
                )


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


@family("runtime")
def divisor_from_zero(source: Source) -> Iterator[Edit]:
    """A loop over divisors starts with zero.

    Source: PD4CS; Alzahrani 2021.
    """
    divided_by = divisors(source)
    for node in calls(source, "range"):
        parent = source.parents[node]
        if not isinstance(parent, ast.For | ast.comprehension) or not names(parent.target) & divided_by:
            continue
        if len(node.args) > 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value in (1, 2):
            name = min(names(parent.target))
            yield Edit(
                *source.span(node.args[0]),
                "0",
                f"the start of the range for `{name}`",
                f"The range for `{name}` starts with 0, so the first division is by zero.",
                (*_ZERO, "range", "start", "starts"),
            )


@family("runtime")
def unguarded_empty(source: Source) -> Iterator[Edit]:
    """The check for an empty value or for zero at the start of a function is missing.

    Source: Alzahrani 2021; Deng 2013.
    """
    for node in source.each(ast.If):
        special = len(node.body) == 1 and isinstance(node.body[0], ast.Return) and not node.orelse
        if special and isinstance(source.parents[node], FUNCTIONS) and asks_for_nothing(node.test):
            edit, code = removed(source, node), short(source.code(node.test))
            if edit and not edit[2] and not _calls_itself(source, node):
                yield Edit(
                    *edit,
                    f"the missing check `{code}`",
                    f"The check `{code}` is missing, so the function fails when there is nothing to work on.",
                    ("empty", "zero", "check", "missing", "case"),
                )


def _calls_itself(source: Source, node: ast.AST) -> bool:
    function = source.function(node)
    called = (child.func for child in ast.walk(function) if isinstance(child, ast.Call))
    return any(isinstance(item, ast.Name) and item.id == function.name for item in called)


@family("runtime")
def missing_base_case(source: Source) -> Iterator[Edit]:
    """A recursive function lacks the case in which it does not call itself.

    Source: Alzahrani 2021.
    """
    for node in source.each(ast.If):
        ends = len(node.body) == 1 and isinstance(node.body[0], ast.Return) and not node.orelse
        if ends and isinstance(source.parents[node], FUNCTIONS) and _calls_itself(source, node):
            edit, code = removed(source, node), short(source.code(node.test))
            if edit and not edit[2] and source.function(node).name not in names(node):
                yield Edit(
                    *edit,
                    f"the missing base case `{code}`",
                    f"The base case `{code}` is missing, so the function calls itself without end.",
                    ("base", "case", "recursion", "recursive", "calls itself", "end"),
                )
