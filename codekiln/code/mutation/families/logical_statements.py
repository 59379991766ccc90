"""Logical errors of statements that are missing or do not do what they look like."""

import ast

from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import (
    arguments,
    is_call,
    method_calls,
    removal_may_hang,
    removals,
    statement,
)
from codekiln.code.mutation.source import SourceCode
from codekiln.code.syntax import LOOPS, variables_in

_CONVERSIONS = ("int", "float", "str", "list", "set", "tuple", "sorted")
_TEXT_METHODS = ("strip", "lower", "upper", "replace", "title", "capitalize", "lstrip", "rstrip", "casefold")
_UPDATES = ("append", "add", "extend", "insert", "update", "remove", "pop", "appendleft")
_CHANGES = ("append", "sort", "remove", "pop", "insert", "reverse", "add")
_UNUSED = ("result", "assign", "assigned", "new", "return", "returns", "saved", "stored")


@family(
    "logical",
    "Alzahrani 2021",
    "Deng 2013",
    keywords=("missing", "update", "updated", "loop", "accumulate", "added", "append"),
)
def missing_update(source: SourceCode) -> Edits:
    """The statement that builds up a result in a loop is missing."""
    for node, (span, code) in removals(source, ast.AugAssign, ast.Expr):
        adds = isinstance(node, ast.AugAssign) or _adds(node.value)
        if adds and source.inside(node, *LOOPS) and not removal_may_hang(source, node):
            why = f"The update `{code}` is missing from the loop, so this step is never done."
            yield TextEdit(span, "", f"the missing update `{code}`", why)


def _adds(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _UPDATES


@family("logical", "Deng 2013", "King 1991", keywords=("missing", "call", "called", "statement", "line"))
def missing_call(source: SourceCode) -> Edits:
    """A call that changes or shows something is missing."""
    for node, (span, code) in removals(source, ast.Expr):
        update = _adds(node.value) and source.inside(node, *LOOPS)
        if isinstance(node.value, ast.Call) and not update and not removal_may_hang(source, node):
            shows = is_call(node.value, "print")
            effect = "nothing is printed there" if shows else "what it changes stays as it was"
            yield TextEdit(span, "", f"the missing call `{code}`", f"The call `{code}` is missing, so {effect}.")


@family(
    "logical",
    "Deng 2013",
    "Alzahrani 2021",
    keywords=("missing", "assignment", "assigned", "update", "updated", "value"),
)
def missing_assignment(source: SourceCode) -> Edits:
    """The statement that gives a variable its new value is missing."""
    for node, (span, code) in removals(source, ast.Assign):
        match node.targets:
            case [ast.Name(id=name)] if _had_a_value(source, node, name) and not removal_may_hang(source, node):
                why = f"The assignment `{code}` is missing, so `{name}` keeps its old value."
                yield TextEdit(span, "", f"the missing assignment `{code}`", why)


def _had_a_value(source: SourceCode, node: ast.Assign, name: str) -> bool:
    """Say whether a variable has a value before this statement, whatever branches were taken."""
    function = source.function(node)
    if not isinstance(function, ast.Module) and name in arguments(function):
        return True
    return any(
        child.id == name and isinstance(child.ctx, ast.Store) and child.lineno < node.lineno
        for child in source.each(ast.Name)
        if source.function(child) is function and _is_within(source, node, source.block(statement(source, child)))
    )


def _is_within(source: SourceCode, node: ast.AST, block: list[ast.stmt]) -> bool:
    while node in source.parents:
        if node in block:
            return True
        node = source.parents[node]
    return False


@family("logical", "SIDE", "Altadmri 2015", keywords=_UNUSED)
def unused_result(source: SourceCode) -> Edits:
    """A method that gives a new text is called, but its result is not kept."""
    for node in source.each(ast.Assign):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=same), attr=method)),
            ) if same == name and method in _TEXT_METHODS:
                span, effect = (source.start(node), source.start(node.value)), "does not change the text itself"
                why = f"The result of `{method}` is not assigned to `{name}`, and the method {effect}."
                yield TextEdit(span, "", f"the call of `{method}`", why)


@family("logical", "SIDE", keywords=_UNUSED)
def unused_conversion(source: SourceCode) -> Edits:
    """A conversion is called, but its result is not kept."""
    for node in source.each(ast.Assign):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=function), args=[ast.Name(id=same)])
            ) if same == name and function in _CONVERSIONS:
                span, effect = (source.start(node), source.start(node.value)), f"does not change `{name}` itself"
                why = f"The result of `{function}` is not assigned to `{name}`, and the call {effect}."
                yield TextEdit(span, "", f"the call `{source.code(node.value)}`", why)


@family("logical", "Progmiscon", keywords=("copy", "copies", "copied", "same", "alias", "reference"))
def shared_list(source: SourceCode) -> Edits:
    """A list is not copied, so that two names stand for one list."""
    changed = _changed_in_place(source)
    for node in source.each(ast.Assign):
        original = _copied(node.value)
        match node.targets:
            case [ast.Name(id=name)] if original and {name, *variables_in(original)} & changed:
                code = source.code(original)
                effect = "both names stand for one object and change together"
                why = f"The assignment does not copy `{code}`, so {effect}."
                yield TextEdit(source.span(node.value), code, f"the assignment of `{code}`", why)


def _changed_in_place(source: SourceCode) -> set[str]:
    """Return the names of lists, sets and dictionaries that the program changes."""
    found = {method.value for _, method in method_calls(source, *_CHANGES)}
    found |= {node.value for node in source.each(ast.Subscript) if not isinstance(node.ctx, ast.Load)}
    return {node.id for node in found if isinstance(node, ast.Name)}


def _copied(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Call(func=ast.Attribute(value=original, attr="copy"), args=[]):
            return original
        case ast.Call(func=ast.Name(id="list" | "dict" | "set"), args=[ast.Name() as original], keywords=[]):
            return original
        case ast.Subscript(value=original, slice=ast.Slice(lower=None, upper=None, step=None)):
            return original
    return None


@family("logical", "Alzahrani 2021", keywords=("comprehension", "element", "value", "collects"))
def wrong_element(source: SourceCode) -> Edits:
    """A comprehension gives the element itself where it should give something made of it."""
    for node in source.each(ast.ListComp, ast.SetComp, ast.GeneratorExp):
        target, made = node.generators[0].target, isinstance(node.elt, ast.BinOp | ast.UnaryOp | ast.IfExp)
        if made and isinstance(target, ast.Name) and target.id in variables_in(node.elt):
            code = source.code(node.elt)
            if "\n" not in code:
                construct = f"the element `{target.id}` of the comprehension"
                why = f"The comprehension collects `{target.id}` itself where it must collect `{code}`."
                yield TextEdit(source.enclosed(node.elt), target.id, construct, why, (target.id.lower(),))
