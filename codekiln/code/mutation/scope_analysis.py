"""Queries about a program that several families share: removable statements, variables in scope, calls, loops."""

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar, overload

from codekiln.code.mutation.blocks import shown_line
from codekiln.code.mutation.source import Located, SourceCode, Span
from codekiln.code.syntax import COMPREHENSIONS, FUNCTIONS, LOOPS, Function, Loop, variables_in

S = TypeVar("S", bound=ast.stmt)
T = TypeVar("T", bound=ast.stmt)

_OF_MANY = ("len", "sorted", "sum", "min", "max", "list", "set", "tuple", "reversed", "enumerate", "zip", "any", "all")


class Removal(NamedTuple):
    """The lines that a statement takes, without which it is gone, and how an explanation names that statement."""

    span: Span
    code: str


def removed(source: SourceCode, statement: ast.stmt) -> Removal | None:
    """Return how a statement is taken out, or None for the only one of its block: a ``pass`` would tell the place."""
    if not source.alone(statement) or len(source.block(statement)) == 1:
        return None
    return Removal(source.rows(statement), shown_line(source.code(statement)))


@overload
def removals(source: SourceCode, one: type[S], /) -> Iterator[tuple[S, Removal]]: ...
@overload
def removals(source: SourceCode, one: type[S], two: type[T], /) -> Iterator[tuple[S | T, Removal]]: ...
def removals(source: SourceCode, *types: type[ast.stmt]) -> Iterator[tuple[ast.stmt, Removal]]:
    """Yield the statements of these types that can be taken out."""
    statements = (node for node in source.nodes if isinstance(node, types))
    return ((node, removal) for node in statements if (removal := removed(source, node)))


class SpecialCase(NamedTuple):
    """A branch of a function that only returns, the value it returns, the function, and the lines to take out."""

    node: ast.If
    value: ast.expr | None
    function: Function
    span: Span


def special_cases(source: SourceCode) -> Iterator[SpecialCase]:
    """Yield the special cases that can be taken out."""
    for node, removal in removals(source, ast.If):
        function = source.parents[node]
        match node:
            case ast.If(body=[ast.Return(value=value)], orelse=[]) if isinstance(function, FUNCTIONS):
                yield SpecialCase(node, value, function, removal.span)


def assigned_names(node: ast.AST) -> set[str]:
    """Return the names that ``node`` assigns to, comprehensions aside."""
    found: set[str] = set()
    todo = [node]
    while todo:
        item = todo.pop()
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            found.add(item.id)
        todo += [child for child in ast.iter_child_nodes(item) if not isinstance(child, COMPREHENSIONS)]
    return found


def arguments(function: Function | ast.Module) -> set[str]:
    """Return the names of the arguments of a function and of the functions in it; of a module: of all functions."""
    return {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}


def variables(source: SourceCode, node: Located) -> list[str]:
    """Return the variables that may have a value where ``node`` is: arguments, then those assigned above it."""
    function = source.function(node)
    own = function.args if isinstance(function, FUNCTIONS) else None
    found = [argument.arg for argument in [*own.posonlyargs, *own.args]] if own else []
    for child in source.each(ast.Name):
        above = child.lineno < node.lineno and isinstance(child.ctx, ast.Store)
        loop = source.inside(child, *LOOPS)
        # What a loop assigns may have no value after it: the loop may not have run.
        certain = above and (loop is None or loop.lineno < node.lineno <= _last_line(loop))
        if certain and source.function(child) is function and not _of_comprehension(source, child):
            found.append(child.id)
    return list(dict.fromkeys(name for name in found if name not in ("self", "cls", "_")))


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _of_comprehension(source: SourceCode, node: ast.AST) -> bool:
    while node in source.parents and not isinstance(node, ast.stmt):
        node = source.parents[node]
        if isinstance(node, ast.comprehension):
            return True
    return False


def value_type(node: ast.expr) -> str:
    """Return what a literal is: number, text, list, dict, set, tuple or truth; nothing for all else."""
    match node:
        case ast.Constant(value=bool()):
            return "truth"
        case ast.Constant(value=int() | float()) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return "number"
        case ast.Constant(value=str()) | ast.JoinedStr():
            return "text"
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Call(func=ast.Name(id="list" | "dict" | "set" | "tuple" as name), args=[]):
            return name
    return ""


