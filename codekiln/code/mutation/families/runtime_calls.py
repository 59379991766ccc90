"""Runtime errors about calls: their arguments, their brackets, attributes and methods."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import shown_line
from codekiln.code.mutation.families.runtime_names import known_names, misspelt
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import calls, is_simple, method_calls, method_span
from codekiln.code.mutation.source import SourceCode
from codekiln.code.syntax import FUNCTIONS, Function, callee

_ARGUMENT = ("argument", "arguments", "parameter", "parameters")
_CALL = ("call", "calls", "called", "brackets", "parentheses", "bracket")
_NUMBER_OF_ARGUMENTS = {
    **dict.fromkeys(("len", "abs", "ord", "chr", "sorted", "append", "extend", "add", "remove"), 1),
    **dict.fromkeys(("startswith", "join", "sqrt", "index", "count"), 1),
    **dict.fromkeys(("isinstance", "insert"), 2),
}
_FOREIGN = {
    "append": "add",
    "add": "append",
    "upper": "toUpper",
    "lower": "toLower",
    "extend": "addAll",
    "startswith": "startsWith",
    "endswith": "endsWith",
    "strip": "trim",
    "isdigit": "isnumber",
    "remove": "delete",
}
_RETURN_NONE = ("append", "sort", "reverse", "extend", "insert", "remove", "add", "update")


def _own_functions(source: SourceCode) -> dict[str, Function]:
    """Return the functions of the program that take a fixed number of arguments."""
    return {
        node.name: node
        for node in source.each(*FUNCTIONS)
        if not (node.args.vararg or node.args.kwarg or node.args.defaults or node.args.kwonlyargs)
    }


def _exact_calls(source: SourceCode) -> Iterator[tuple[ast.Call, str]]:
    """Yield calls with exactly the arguments that their function takes, at least one, with the function's text."""
    own = _own_functions(source)
    for node in source.each(ast.Call):
        if not node.args or node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in own:
            needed: int | None = len(own[node.func.id].args.args)
        else:
            needed = _NUMBER_OF_ARGUMENTS.get(callee(node))
        if needed == len(node.args):
            yield node, shown_line(source.code(node.func))


@family("runtime", "Altadmri 2015", keywords=(*_ARGUMENT, "missing"))
def missing_argument(source: SourceCode) -> Edits:
    """A call has fewer arguments than its function needs."""
    for node, name in _exact_calls(source):
        *others, last = node.args
        # The comma before an argument goes with it; the brackets around a single argument are those of the call.
        span = (source.enclosed(others[-1])[1], source.enclosed(last)[1]) if others else source.span(last)
        why = f"The call of `{name}` lacks an argument: `{shown_line(source.code(last))}` is missing."
        yield TextEdit(span, "", f"the call of `{name}`", why)


@family("runtime", "Altadmri 2015", keywords=(*_ARGUMENT, "too many", "extra"))
def extra_argument(source: SourceCode) -> Edits:
    """A call has more arguments than its function takes."""
    for node, name in _exact_calls(source):
        # The brackets around a single argument are those of the call.
        end = source.enclosed(node.args[-1])[1] if len(node.args) > 1 else source.end(node.args[-1])
        why = f"The call of `{name}` has one argument too many."
        yield TextEdit((end, end), ", 1", f"the call of `{name}`", why)


@family("runtime", "Altadmri 2015", keywords=(*_ARGUMENT, "missing"))
def missing_parameter(source: SourceCode) -> Edits:
    """A function is defined with fewer parameters than it is called with."""
    for name, node in _own_functions(source).items():
        if node.args.args and not node.args.posonlyargs:
            *others, last = node.args.args
            start = source.end(others[-1]) if others else source.start(last)
            why = f"The function `{name}` is defined without the parameter `{last.arg}`, which it needs."
            edit = (start, source.end(last)), "", f"the parameters of `{name}`"
            yield TextEdit(*edit, why, (last.arg.lower(),))


@family(
    "runtime",
    "CodeLab",
    "Mueller",
    keywords=("attribute", "method", "misspelt", "misspelled", "spelling", "typo", "name"),
)
def misspelt_attribute(source: SourceCode) -> Edits:
    """The name of a method or an attribute is misspelt."""
    taken = known_names(source)
    for turn, node in enumerate(source.each(ast.Attribute)):
        wrong = misspelt(node.attr, taken, turn)
        if isinstance(node.ctx, ast.Load) and wrong:
            code = shown_line(source.code(node.value))
            why = f"The name `{wrong}` after the dot is misspelt: `{code}` has nothing of that name."
            yield TextEdit(method_span(source, node), wrong, f"the attribute `{wrong}`", why, (wrong.lower(),))


