"""Runtime errors about types and values: missing conversions, mixed types, values that cannot be converted."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import short
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import calls, method_calls, stored, value_type
from codekiln.code.mutation.source import Source

_TYPE = ("type", "types", "number", "text", "string", "convert", "converted", "conversion")


@family("runtime")
def missing_text_conversion(source: Source) -> Iterator[Edit]:
    """A number is added to a text without being made a text.

    Source: SIDE; Progmiscon.
    """
    for node in calls(source, "str"):
        parent = source.parents[node]
        adds = isinstance(parent, ast.BinOp | ast.AugAssign) and isinstance(parent.op, ast.Add)
        if len(node.args) == 1 and (adds or isinstance(parent, ast.Call)):
            code = source.code(node.args[0])
            yield Edit(
                *source.span(node),
                code,
                f"the value `{short(code)}`",
                f"The value `{short(code)}` is used as a text without being converted with `str`.",
                ("str", *_TYPE),
            )


@family("runtime")
def missing_number_conversion(source: Source) -> Iterator[Edit]:
    """A text is used as a number without being made one.

    Source: SIDE; Progmiscon.
    """
    for node in calls(source, "int", "float"):
        if len(node.args) == 1 and not isinstance(node.args[0], ast.BinOp):
            code = source.code(node.args[0])
            yield Edit(
                *source.span(node),
                code,
                f"the value `{short(code)}`",
                f"The value `{short(code)}` is used as a number without being converted with `{node.func.id}`.",
                ("int", "float", *_TYPE),
            )


@family("runtime")
def quoted_number(source: Source) -> Iterator[Edit]:
    """A number stands in quotation marks and so is a text.

    Source: Progmiscon; Alzahrani 2021.
    """
    for node in source.each(ast.Constant):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool) and _calculates(source, node):
            code = source.code(node)
            yield Edit(
                *source.span(node),
                f'"{code}"',
                f'the text `"{code}"`',
                f'The number `"{code}"` stands in quotation marks, so it is a text and cannot be used as a number.',
                ("quote", "quotes", "quotation", *_TYPE),
            )


def _calculates(source: Source, node: ast.Constant) -> bool:
    parent = source.parents[node]
    if isinstance(parent, ast.BinOp | ast.AugAssign):
        mod = isinstance(parent.op, ast.Mod) and isinstance(parent, ast.BinOp) and node is parent.left
        return not isinstance(parent.op, ast.Mult) and not mod
    if isinstance(parent, ast.Compare):
        return isinstance(parent.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in ("range", "round", "abs", "pow")
    return isinstance(parent, ast.Subscript)


@family("runtime")
def wrong_initial_type(source: Source) -> Iterator[Edit]:
    """A variable that a loop builds up starts with a value of another type.

    Source: Alzahrani 2021.
    """
    wrong_values = {"number": '""', "text": "0", "list": '""', "dict": "[]", "set": "[]"}
    for node in source.each(ast.Assign):
        wrong = wrong_values.get(value_type(node.value))
        empty = source.code(node.value) in ("0", "1", "0.0", "''", '""', "[]", "{}", "list()", "dict()", "set()")
        if wrong and empty and isinstance(node.targets[0], ast.Name) and _changes_later(source, node):
            name = node.targets[0].id
            yield Edit(
                *source.span(node.value),
                wrong,
                f"the first value of `{name}`",
                f"The variable `{name}` starts with `{wrong}`, which is of the wrong type for what is done with it.",
                ("initial", "initialised", "initialized", "start", "starts", *_TYPE, name.lower()),
            )


def _changes_later(source: Source, node: ast.Assign) -> bool:
    name = node.targets[0].id
    changed = [child for child in source.each(ast.AugAssign) if name in stored(child)]
    used = [child for child in source.each(ast.Attribute, ast.Subscript) if isinstance(child.value, ast.Name)]
    return bool(changed) or any(child.value.id == name for child in used)


@family("runtime")
def none_for_value(source: Source) -> Iterator[Edit]:
    """A variable starts with `None` where it needs a number.

    Source: Alzahrani 2021.
    """
    for node in source.each(ast.Assign):
        if (
            value_type(node.value) == "number"
            and isinstance(node.targets[0], ast.Name)
            and _changes_later(source, node)
        ):
            name = node.targets[0].id
            yield Edit(
                *source.span(node.value),
                "None",
                f"the first value of `{name}`",
                f"The variable `{name}` starts with `None`, which cannot be calculated with.",
                ("none", "initial", "initialised", "initialized", "start", "starts", *_TYPE, name.lower()),
            )


@family("runtime")
def number_as_sequence(source: Source) -> Iterator[Edit]:
    """A loop goes over a number instead of a range: `for i in len(x)`.

    Source: SIDE.
    """
    for node in calls(source, "range"):
        if len(node.args) == 1 and not node.keywords:
            code = source.code(node.args[0])
            yield Edit(
                *source.span(node),
                code,
                f"the loop over `{code}`",
                f"The loop goes over the number `{code}`, but only a `range` of numbers can be gone through.",
                ("range", "loop", "iterate", "iterable", "number", "int"),
            )


@family("runtime")
def decimal_text_as_integer(source: Source) -> Iterator[Edit]:
    """A text with a decimal fraction is converted with `int`.

    Source: Endres.
    """
    for node in calls(source, "float"):
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Constant):
            yield Edit(
                *source.span(node.func),
                "int",
                f"the call `int({short(source.code(node.args[0]))})`",
                "The text is converted with `int`, which fails for a number with a fraction.",
                ("int", "float", "fraction", "decimal", *_TYPE),
            )


@family("runtime")
def missing_split(source: Source) -> Iterator[Edit]:
    """A text is taken apart into several names without being split.

    Source: Endres.
    """
    for node in method_calls(source, "split"):
        parent = source.parents[node]
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple | ast.List):
            code = source.code(node.func.value)
            yield Edit(
                source.enclosed(node.func.value)[1],
                source.span(node)[1],
                "",
                f"the text `{short(code)}`",
                f"The text `{short(code)}` is not split into its parts, because the call of `split` is missing.",
                ("split", "parts", "words", "characters"),
            )


@family("runtime")
def wrong_number_of_targets(source: Source) -> Iterator[Edit]:
    """A value is taken apart into a wrong number of names.

    Source: Alzahrani 2021.
    """
    for node in source.each(ast.Tuple):
        if isinstance(node.ctx, ast.Store) and len(node.elts) > 1:
            last, code = node.elts[-1], source.code(node)
            if len(node.elts) > 2:
                edit = source.span(node.elts[-2])[1], source.span(last)[1], ""
            else:
                edit = source.span(last)[1], source.span(last)[1], ", rest"
            yield Edit(
                *edit,
                f"the names `{short(code)}`",
                "The number of names on the left does not fit the number of values that are taken apart.",
                ("unpack", "names", "values", "number", "too many", "not enough"),
            )


@family("runtime")
def negative_root(source: Source) -> Iterator[Edit]:
    """The square root of a negated number is taken.

    Source: King 1991.
    """
    for node in source.each(ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in ("sqrt", "isqrt", "log", "log2", "log10", "factorial") and node.args:
            code, start = source.code(node.args[0]), source.enclosed(node.args[0])[0]
            start = source.span(node.args[0])[0] if len(node.args) == 1 else start
            yield Edit(
                start,
                start,
                "-",
                f"the call of `{name}`",
                f"The function `{name}` gets a negative number, because of the minus sign before `{short(code)}`.",
                ("negative", "minus", "sign", "domain", name),
            )


@family("runtime")
def swapped_targets(source: Source) -> Iterator[Edit]:
    """The two names that a pair is taken apart into are swapped.

    Source: BugLab 2021.
    """
    for node in source.each(ast.Tuple):
        loop = source.parents[node]
        paired = isinstance(loop, ast.For | ast.comprehension) and node is loop.target
        if paired and len(node.elts) == 2 and all(isinstance(item, ast.Name) for item in node.elts):
            first, last = (source.span(item) for item in node.elts)
            one, other = (source.code(item) for item in node.elts)
            yield Edit(
                first[0],
                last[1],
                other + source.text[first[1] : last[0]] + one,
                f"the loop variables `{other}, {one}`",
                f"The names `{one}` and `{other}` of the loop are swapped, so each stands for the other's value.",
                ("swapped", "order", "variables", "names", "loop", "unpacked"),
            )
