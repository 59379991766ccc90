"""What several families look for in a program: statements to take out, names in scope, what a value is."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.source import FUNCTIONS, LOOPS, Source

_OF_MANY = ("len", "sorted", "sum", "min", "max", "list", "set", "tuple", "reversed", "enumerate", "zip", "any", "all")
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def removed(source: Source, statement: ast.stmt) -> tuple[int, int, str] | None:
    """Return the edit that takes a statement out: its lines go, or ``pass`` stands there when it is the only one."""
    if not source.alone(statement):
        return None
    if len(source.block(statement)) == 1:
        return *source.span(statement), "pass"
    return *source.rows(statement), ""


def names(node: ast.AST) -> set[str]:
    """Return the names that occur in ``node``."""
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


def stored(node: ast.AST) -> set[str]:
    """Return the names that ``node`` assigns to, comprehensions aside."""
    found: set[str] = set()
    todo = [node]
    while todo:
        item = todo.pop()
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            found.add(item.id)
        todo += [child for child in ast.iter_child_nodes(item) if not isinstance(child, COMPREHENSIONS)]
    return found


def variables(source: Source, node: ast.AST) -> list[str]:
    """Return the variables that may have a value where ``node`` is: arguments, then those assigned above it."""
    function = source.function(node)
    arguments = function.args if isinstance(function, FUNCTIONS) else None
    found = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]] if arguments else []
    for child in source.each(ast.Name):
        above = child.lineno < node.lineno and isinstance(child.ctx, ast.Store)
        loop = source.inside(child, *LOOPS)
        certain = above and (loop is None or loop.lineno < node.lineno <= loop.end_lineno)
        if certain and source.function(child) is function and not _of_comprehension(source, child):
            found.append(child.id)
    return list(dict.fromkeys(name for name in found if name not in ("self", "cls", "_")))


def _of_comprehension(source: Source, node: ast.AST) -> bool:
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


def calls(source: Source, *functions: str) -> Iterator[ast.Call]:
    """Yield the calls of these functions by plain name."""
    for node in source.each(ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in functions:
            yield node


def method_calls(source: Source, *methods: str) -> Iterator[ast.Call]:
    """Yield the calls of these methods on anything."""
    for node in source.each(ast.Call):
        if isinstance(node.func, ast.Attribute) and (node.func.attr in methods or not methods):
            yield node


def method_span(source: Source, node: ast.Attribute) -> tuple[int, int]:
    """Return where the name after the dot is."""
    end = source.span(node)[1]
    return end - len(node.attr), end


def steers_while(source: Source, statement: ast.stmt) -> bool:
    """Say whether a ``while`` around ``statement`` waits for a name that it changes: without it the loop hangs."""
    loop = source.inside(statement, ast.While)
    changed = stored(statement) | {
        child.value.id
        for child in ast.walk(statement)
        if isinstance(child, ast.Attribute | ast.Subscript)
        if isinstance(child.value, ast.Name)
    }
    while loop:
        if changed & names(loop.test) or (isinstance(loop.test, ast.Constant)):
            return True
        loop = source.inside(loop, ast.While)
    return False


def in_while_test(source: Source, node: ast.AST) -> bool:
    """Say whether ``node`` is part of the test of a ``while``."""
    while node in source.parents and not isinstance(node, ast.stmt):
        parent = source.parents[node]
        if isinstance(parent, ast.While):
            return node is parent.test
        node = parent
    return False


def simple(node: ast.AST) -> bool:
    """Say whether an expression reads as one word: a name, a literal, an attribute or an element of one."""
    return isinstance(node, ast.Name | ast.Constant | ast.Attribute | ast.Subscript)


def loops(source: Source) -> Iterator[ast.For | ast.AsyncFor | ast.While]:
    """Yield the loops."""
    return source.each(*LOOPS)


def asks_for_nothing(test: ast.expr) -> bool:
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


def divisors(source: Source) -> set[str]:
    """Return the variables that the program divides by."""
    return {
        child.id
        for node in source.each(ast.BinOp, ast.AugAssign)
        if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod)
        for child in ast.walk(node.right if isinstance(node, ast.BinOp) else node.value)
        if isinstance(child, ast.Name)
    }


def indexes(source: Source) -> set[str]:
    """Return the variables that occur in an index."""
    return {name for node in source.each(ast.Subscript) for name in names(node.slice)}


def containers(source: Source) -> set[str]:
    """Return the variables that the program uses as a text, a list or another container."""
    found: set[str] = set()
    for node in source.each(ast.Name):
        parent = source.parents[node]
        value = isinstance(parent, ast.Subscript | ast.Attribute | ast.Starred) and parent.value is node
        gone_through = isinstance(parent, ast.For | ast.comprehension) and parent.iter is node
        measured = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in _OF_MANY
        member = isinstance(parent, ast.Compare) and isinstance(parent.ops[-1], ast.In | ast.NotIn)
        if value or gone_through or measured or (member and parent.comparators[-1] is node):
            found.add(node.id)
    return found


def leaves(block: list[ast.stmt]) -> bool:
    """Say whether a block always ends the function or the round of the loop."""
    return isinstance(block[-1], ast.Return | ast.Raise | ast.Break | ast.Continue)


def statement(source: Source, node: ast.AST) -> ast.stmt:
    """Return the statement that ``node`` is part of."""
    while not isinstance(node, ast.stmt):
        node = source.parents[node]
    return node
