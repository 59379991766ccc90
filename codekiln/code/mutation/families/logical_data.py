"""Logical errors in what is used: the wrong variable, argument, function or method, or a step that is left out."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import short
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import (
    calls,
    containers,
    in_while_test,
    method_calls,
    method_span,
    simple,
    statement,
    steers_while,
    variables,
)
from codekiln.code.mutation.source import Source

_FUNCTIONS = {"max": "min", "min": "max", "any": "all", "all": "any", "sum": "len"}
_METHODS = {
    "upper": "lower",
    "lower": "upper",
    "startswith": "endswith",
    "endswith": "startswith",
    "isupper": "islower",
    "islower": "isupper",
    "isdigit": "isalpha",
    "isalpha": "isalnum",
    "isalnum": "isalpha",
    "lstrip": "rstrip",
    "rstrip": "lstrip",
    "find": "rfind",
    "rfind": "find",
    "extend": "append",
    "popleft": "pop",
    "union": "intersection",
    "intersection": "union",
    "floor": "ceil",
    "ceil": "floor",
}
_STEPS = ("sorted", "abs", "round", "set")
_TEXT_STEPS = ("strip", "lower", "upper", "lstrip", "rstrip", "replace", "title", "capitalize", "casefold", "copy")
_VARIABLE = ("variable", "name", "wrong")


@family("logical")
def wrong_variable(source: Source) -> Iterator[Edit]:
    """Another variable is used than the right one.

    Source: BugLab 2021; King 1991; Alzahrani 2021.
    """
    many = containers(source)
    for node in source.each(ast.Name):
        if not isinstance(node.ctx, ast.Load) or in_while_test(source, node):
            continue
        known = variables(source, node)
        alike = [name for name in known if name != node.id and (name in many) == (node.id in many)]
        others = [name for name in alike if not _receives(source, node, name)]
        if node.id in known and not _is_receiver(source, node) and not steers_while(source, statement(source, node)):
            for wrong in others[-2:]:
                yield Edit(
                    *source.span(node),
                    wrong,
                    f"the variable `{wrong}`",
                    f"The variable `{wrong}` is used where `{node.id}` is needed.",
                    (*_VARIABLE, wrong.lower(), node.id.lower()),
                )


def _is_receiver(source: Source, node: ast.Name) -> bool:
    """Say whether the name is what a method is called on or what is called: another one there seldom fits."""
    parent = source.parents[node]
    return isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node)


def _receives(source: Source, node: ast.Name, name: str) -> bool:
    """Say whether ``name`` is the collection that the value is put into: nothing sensible contains itself."""
    call = source.parents[node]
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=receiver))):
            return receiver == name
    return False


@family("logical")
def swapped_arguments(source: Source) -> Iterator[Edit]:
    """Two arguments of a call are in the wrong order.

    Source: BugLab 2021; Altadmri 2015.
    """
    fixed = ("isinstance", "print", "max", "min", "gcd", "getattr", "hasattr", "map", "filter", "accumulate", "sub")
    for node in source.each(ast.Call):
        if getattr(node.func, "attr", getattr(node.func, "id", "")) in (*fixed, "insert", "sum", "round", "get"):
            continue
        for left, right in zip(node.args, node.args[1:], strict=False):
            first, last = source.span(left), source.span(right)
            one, other = source.code(left), source.code(right)
            if one != other and simple(left) and simple(right) and "\n" not in source.text[first[0] : last[1]]:
                function = source.code(node.func)
                yield Edit(
                    first[0],
                    last[1],
                    other + source.text[first[1] : last[0]] + one,
                    f"the arguments of `{short(function)}`",
                    f"The arguments `{one}` and `{other}` of `{short(function)}` are in the wrong order.",
                    ("arguments", "order", "swapped", "argument", "parameters"),
                )


@family("logical")
def swapped_indexes(source: Source) -> Iterator[Edit]:
    """The two indexes of a table are swapped.

    Source: Alzahrani 2021.
    """
    for node in source.each(ast.Subscript):
        inner = node.value
        if isinstance(inner, ast.Subscript) and simple(inner.slice) and simple(node.slice):
            first, last = source.span(inner.slice), source.span(node.slice)
            one, other = source.code(inner.slice), source.code(node.slice)
            if one != other:
                yield Edit(
                    first[0],
                    last[1],
                    other + source.text[first[1] : last[0]] + one,
                    f"the indexes of `{source.code(inner.value)}`",
                    f"The indexes `{one}` and `{other}` of `{source.code(inner.value)}` are swapped, so the wrong "
                    f"element is used.",
                    ("index", "indexes", "indices", "swapped", "row", "column", "order"),
                )


@family("logical")
def wrong_function(source: Source) -> Iterator[Edit]:
    """A function or method is called that does the opposite or something similar.

    Source: MutPy; Alzahrani 2021.
    """
    plain = [(node, node.func.id, source.span(node.func)) for node in calls(source, *_FUNCTIONS)]
    methods = [(node, node.func.attr, method_span(source, node.func)) for node in method_calls(source, *_METHODS)]
    for node, right, span in plain + methods:
        wrong = {**_FUNCTIONS, **_METHODS}[right]
        if right == "sum" and (len(node.args) > 1 or isinstance(node.args[0], ast.GeneratorExp)):
            continue
        yield Edit(
            *span,
            wrong,
            f"the call of `{wrong}`",
            f"The call uses `{wrong}` where `{right}` is needed.",
            ("function", "method", "call", wrong, right),
        )


@family("logical")
def missing_step(source: Source) -> Iterator[Edit]:
    """A function that should be applied to a value is left out.

    Source: Alzahrani 2021.
    """
    for node in calls(source, *_STEPS):
        if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
            parent = source.parents[node]
            digits = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "str"
            if isinstance(parent, ast.Expr) or digits or in_while_test(source, node):
                continue
            function, code = node.func.id, source.code(node.args[0])
            yield Edit(
                *source.span(node),
                code,
                f"the value `{short(code)}`",
                f"The call of `{function}` around `{short(code)}` is missing.",
                (function, "missing", "call", "function"),
            )


@family("logical")
def missing_method(source: Source) -> Iterator[Edit]:
    """A method that should be applied to a text or a list is left out.

    Source: SIDE; Alzahrani 2021.
    """
    for node in method_calls(source, *_TEXT_STEPS):
        end = source.span(node.func.value)[1]
        if not isinstance(source.parents[node], ast.Expr):
            code, method = source.code(node.func.value), node.func.attr
            yield Edit(
                source.enclosed(node.func.value)[1] if source.text[end : end + 1] == ")" else end,
                source.span(node)[1],
                "",
                f"the value `{short(code)}`",
                f"The call of the method `{method}` on `{short(code)}` is missing.",
                (method, "missing", "method", "call"),
            )


@family("logical")
def missing_option(source: Source) -> Iterator[Edit]:
    """An argument that a call could do without, but not here, is missing.

    Source: Poodle; Alzahrani 2021.
    """
    optional = {"round": 1, "enumerate": 1, "pow": 2, "sum": 1, "split": 0, "strip": 0, "rstrip": 0, "lstrip": 0}
    optional |= {"get": 1, "pop": 0, "index": 1, "find": 1, "count": 1, "replace": 2, "int": 1}
    for node in source.each(ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        items = [*node.args, *node.keywords]
        keyword = bool(node.keywords) and node.keywords[-1].arg in ("reverse", "key", "end", "sep", "default", "start")
        if items and (keyword or (not node.keywords and optional.get(name, len(items)) < len(node.args))):
            code = source.code(items[-1])
            start = source.enclosed(items[-2])[1] if len(items) > 1 else source.span(items[-1])[0]
            if "\n" not in source.text[start : source.span(items[-1])[1]]:
                yield Edit(
                    start,
                    source.enclosed(items[-1])[1] if not keyword else source.span(items[-1])[1],
                    "",
                    f"the call of `{name}`",
                    f"The call of `{name}` lacks the argument `{code}`.",
                    ("argument", "missing", "option", name.lower()),
                )


@family("logical")
def wrong_separator(source: Source) -> Iterator[Edit]:
    """Texts are joined or split with the wrong separator.

    Source: BugLab 2021.
    """
    for node in method_calls(source, "join"):
        value = node.func.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value) < 3:
            wrong = '" "' if value.value != " " else '""'
            yield Edit(
                *source.span(value),
                wrong,
                f"the separator `{wrong}`",
                f"The parts are joined with {wrong} between them, where {source.code(value)} is needed.",
                ("separator", "join", "joined", "space", "between"),
            )


@family("logical")
def characters_for_words(source: Source) -> Iterator[Edit]:
    """A text is gone through by characters, because it is not split into words.

    Source: Endres; Alzahrani 2021.
    """
    for node in method_calls(source, "split"):
        parent = source.parents[node]
        unpacked = isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple | ast.List)
        if not isinstance(parent, ast.Expr) and not unpacked:
            code = source.code(node.func.value)
            yield Edit(
                source.enclosed(node.func.value)[1],
                source.span(node)[1],
                "",
                f"the text `{short(code)}`",
                f"The text `{short(code)}` is not split, so its characters are used instead of its words.",
                ("split", "words", "characters", "parts"),
            )
