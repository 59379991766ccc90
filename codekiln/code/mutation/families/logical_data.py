"""Logical errors in what is used: the wrong variable, argument, function or method, or a step that is left out."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from codekiln.code.mutation.blocks import shown_line, swapped
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.replacements import FUNCTIONS, TEXT_METHODS
from codekiln.code.mutation.scope_analysis import (
    calls,
    change_may_hang,
    containers,
    in_while_test,
    is_call,
    is_simple,
    method_calls,
    method_span,
    variables,
)
from codekiln.code.mutation.source import SourceCode, Span
from codekiln.code.syntax import callee

_METHODS = {
    **TEXT_METHODS,
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
_ORDERED = {"isinstance", "print", "max", "min", "gcd", "getattr", "hasattr", "map", "filter", "accumulate", "sub"}
_ORDERED |= {"insert", "sum", "round", "get"}
"""Calls whose arguments nobody swaps by mistake, or whose value stays the same."""
_REQUIRED = {"round": 1, "enumerate": 1, "pow": 2, "sum": 1, "split": 0, "strip": 0, "rstrip": 0, "lstrip": 0}
_REQUIRED |= {"get": 1, "pop": 0, "index": 1, "find": 1, "count": 1, "replace": 2, "int": 1}
"""How many arguments a call needs; those after them can be left out."""
_OPTIONS = ("reverse", "key", "end", "sep", "default", "start")


@family("logical", "BugLab 2021", "King 1991", "Alzahrani 2021", keywords=("variable", "name", "wrong"))
def wrong_variable(source: SourceCode) -> Edits:
    """Another variable is used than the right one."""
    many = containers(source)
    for node in source.each(ast.Name):
        if not isinstance(node.ctx, ast.Load) or in_while_test(source, node):
            continue
        known = variables(source, node)
        alike = [name for name in known if name != node.id and (name in many) == (node.id in many)]
        others = [name for name in alike if not _receives(source, node, name)]
        if node.id in known and not _is_receiver(source, node) and not change_may_hang(source, node):
            # The two assigned last are the nearest; with all of them most mutations would be of this family.
            for wrong in others[-2:]:
                why = f"The variable `{wrong}` is used where `{node.id}` is needed."
                keywords = wrong.lower(), node.id.lower()
                yield TextEdit(source.span(node), wrong, f"the variable `{wrong}`", why, keywords)


def _is_receiver(source: SourceCode, node: ast.Name) -> bool:
    """Say whether the name is what a method is called on or what is called: another one there seldom fits."""
    parent = source.parents[node]
    return isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node)


def _receives(source: SourceCode, node: ast.Name, name: str) -> bool:
    """Say whether ``name`` is the collection that the value is put into: nothing sensible contains itself."""
    match source.parents[node]:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=receiver))):
            return receiver == name
    return False


@family("logical", "BugLab 2021", "Altadmri 2015", keywords=("arguments", "order", "swapped", "argument", "parameters"))
def swapped_arguments(source: SourceCode) -> Edits:
    """Two arguments of a call are in the wrong order."""
    for node in source.each(ast.Call):
        if callee(node) in _ORDERED:
            continue
        function = shown_line(source.code(node.func))
        for left, right in pairwise(node.args):
            one, other = source.code(left), source.code(right)
            plain = is_simple(left) and is_simple(right) and source.on_one_line(source.start(left), source.end(right))
            if one != other and plain:
                why = f"The arguments `{one}` and `{other}` of `{function}` are in the wrong order."
                edit = swapped(source, source.span(left), source.span(right))
                yield TextEdit(*edit, f"the arguments of `{function}`", why)


@family("logical", "Alzahrani 2021", keywords=("index", "indexes", "indices", "swapped", "row", "column", "order"))
def swapped_indexes(source: SourceCode) -> Edits:
    """The two indexes of a table are swapped."""
    for node in source.each(ast.Subscript):
        inner = node.value
        if isinstance(inner, ast.Subscript) and is_simple(inner.slice) and is_simple(node.slice):
            one, other, table = source.code(inner.slice), source.code(node.slice), source.code(inner.value)
            if one != other:
                why = f"The indexes `{one}` and `{other}` of `{table}` are swapped, so the wrong element is used."
                edit = swapped(source, source.span(inner.slice), source.span(node.slice))
                yield TextEdit(*edit, f"the indexes of `{table}`", why)


@family("logical", "MutPy", "Alzahrani 2021", keywords=("function", "method", "call"))
def wrong_function(source: SourceCode) -> Edits:
    """A function or method is called that does the opposite or something similar."""
    for right, wrong, span in _wrong_calls(source):
        why = f"The call uses `{wrong}` where `{right}` is needed."
        yield TextEdit(span, wrong, f"the call of `{wrong}`", why, (wrong, right))


def _wrong_calls(source: SourceCode) -> Iterator[tuple[str, str, Span]]:
    for node, name in calls(source, *FUNCTIONS):
        summed = name.id == "sum" and (len(node.args) != 1 or isinstance(node.args[0], ast.GeneratorExp))
        if not summed:  # ``len`` takes no start value and no generator
            yield name.id, FUNCTIONS[name.id], source.span(name)
    for _, method in method_calls(source, *_METHODS):
        yield method.attr, _METHODS[method.attr], method_span(source, method)


@family("logical", "Alzahrani 2021")
def missing_step(source: SourceCode) -> Edits:
    """A function that should be applied to a value is left out."""
    for node, name in calls(source, *_STEPS):
        if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
            parent = source.parents[node]
            if isinstance(parent, ast.Expr) or is_call(parent, "str") or in_while_test(source, node):
                continue
            code = source.code(node.args[0])
            why = f"The call of `{name.id}` around `{shown_line(code)}` is missing."
            keywords = name.id, "missing", "call", "function"
            yield TextEdit(source.span(node), code, f"the value `{shown_line(code)}`", why, keywords)


@family("logical", "SIDE", "Alzahrani 2021")
def missing_method(source: SourceCode) -> Edits:
    """A method that should be applied to a text or a list is left out."""
    for node, method in method_calls(source, *_TEXT_STEPS):
        if not isinstance(source.parents[node], ast.Expr):
            code, end = shown_line(source.code(method.value)), source.end(method.value)
            start = source.enclosed(method.value)[1] if source.text[end : end + 1] == ")" else end
            why = f"The call of the method `{method.attr}` on `{code}` is missing."
            keywords = method.attr, "missing", "method", "call"
            yield TextEdit((start, source.end(node)), "", f"the value `{code}`", why, keywords)


@family("logical", "Poodle", "Alzahrani 2021", keywords=("argument", "missing", "option"))
def missing_option(source: SourceCode) -> Edits:
    """An argument that a call could do without, but not here, is missing."""
    for node in source.each(ast.Call):
        name = callee(node)
        items: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        keyword = bool(node.keywords) and node.keywords[-1].arg in _OPTIONS
        if items and (keyword or (not node.keywords and _REQUIRED.get(name, len(items)) < len(node.args))):
            last = items[-1]
            start = source.enclosed(items[-2])[1] if len(items) > 1 else source.start(last)
            end = source.end(last) if keyword else source.enclosed(last)[1]
            if source.on_one_line(start, source.end(last)):
                why = f"The call of `{name}` lacks the argument `{source.code(last)}`."
                yield TextEdit((start, end), "", f"the call of `{name}`", why, (name.lower(),))


@family("logical", "BugLab 2021", keywords=("separator", "join", "joined", "space", "between"))
def wrong_separator(source: SourceCode) -> Edits:
    """Texts are joined or split with the wrong separator."""
    for _, method in method_calls(source, "join"):
        value = method.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value) < 3:
            wrong = '" "' if value.value != " " else '""'
            why = f"The parts are joined with {wrong} between them, where {source.code(value)} is needed."
            yield TextEdit(source.span(value), wrong, f"the separator `{wrong}`", why)


@family("logical", "Endres", "Alzahrani 2021", keywords=("split", "words", "characters", "parts"))
def characters_for_words(source: SourceCode) -> Edits:
    """A text is gone through by characters, because it is not split into words."""
    for node, method in method_calls(source, "split"):
        parent = source.parents[node]
        unpacked = isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple | ast.List)
        if not isinstance(parent, ast.Expr) and not unpacked:
            code, span = shown_line(source.code(method.value)), (source.enclosed(method.value)[1], source.end(node))
            why = f"The text `{code}` is not split, so its characters are used instead of its words."
            yield TextEdit(span, "", f"the text `{code}`", why)
