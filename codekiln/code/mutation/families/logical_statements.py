"""Logical errors of statements that are missing or do not do what they look like."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.blocks import short
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import (
    COMPREHENSIONS,
    method_calls,
    names,
    removed,
    statement,
    steers_while,
)
from codekiln.code.mutation.source import LOOPS, Source

_CONVERSIONS = ("int", "float", "str", "list", "set", "tuple", "sorted")
_TEXT_METHODS = ("strip", "lower", "upper", "replace", "title", "capitalize", "lstrip", "rstrip", "casefold")


@family("logical")
def missing_update(source: Source) -> Iterator[Edit]:
    """The statement that builds up a result in a loop is missing.

    Source: Alzahrani 2021; Deng 2013.
    """
    for node in source.each(ast.AugAssign, ast.Expr):
        adds = isinstance(node, ast.AugAssign) or _adds(node.value)
        edit = removed(source, node)
        if adds and edit and source.inside(node, *LOOPS) and not steers_while(source, node):
            code = short(source.code(node))
            yield Edit(
                *edit,
                f"the missing update `{code}`",
                f"The update `{code}` is missing from the loop, so its result never changes there.",
                ("missing", "update", "updated", "loop", "accumulate", "added", "append"),
            )


def _adds(node: ast.expr) -> bool:
    names = ("append", "add", "extend", "insert", "update", "remove", "pop", "appendleft")
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names


@family("logical")
def missing_call(source: Source) -> Iterator[Edit]:
    """A call that changes or shows something is missing.

    Source: Deng 2013; King 1991.
    """
    for node in source.each(ast.Expr):
        if isinstance(node.value, ast.Call) and not (_adds(node.value) and source.inside(node, *LOOPS)):
            edit, code = removed(source, node), short(source.code(node))
            shows = isinstance(node.value.func, ast.Name) and node.value.func.id == "print"
            effect = "nothing is printed there" if shows else "what it changes stays as it was"
            if edit and not steers_while(source, node):
                yield Edit(
                    *edit,
                    f"the missing call `{code}`",
                    f"The call `{code}` is missing, so {effect}.",
                    ("missing", "call", "called", "statement", "line"),
                )


@family("logical")
def missing_assignment(source: Source) -> Iterator[Edit]:
    """The statement that gives a variable its new value is missing.

    Source: Deng 2013; Alzahrani 2021.
    """
    for node in source.each(ast.Assign):
        match node.targets:
            case [ast.Name(id=name)] if _had_a_value(source, node, name) and not steers_while(source, node):
                if edit := removed(source, node):
                    code = short(source.code(node))
                    yield Edit(
                        *edit,
                        f"the missing assignment `{code}`",
                        f"The assignment `{code}` is missing, so `{name}` keeps its old value.",
                        ("missing", "assignment", "assigned", "update", "updated", "value"),
                    )


def _had_a_value(source: Source, node: ast.Assign, name: str) -> bool:
    """Say whether a variable has a value before this statement, whatever branches were taken."""
    function = source.function(node)
    arguments = (
        [item.arg for item in ast.walk(function) if isinstance(item, ast.arg)] if function != source.tree else []
    )
    return name in arguments or any(
        child.id == name and isinstance(child.ctx, ast.Store) and child.lineno < node.lineno
        for child in source.each(ast.Name)
        if source.function(child) is function and _around(source, source.block(statement(source, child)), node)
    )


def _around(source: Source, block: list[ast.stmt], node: ast.AST) -> bool:
    while node in source.parents:
        if node in block:
            return True
        node = source.parents[node]
    return False


@family("logical")
def unused_result(source: Source) -> Iterator[Edit]:
    """A method that gives a new text is called, but its result is not kept.

    Source: SIDE; Altadmri 2015.
    """
    for node in source.each(ast.Assign):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=same), attr=method)),
            ) if same == name and method in _TEXT_METHODS:
                yield Edit(
                    source.span(node)[0],
                    source.span(node.value)[0],
                    "",
                    f"the call of `{method}`",
                    f"The result of `{method}` is not assigned to `{name}`, and the method does not change the text "
                    f"itself.",
                    ("result", "assign", "assigned", "new", "return", "returns", "saved", "stored"),
                )


@family("logical")
def unused_conversion(source: Source) -> Iterator[Edit]:
    """A conversion is called, but its result is not kept.

    Source: SIDE.
    """
    for node in source.each(ast.Assign):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=function), args=[ast.Name(id=same)])
            ) if same == name and function in _CONVERSIONS:
                yield Edit(
                    source.span(node)[0],
                    source.span(node.value)[0],
                    "",
                    f"the call `{source.code(node.value)}`",
                    f"The result of `{function}` is not assigned to `{name}`, and the call does not change `{name}` "
                    f"itself.",
                    ("result", "assign", "assigned", "new", "return", "returns", "saved", "stored"),
                )


@family("logical")
def shared_list(source: Source) -> Iterator[Edit]:
    """A list is not copied, so that two names stand for one list.

    Source: Progmiscon.
    """
    for node in source.each(ast.Assign):
        original = _copied(node.value)
        named = original is not None and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if named and {node.targets[0].id, *names(original)} & _changed_in_place(source):
            code = source.code(original)
            yield Edit(
                *source.span(node.value),
                code,
                f"the assignment of `{code}`",
                f"The assignment does not copy `{code}`, so both names stand for one object and change together.",
                ("copy", "copies", "copied", "same", "alias", "reference"),
            )


def _changed_in_place(source: Source) -> set[str]:
    """Return the names of lists, sets and dictionaries that the program changes."""
    found = {
        node.func.value for node in method_calls(source, "append", "sort", "remove", "pop", "insert", "reverse", "add")
    }
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


@family("logical")
def wrong_element(source: Source) -> Iterator[Edit]:
    """A comprehension gives the element itself where it should give something made of it.

    Source: Alzahrani 2021.
    """
    for node in source.each(*COMPREHENSIONS):
        target = node.generators[0].target
        if isinstance(node, ast.DictComp) or not isinstance(target, ast.Name):
            continue
        if not isinstance(node.elt, ast.BinOp | ast.UnaryOp | ast.IfExp):
            continue
        if target.id in {child.id for child in ast.walk(node.elt) if isinstance(child, ast.Name)}:
            code = source.code(node.elt)
            if "\n" not in code:
                yield Edit(
                    *source.enclosed(node.elt),
                    target.id,
                    f"the element `{target.id}` of the comprehension",
                    f"The comprehension collects `{target.id}` itself where it must collect `{code}`.",
                    ("comprehension", "element", "value", "collects", target.id.lower()),
                )
