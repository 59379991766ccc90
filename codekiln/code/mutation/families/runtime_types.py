"""Runtime errors about types and values: missing conversions, mixed types, values that cannot be converted."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import shown_line, swapped
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import assigned_names, calls, is_loop_target, method_calls, value_type
from codekiln.code.mutation.source import SourceCode
from codekiln.code.syntax import callee

_TYPE = ("type", "types", "number", "text", "string", "convert", "converted", "conversion")
_INITIAL = ("initial", "initialised", "initialized", "start", "starts", *_TYPE)


@family("runtime", "SIDE", "Progmiscon", keywords=("str", *_TYPE))
def missing_text_conversion(source: SourceCode) -> Edits:
    """A number is added to a text without being made a text."""
    for node, _ in calls(source, "str"):
        parent = source.parents[node]
        adds = isinstance(parent, ast.BinOp | ast.AugAssign) and isinstance(parent.op, ast.Add)
        # Elsewhere, as in an f-string or a comparison, a number in the place of a text raises nothing.
        if len(node.args) == 1 and (adds or isinstance(parent, ast.Call)):
            code, value = source.code(node.args[0]), f"value `{shown_line(source.code(node.args[0]))}`"
            why = f"The {value} is used as a text without being converted with `str`."
            yield TextEdit(source.span(node), code, f"the {value}", why)


@family("runtime", "SIDE", "Progmiscon", keywords=("int", "float", *_TYPE))
def missing_number_conversion(source: SourceCode) -> Edits:
    """A text is used as a number without being made one."""
    for node, name in calls(source, "int", "float"):
        if len(node.args) == 1 and not isinstance(node.args[0], ast.BinOp):
            code, value = source.code(node.args[0]), f"value `{shown_line(source.code(node.args[0]))}`"
            why = f"The {value} is used as a number without being converted with `{name.id}`."
            yield TextEdit(source.span(node), code, f"the {value}", why)


@family("runtime", "Progmiscon", "Alzahrani 2021", keywords=("quote", "quotes", "quotation", *_TYPE))
def quoted_number(source: SourceCode) -> Edits:
    """A number stands in quotation marks and so is a text."""
    for node in source.each(ast.Constant):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool) and _calculates(source, node):
            wrong = f'"{source.code(node)}"'
            why = f"The number `{wrong}` stands in quotation marks, so it is a text and cannot be used as a number."
            yield TextEdit(source.span(node), wrong, f"the text `{wrong}`", why)


def _calculates(source: SourceCode, node: ast.Constant) -> bool:
    """Say whether a text in the place of a number raises: `*` takes both, and so does `%` on the left."""
    match source.parents[node]:
        case ast.BinOp(op=operator, left=left):
            return not isinstance(operator, ast.Mult) and not (isinstance(operator, ast.Mod) and node is left)
        case ast.AugAssign(op=operator):
            return not isinstance(operator, ast.Mult)
        case ast.Compare(ops=[operator, *_]):
            return isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
        case ast.Call(func=ast.Name(id=function)):
            return function in ("range", "round", "abs", "pow")
        case ast.Subscript():
            return True
    return False


def _initial_values(source: SourceCode, *types: str) -> Iterator[tuple[ast.expr, str, str]]:
    """Yield literals of these types that a variable starts with and that is changed later: the type, and the name."""
    for node in source.each(ast.Assign):
        target, kind = node.targets[0], value_type(node.value)
        if kind in types and isinstance(target, ast.Name) and _is_changed(source, target.id):
            yield node.value, kind, target.id


def _is_changed(source: SourceCode, name: str) -> bool:
    changed = any(name in assigned_names(node) for node in source.each(ast.AugAssign))
    used = (node.value for node in source.each(ast.Attribute, ast.Subscript))
    return changed or any(isinstance(value, ast.Name) and value.id == name for value in used)


@family("runtime", "Alzahrani 2021", keywords=_INITIAL)
def wrong_initial_type(source: SourceCode) -> Edits:
    """A variable that a loop builds up starts with a value of another type."""
    wrong_values = {"number": '""', "text": "0", "list": '""', "dict": "[]", "set": "[]"}
    for value, kind, name in _initial_values(source, *wrong_values):
        if source.code(value) in ("0", "1", "0.0", "''", '""', "[]", "{}", "list()", "dict()", "set()"):
            wrong = wrong_values[kind]
            effect = "is of the wrong type for what is done with it"
            why = f"The variable `{name}` starts with `{wrong}`, which {effect}."
            yield TextEdit(source.span(value), wrong, f"the first value of `{name}`", why, (name.lower(),))


@family("runtime", "Alzahrani 2021", keywords=("none", *_INITIAL))
def none_for_value(source: SourceCode) -> Edits:
    """A variable starts with `None` where it needs a number."""
    for value, _, name in _initial_values(source, "number"):
        why = f"The variable `{name}` starts with `None`, which cannot be calculated with."
        yield TextEdit(source.span(value), "None", f"the first value of `{name}`", why, (name.lower(),))


@family("runtime", "SIDE", keywords=("range", "loop", "iterate", "iterable", "number", "int"))
def number_as_sequence(source: SourceCode) -> Edits:
    """A loop goes over a number instead of a range: `for i in len(x)`."""
    for node, _ in calls(source, "range"):
        if len(node.args) == 1 and not node.keywords:
            code = source.code(node.args[0])
            why = f"The loop goes over the number `{code}`, but only a `range` of numbers can be gone through."
            yield TextEdit(source.span(node), code, f"the loop over `{code}`", why)


@family("runtime", "Endres", keywords=("int", "float", "fraction", "decimal", *_TYPE))
def decimal_text_as_integer(source: SourceCode) -> Edits:
    """A text with a decimal fraction is converted with `int`."""
    for node, name in calls(source, "float"):
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Constant):
            construct = f"the call `int({shown_line(source.code(node.args[0]))})`"
            why = "The text is converted with `int`, which fails for a number with a fraction."
            yield TextEdit(source.span(name), "int", construct, why)


@family("runtime", "Endres", keywords=("split", "parts", "words", "characters"))
def missing_split(source: SourceCode) -> Edits:
    """A text is taken apart into several names without being split."""
    for node, method in method_calls(source, "split"):
        parent = source.parents[node]
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple | ast.List):
            code, span = shown_line(source.code(method.value)), (source.enclosed(method.value)[1], source.end(node))
            why = f"The text `{code}` is not split into its parts, because the call of `split` is missing."
            yield TextEdit(span, "", f"the text `{code}`", why)


@family("runtime", "Alzahrani 2021", keywords=("unpack", "names", "values", "number", "too many", "not enough"))
def wrong_number_of_targets(source: SourceCode) -> Edits:
    """A value is taken apart into a wrong number of names."""
    for node in source.each(ast.Tuple):
        if isinstance(node.ctx, ast.Store) and len(node.elts) > 1:
            *_, before, last = node.elts
            # Of two targets none can go: with one left, the pair would be assigned as a whole.
            several = len(node.elts) > 2
            span, text = ((source.end(before), source.end(last)), "") if several else (source.after(last), ", rest")
            why = "The number of names on the left does not fit the number of values that are taken apart."
            yield TextEdit(span, text, f"the names `{shown_line(source.code(node))}`", why)


@family("runtime", "King 1991", keywords=("negative", "minus", "sign", "domain"))
def negative_root(source: SourceCode) -> Edits:
    """The square root of a negated number is taken."""
    for node in source.each(ast.Call):
        name = callee(node)
        if name in ("sqrt", "isqrt", "log", "log2", "log10", "factorial") and node.args:
            value = node.args[0]
            # The brackets around a single argument are those of the call.
            start = source.start(value) if len(node.args) == 1 else source.enclosed(value)[0]
            effect = f"because of the minus sign before `{shown_line(source.code(value))}`"
            why = f"The function `{name}` gets a negative number, {effect}."
            yield TextEdit((start, start), "-", f"the call of `{name}`", why, (name,))


@family("runtime", "BugLab 2021", keywords=("swapped", "order", "variables", "names", "loop", "unpacked"))
def swapped_targets(source: SourceCode) -> Edits:
    """The two names that a pair is taken apart into are swapped."""
    for node in source.each(ast.Tuple):
        match node.elts:
            case [ast.Name() as first, ast.Name() as last] if is_loop_target(source, node):
                one, other = source.code(first), source.code(last)
                why = f"The names `{one}` and `{other}` of the loop are swapped, so each stands for the other's value."
                edit = swapped(source, source.span(first), source.span(last))
                yield TextEdit(*edit, f"the loop variables `{other}, {one}`", why)
