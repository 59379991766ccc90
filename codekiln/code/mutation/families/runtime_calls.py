"""Runtime errors about calls: their arguments, their brackets, attributes and methods."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import short
from codekiln.code.mutation.families.runtime_names import known_names, misspelt
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import calls, method_calls, method_span, simple
from codekiln.code.mutation.source import FUNCTIONS, Source

_ARGUMENT = ("argument", "arguments", "parameter", "parameters")
_CALL = ("call", "calls", "called", "brackets", "parentheses", "bracket")
_FIXED = {"len": 1, "abs": 1, "ord": 1, "chr": 1, "sorted": 1, "isinstance": 2, "append": 1, "extend": 1, "insert": 2}
_FIXED |= {"add": 1, "remove": 1, "startswith": 1, "join": 1, "sqrt": 1, "index": 1, "count": 1}
_FOREIGN = {"append": "add", "add": "append", "upper": "toUpper", "lower": "toLower", "extend": "addAll"}
_FOREIGN |= {
    "startswith": "startsWith",
    "endswith": "endsWith",
    "strip": "trim",
    "isdigit": "isnumber",
    "remove": "delete",
}


def _own_functions(source: Source) -> dict[str, ast.FunctionDef]:
    """Return the functions of the program that take a fixed number of arguments."""
    return {
        node.name: node
        for node in source.each(*FUNCTIONS)
        if not (node.args.vararg or node.args.kwarg or node.args.defaults or node.args.kwonlyargs)
    }


def _needs(source: Source, node: ast.Call, own: dict[str, ast.FunctionDef]) -> bool:
    """Say whether a call has exactly the number of arguments that its function takes."""
    if node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
        return False
    if isinstance(node.func, ast.Name) and node.func.id in own:
        return len(own[node.func.id].args.args) == len(node.args)
    return _FIXED.get(getattr(node.func, "attr", getattr(node.func, "id", ""))) == len(node.args)


@family("runtime")
def missing_argument(source: Source) -> Iterator[Edit]:
    """A call has fewer arguments than its function needs.

    Source: Altadmri 2015.
    """
    own = _own_functions(source)
    for node in source.each(ast.Call):
        if node.args and _needs(source, node, own):
            name, code = short(source.code(node.func)), source.code(node.args[-1])
            start = source.enclosed(node.args[-2])[1] if len(node.args) > 1 else source.span(node.args[-1])[0]
            end = source.span(node.args[-1])[1] if len(node.args) == 1 else source.enclosed(node.args[-1])[1]
            yield Edit(
                start,
                end,
                "",
                f"the call of `{name}`",
                f"The call of `{name}` lacks an argument: `{short(code)}` is missing.",
                (*_ARGUMENT, "missing"),
            )


@family("runtime")
def extra_argument(source: Source) -> Iterator[Edit]:
    """A call has more arguments than its function takes.

    Source: Altadmri 2015.
    """
    own = _own_functions(source)
    for node in source.each(ast.Call):
        if node.args and _needs(source, node, own):
            end = source.enclosed(node.args[-1])[1] if len(node.args) > 1 else source.span(node.args[-1])[1]
            name = short(source.code(node.func))
            yield Edit(
                end,
                end,
                ", 1",
                f"the call of `{name}`",
                f"The call of `{name}` has one argument too many.",
                (*_ARGUMENT, "too many", "extra"),
            )


@family("runtime")
def missing_parameter(source: Source) -> Iterator[Edit]:
    """A function is defined with fewer parameters than it is called with.

    Source: Altadmri 2015.
    """
    for name, node in _own_functions(source).items():
        if node.args.args and not node.args.posonlyargs:
            last = node.args.args[-1]
            start = source.span(node.args.args[-2])[1] if len(node.args.args) > 1 else source.span(last)[0]
            yield Edit(
                start,
                source.span(last)[1],
                "",
                f"the parameters of `{name}`",
                f"The function `{name}` is defined without the parameter `{last.arg}`, which it needs.",
                (*_ARGUMENT, "missing", last.arg.lower()),
            )


@family("runtime")
def misspelt_attribute(source: Source) -> Iterator[Edit]:
    """The name of a method or an attribute is misspelt.

    Source: CodeLab; Mueller.
    """
    taken = known_names(source)
    for turn, node in enumerate(source.each(ast.Attribute)):
        wrong = misspelt(node.attr, taken, turn)
        if isinstance(node.ctx, ast.Load) and wrong:
            yield Edit(
                *method_span(source, node),
                wrong,
                f"the attribute `{wrong}`",
                f"The name `{wrong}` after the dot is misspelt: `{short(source.code(node.value))}` has nothing of that "
                f"name.",
                ("attribute", "method", "misspelt", "misspelled", "spelling", "typo", "name", wrong.lower()),
            )


@family("runtime")
def foreign_method(source: Source) -> Iterator[Edit]:
    """A method is called that other types or other languages have, but not this one.

    Source: Alzahrani 2021.
    """
    for node in method_calls(source, *_FOREIGN):
        wrong = _FOREIGN[node.func.attr]
        yield Edit(
            *method_span(source, node.func),
            wrong,
            f"the method `{wrong}`",
            f"The object `{short(source.code(node.func.value))}` has no method `{wrong}`.",
            ("method", "attribute", wrong.lower(), node.func.attr),
        )


@family("runtime")
def length_as_attribute(source: Source) -> Iterator[Edit]:
    """The length is asked for as an attribute, as in other languages: `x.length`.

    Source: Alzahrani 2021.
    """
    for turn, node in enumerate(calls(source, "len")):
        if len(node.args) == 1 and simple(node.args[0]) and "\n" not in source.code(node):
            wrong = ("length", "len()", "length()", "size()")[turn % 4]
            code = source.code(node.args[0])
            yield Edit(
                *source.span(node),
                f"{code}.{wrong}",
                f"the attribute `{wrong}`",
                f"The object `{code}` has no attribute `{wrong.removesuffix('()')}`: a function gives its length.",
                ("length", "len", "attribute", "method"),
            )


@family("runtime")
def called_with_square_brackets(source: Source) -> Iterator[Edit]:
    """A function is called with square brackets.

    Source: SIDE; Altadmri 2015.
    """
    for node in source.each(ast.Call):
        start, end = source.span(node.func)[1], source.span(node)[1]
        if node.args and not node.keywords and source.text[start] == "(" and isinstance(node.func, ast.Name):
            inside = source.text[start + 1 : end - 1]
            if "\n" not in inside:
                yield Edit(
                    start,
                    end,
                    f"[{inside}]",
                    f"the brackets after `{node.func.id}`",
                    f"The function `{node.func.id}` is called with square brackets where round ones are needed.",
                    (*_CALL, "square", "round"),
                )


@family("runtime")
def index_in_round_brackets(source: Source) -> Iterator[Edit]:
    """An element is taken with round brackets, as if the list were a function.

    Source: Altadmri 2015.
    """
    for node in source.each(ast.Subscript):
        start, end = source.span(node.value)[1], source.span(node)[1]
        if (
            isinstance(node.ctx, ast.Load)
            and not isinstance(node.slice, ast.Slice | ast.Tuple)
            and source.text[start] == "["
        ):
            inside, code = source.text[start + 1 : end - 1], short(source.code(node.value))
            if "\n" not in inside:
                yield Edit(
                    start,
                    end,
                    f"({inside})",
                    f"the brackets after `{code}`",
                    f"The element of `{code}` is taken with round brackets, so Python tries to call `{code}`.",
                    ("square", "round", "index", *_CALL),
                )


@family("runtime")
def missing_call_brackets(source: Source) -> Iterator[Edit]:
    """A function or method without arguments is named but not called, because its brackets are missing.

    Source: Altadmri 2015; Progmiscon; SIDE.
    """
    for node in source.each(ast.Call):
        start, end = source.span(node.func)[1], source.span(node)[1]
        if not node.args and not node.keywords and not isinstance(source.parents[node], ast.Expr):
            name = short(source.code(node.func))
            yield Edit(
                start,
                end,
                "",
                f"the brackets after `{name}`",
                f"The brackets after `{name}` are missing, so it is not called.",
                _CALL,
            )


@family("runtime")
def missing_times_sign(source: Source) -> Iterator[Edit]:
    """The `*` before a bracket is missing, as in algebra, so that a number is called.

    Source: Kohn 2017.
    """
    for node in source.each(ast.BinOp):
        if isinstance(node.op, ast.Mult) and source.enclosed(node.right) != source.span(node.right):
            start, end = source.enclosed(node.left)[1], source.enclosed(node.right)[0]
            code = source.code(node.left)
            yield Edit(
                start,
                end,
                "",
                f"the product of `{code}` and a bracket",
                f"The `*` between `{short(code)}` and the bracket is missing, so Python tries to call `{short(code)}`.",
                ("*", "multiplication", "multiply", "operator", *_CALL),
            )


@family("runtime")
def assigned_none(source: Source) -> Iterator[Edit]:
    """The result of a method that returns nothing is assigned.

    Source: SIDE.
    """
    for node in source.each(ast.Expr):
        call = node.value
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
        ):
            name, method = call.func.value.id, call.func.attr
            if method in ("append", "sort", "reverse", "extend", "insert", "remove", "add", "update"):
                start = source.span(node)[0]
                yield Edit(
                    start,
                    start,
                    f"{name} = ",
                    f"the assignment of `{name}.{method}`",
                    f"The method `{method}` changes `{name}` itself and returns `None`, so the assignment loses it.",
                    ("none", "returns", "return", "assign", "assigned", "assignment"),
                )