def calls(source: SourceCode, *functions: str) -> Iterator[tuple[ast.Call, ast.Name]]:
    """Yield the calls of these functions by plain name, each with that name."""
    for node in source.each(ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in functions:
            yield node, node.func


def method_calls(source: SourceCode, *methods: str) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    """Yield the calls of these methods on anything, each with the attribute that is called."""
    for node in source.each(ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            yield node, node.func


def comparisons(source: SourceCode) -> Iterator[tuple[ast.Compare, ast.expr, ast.expr, Span]]:
    """Yield each comparison of two operands: its node, the two, and where the operator between them is."""
    for node in source.each(ast.Compare):
        for left, right in pairwise([node.left, *node.comparators]):
            yield node, left, right, source.operator(left, right)


def operations(source: SourceCode) -> Iterator[tuple[ast.BinOp | ast.AugAssign, str, Span]]:
    """Yield each calculation, its operator as in ``a + b``, and where that is (in ``+=`` without the ``=``)."""
    for node in source.each(ast.BinOp, ast.AugAssign):
        left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
        start, end = source.operator(left, right)
        end -= isinstance(node, ast.AugAssign)
        yield node, source.text[start:end], (start, end)


def is_call(node: ast.AST, function: str) -> bool:
    """Say whether ``node`` calls this function by plain name."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function


def method_span(source: SourceCode, node: ast.Attribute) -> Span:
    """Return where the name after the dot is."""
    end = source.end(node)
    return end - len(node.attr), end


def removal_may_hang(source: SourceCode, statement: ast.stmt) -> bool:
    """Return whether removing ``statement`` may make an enclosing ``while`` loop infinite."""
    loop = source.inside(statement, ast.While)
    changed = assigned_names(statement) | {
        child.value.id
        for child in ast.walk(statement)
        if isinstance(child, ast.Attribute | ast.Subscript)
        if isinstance(child.value, ast.Name)
    }
    while loop:
        if changed & variables_in(loop.test) or isinstance(loop.test, ast.Constant):
            return True
        loop = source.inside(loop, ast.While)
    return False


def in_while_test(source: SourceCode, node: ast.AST) -> bool:
    """Say whether ``node`` is part of the test of a ``while``."""
    while node in source.parents and not isinstance(node, ast.stmt):
        parent = source.parents[node]
        if isinstance(parent, ast.While):
            return node is parent.test
        node = parent
    return False


def change_may_hang(source: SourceCode, node: ast.AST) -> bool:
    """Return whether changing ``node`` may make an enclosing ``while`` loop infinite."""
    return in_while_test(source, node) or removal_may_hang(source, statement(source, node))


def is_simple(node: ast.AST) -> bool:
    """Say whether an expression reads as one word: a name, a literal, an attribute or an element of one."""
    return isinstance(node, ast.Name | ast.Constant | ast.Attribute | ast.Subscript)


def loops(source: SourceCode) -> Iterator[Loop]:
    """Yield the loops."""
    return source.each(*LOOPS)


def is_loop_target(source: SourceCode, node: ast.AST) -> bool:
    """Say whether ``node`` is what a ``for`` loop or the ``for`` of a comprehension assigns to."""
    parent = source.parents[node]
    return isinstance(parent, ast.For | ast.comprehension) and parent.target is node


def tests_for_empty(test: ast.expr) -> bool:
    """Say whether a condition is about an empty value or zero: without it, what follows may fail."""
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Compare(ops=[ast.Eq() | ast.LtE() | ast.Is()], comparators=[ast.Constant(value=0 | "" | None)]):
            return True
        case ast.Compare(ops=[ast.Lt()], comparators=[ast.Constant(value=1)]):
            return True
        case ast.Compare(ops=[ast.Eq()], comparators=[ast.List(elts=[])]):
            return True
    return False


def divisors(source: SourceCode) -> set[str]:
    """Return the variables that the program divides by."""
    return {
        name
        for node in source.each(ast.BinOp, ast.AugAssign)
        if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod)
        for name in variables_in(node.right if isinstance(node, ast.BinOp) else node.value)
    }


def indexes(source: SourceCode) -> set[str]:
    """Return the variables that occur in an index."""
    return {name for node in source.each(ast.Subscript) for name in variables_in(node.slice)}


def containers(source: SourceCode) -> set[str]:
    """Return the variables that the program uses as a text, a list or another container."""
    return {node.id for node in source.each(ast.Name) if _is_container(source.parents[node], node)}


def _is_container(parent: ast.AST, node: ast.Name) -> bool:
    match parent:
        case ast.Subscript(value=value) | ast.Attribute(value=value) | ast.Starred(value=value):
            return value is node
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
            return iterable is node
        case ast.Call(func=ast.Name(id=function)):
            return function in _OF_MANY
        case ast.Compare(ops=[*_, ast.In() | ast.NotIn()], comparators=[*_, last]):
            return last is node
    return False


def always_exits(block: list[ast.stmt]) -> bool:
    """Return whether a block ends with ``return``, ``raise``, ``break`` or ``continue``."""
    return isinstance(block[-1], ast.Return | ast.Raise | ast.Break | ast.Continue)


def statement(source: SourceCode, node: ast.AST) -> ast.stmt:
    """Return the statement that ``node`` is part of."""
    while not isinstance(node, ast.stmt):
        node = source.parents[node]
    return node