@family("runtime", "Alzahrani 2021", keywords=("method", "attribute"))
def foreign_method(source: SourceCode) -> Edits:
    """A method is called that other types or other languages have, but not this one."""
    for _, method in method_calls(source, *_FOREIGN):
        wrong = _FOREIGN[method.attr]
        why = f"The object `{shown_line(source.code(method.value))}` has no method `{wrong}`."
        keywords = wrong.lower(), method.attr
        yield TextEdit(method_span(source, method), wrong, f"the method `{wrong}`", why, keywords)


@family("runtime", "Alzahrani 2021", keywords=("length", "len", "attribute", "method"))
def length_as_attribute(source: SourceCode) -> Edits:
    """The length is asked for as an attribute, as in other languages: `x.length`."""
    for turn, (node, _) in enumerate(calls(source, "len")):
        # Anything else would need brackets before the dot.
        if len(node.args) == 1 and is_simple(node.args[0]) and source.on_one_line(*source.span(node)):
            wrong = ("length", "len()", "length()", "size()")[turn % 4]
            code, name = source.code(node.args[0]), wrong.removesuffix("()")
            why = f"The object `{code}` has no attribute `{name}`: a function gives its length."
            yield TextEdit(source.span(node), f"{code}.{wrong}", f"the attribute `{wrong}`", why)


@family("runtime", "SIDE", "Altadmri 2015", keywords=(*_CALL, "square", "round"))
def called_with_square_brackets(source: SourceCode) -> Edits:
    """A function is called with square brackets."""
    for node in source.each(ast.Call):
        start, end = source.end(node.func), source.end(node)
        match node:
            case ast.Call(func=ast.Name(id=name), args=[_, *_], keywords=[]) if source.text[start] == "(":
                text = f"[{source.text[start + 1 : end - 1]}]"
                why = f"The function `{name}` is called with square brackets where round ones are needed."
                if "\n" not in text:
                    yield TextEdit((start, end), text, f"the brackets after `{name}`", why)


@family("runtime", "Altadmri 2015", keywords=("square", "round", "index", *_CALL))
def index_in_round_brackets(source: SourceCode) -> Edits:
    """An element is taken with round brackets, as if the list were a function."""
    for node in source.each(ast.Subscript):
        start, end = source.end(node.value), source.end(node)
        element = isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Slice | ast.Tuple)
        if element and source.text[start] == "[" and source.on_one_line(start, end):
            code, text = shown_line(source.code(node.value)), f"({source.text[start + 1 : end - 1]})"
            why = f"The element of `{code}` is taken with round brackets, so Python tries to call `{code}`."
            yield TextEdit((start, end), text, f"the brackets after `{code}`", why)


@family("runtime", "Altadmri 2015", "Progmiscon", "SIDE", keywords=_CALL)
def missing_call_brackets(source: SourceCode) -> Edits:
    """A function or method without arguments is named but not called, because its brackets are missing."""
    for node in source.each(ast.Call):
        # A statement that only names a function raises nothing: it does nothing.
        if not node.args and not node.keywords and not isinstance(source.parents[node], ast.Expr):
            name, span = shown_line(source.code(node.func)), (source.end(node.func), source.end(node))
            why = f"The brackets after `{name}` are missing, so it is not called."
            yield TextEdit(span, "", f"the brackets after `{name}`", why)


@family("runtime", "Kohn 2017", keywords=("*", "multiplication", "multiply", "operator", *_CALL))
def missing_times_sign(source: SourceCode) -> Edits:
    """The `*` before a bracket is missing, as in algebra, so that a number is called."""
    for node in source.each(ast.BinOp):
        # Without brackets around the right operand the text would be a syntax error.
        if isinstance(node.op, ast.Mult) and source.enclosed(node.right) != source.span(node.right):
            code, span = source.code(node.left), (source.enclosed(node.left)[1], source.enclosed(node.right)[0])
            effect = f"Python tries to call `{shown_line(code)}`"
            why = f"The `*` between `{shown_line(code)}` and the bracket is missing, so {effect}."
            yield TextEdit(span, "", f"the product of `{code}` and a bracket", why)


@family("runtime", "SIDE", keywords=("none", "returns", "return", "assign", "assigned", "assignment"))
def assigned_none(source: SourceCode) -> Edits:
    """The result of a method that returns nothing is assigned."""
    for node in source.each(ast.Expr):
        match node.value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _RETURN_NONE:
                effect = f"changes `{name}` itself and returns `None`, so the assignment loses it"
                construct = f"the assignment of `{name}.{method}`"
                yield TextEdit(source.before(node), f"{name} = ", construct, f"The method `{method}` {effect}.")
