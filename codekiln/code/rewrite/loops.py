"""Comprehensions as explicit loops, and loops as index arithmetic.

The rewrites keep the results of code whose expressions have no side effects; they may evaluate eagerly what a
generator would have skipped.
"""

import ast
from collections.abc import Callable

from codekiln.code.rewrite.names import bound, fresh, names_in, separate
from codekiln.code.syntax import BLOCKS, COMPREHENSIONS, Comprehension, ListLike, callee

Change = Callable[[ast.expr], ast.expr]

_WRAPPERS = {"list", "set", "tuple", "dict", "sorted", "max", "min", "sum", "any", "all", "len", "join", "prod"}
_FINITE = {"range", "enumerate", "zip", "sorted", "reversed", "map", "filter", "list", "set", "tuple", "str"}
_FINITE |= {"items", "values", "keys", "split", "accumulate", "strip", "lower", "upper"}
_MUTATORS = {"append", "extend", "insert", "remove", "pop", "clear", "add", "discard", "update", "popitem", "sort"}


def explicit_loops(function: ast.FunctionDef) -> None:
    """Replace, in place, every comprehension that runs exactly once per statement by a loop with an accumulator."""
    used = names_in(function)
    # The loops call these built-ins, so a function with such a variable stays as it is.
    if not bound(function) & {"set"}:
        separate(function, used)
        function.body = Expander(used).block(function.body)


def index_loops(function: ast.FunctionDef) -> None:
    """Replace, in place, every ``for`` over something finite by a ``while`` with an index."""
    if not bound(function) & {"list", "len"}:
        function.body = _index_block(function.body, names_in(function))


def load(name: str) -> ast.Name:
    """Return an expression that reads ``name``."""
    return ast.Name(id=name, ctx=ast.Load())


def assign(name: str, value: ast.expr) -> ast.stmt:
    """Return the statement ``name = value``."""
    return ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value, lineno=0)


def map_children(node: ast.expr, change: Change) -> ast.expr:
    """Apply ``change``, in place, to the operands of ``node`` that are evaluated exactly once, and return ``node``."""
    match node:
        case ast.BoolOp():  # what comes after the first operand may not be evaluated
            node.values[0] = change(node.values[0])
        case ast.IfExp():
            node.test = change(node.test)
        case ast.Compare():
            node.left = change(node.left)
            node.comparators[0] = change(node.comparators[0])
        case ast.Lambda() | ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom():
            pass
        case _ if not isinstance(node, COMPREHENSIONS):
            _map_fields(node, change)
    return node


def _map_fields(node: ast.AST, change: Change) -> None:
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            setattr(node, field, change(value))
        elif isinstance(value, list):
            setattr(node, field, [change(item) if isinstance(item, ast.expr) else item for item in value])
            for item in value:
                if isinstance(item, ast.keyword):
                    item.value = change(item.value)


def header(statement: ast.stmt) -> str | None:
    """Return the field of ``statement`` that holds the one expression evaluated before anything else in it."""
    match statement:
        case ast.Assign() | ast.Expr() | ast.AugAssign():
            return "value"
        case ast.Return(value=ast.expr()) | ast.AnnAssign(value=ast.expr()):
            return "value"
        case ast.If():
            return "test"
        case ast.For():
            return "iter"
    return None


class Expander:
    """Turns the comprehensions of statements into loops placed before them."""

    def __init__(self, used: set[str]) -> None:
        self.used = used

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Return ``statements`` with their comprehensions expanded, nested blocks included."""
        return [done for statement in statements for done in self._statement(statement)]

    def _statement(self, statement: ast.stmt) -> list[ast.stmt]:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            return [statement]
        before: list[ast.stmt] = []
        if field := header(statement):
            setattr(statement, field, self._hoist(getattr(statement, field), before))
        for name in BLOCKS:
            if getattr(statement, name, None):
                setattr(statement, name, self.block(getattr(statement, name)))
        return [*before, statement]

    def _hoist(self, node: ast.expr, before: list[ast.stmt]) -> ast.expr:
        if isinstance(node, ast.Call) and callee(node) in _WRAPPERS and node.args:
            only = node.args[0]
            if isinstance(only, COMPREHENSIONS) and _plain(only):
                return self._reduction(callee(node), node, only, before)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp) and _plain(node):
            return self._collect(node, before)
        return map_children(node, lambda child: self._hoist(child, before))

    def _reduction(self, name: str, call: ast.Call, node: Comprehension, before: list[ast.stmt]) -> ast.expr:
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        if len(call.args) == 1 and not isinstance(node, ast.DictComp):
            if not keywords and name in ("any", "all"):
                return self._search(node, before, name == "any")
            if not keywords and (name in ("sum", "prod") or (name == "len" and isinstance(node, ast.ListComp))):
                return self._fold(node, before, name)
            if name in ("max", "min") and set(keywords) == {"default"}:
                return self._extreme(node, before, name, keywords["default"])
        call.args[0] = self._collect(node, before)
        return call

    def _fold(self, node: ListLike, before: list[ast.stmt], name: str) -> ast.expr:
        total = fresh("count" if name == "len" else "total", self.used)
        value = ast.Constant(1) if name == "len" else node.elt
        operator = ast.Mult() if name == "prod" else ast.Add()
        step = ast.AugAssign(target=ast.Name(id=total, ctx=ast.Store()), op=operator, value=value)
        self._emit(before, assign(total, ast.Constant(int(name == "prod"))), node, [step])
        return load(total)

    def _search(self, node: ListLike, before: list[ast.stmt], wanted: bool) -> ast.expr:
        found = fresh("found" if wanted else "valid", self.used)
        test = node.elt if wanted else ast.UnaryOp(op=ast.Not(), operand=node.elt)
        body: list[ast.stmt] = [assign(found, ast.Constant(wanted))]
        if len(node.generators) == 1:  # of nested loops ``break`` would end the inner one only
            body.append(ast.Break())
        self._emit(before, assign(found, ast.Constant(not wanted)), node, [ast.If(test=test, body=body, orelse=[])])
        return load(found)

    def _extreme(self, node: ListLike, before: list[ast.stmt], name: str, default: ast.expr) -> ast.expr:
        best = fresh("best", self.used)
        body: list[ast.stmt] = []
        value = node.elt
        if not isinstance(value, ast.Name):
            name_of_value = fresh("value", self.used)
            body.append(assign(name_of_value, value))
            value = load(name_of_value)
        none = ast.Compare(left=load(best), ops=[ast.Is()], comparators=[ast.Constant(None)])
        better = ast.Compare(left=value, ops=[ast.Gt() if name == "max" else ast.Lt()], comparators=[load(best)])
        test = ast.BoolOp(op=ast.Or(), values=[none, better])
        body.append(ast.If(test=test, body=[assign(best, value)], orelse=[]))
        self._emit(before, assign(best, ast.Constant(None)), node, body)
        before.append(ast.If(test=none, body=[assign(best, default)], orelse=[]))
        return load(best)

    def _collect(self, node: Comprehension, before: list[ast.stmt]) -> ast.expr:
        result = fresh("result", self.used)
        if isinstance(node, ast.DictComp):
            item = ast.Subscript(value=load(result), slice=node.key, ctx=ast.Store())
            start: ast.expr = ast.Dict(keys=[], values=[])
            step: ast.stmt = ast.Assign(targets=[item], value=node.value, lineno=0)
        else:
            unique = isinstance(node, ast.SetComp)
            start = ast.Call(func=load("set"), args=[], keywords=[]) if unique else ast.List(elts=[], ctx=ast.Load())
            method = ast.Attribute(value=load(result), attr="add" if unique else "append", ctx=ast.Load())
            step = ast.Expr(ast.Call(func=method, args=[node.elt], keywords=[]))
        self._emit(before, assign(result, start), node, [step])
        return load(result)

    def _emit(self, before: list[ast.stmt], start: ast.stmt, node: Comprehension, body: list[ast.stmt]) -> None:
        for clause in reversed(node.generators):
            if clause.ifs:
                test = clause.ifs[0] if len(clause.ifs) == 1 else ast.BoolOp(op=ast.And(), values=clause.ifs)
                body = [ast.If(test=test, body=body, orelse=[])]
            body = [ast.For(target=clause.target, iter=clause.iter, body=body, orelse=[], lineno=0)]
        before += [start, *self.block(body)]


def _plain(node: Comprehension) -> bool:
    return not any(clause.is_async for clause in node.generators) and not any(
        isinstance(child, ast.NamedExpr | ast.Await) for child in ast.walk(node)
    )


def _index_block(statements: list[ast.stmt], used: set[str]) -> list[ast.stmt]:
    return [done for statement in statements for done in _index(statement, used)]


def _index(statement: ast.stmt, used: set[str]) -> list[ast.stmt]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement]
    loop = statement if isinstance(statement, ast.For) and _indexable(statement) else None
    # The names of an outer loop come first, so that it has the lowest numbers.
    names = (fresh("items", used), fresh("i", used)) if loop else ()
    for field in BLOCKS:
        if getattr(statement, field, None):
            setattr(statement, field, _index_block(getattr(statement, field), used))
    return _while(loop, *names) if loop else [statement]


def _while(loop: ast.For, items: str, index: str) -> list[ast.stmt]:
    fetch = ast.Subscript(value=load(items), slice=load(index), ctx=ast.Load())
    step = ast.AugAssign(target=ast.Name(id=index, ctx=ast.Store()), op=ast.Add(), value=ast.Constant(1))
    size = ast.Call(func=load("len"), args=[load(items)], keywords=[])
    test = ast.Compare(left=load(index), ops=[ast.Lt()], comparators=[size])
    body = [ast.Assign(targets=[loop.target], value=fetch, lineno=0), step, *loop.body]
    ranged = callee(loop.iter) == "range"  # may be far too long for a list
    listed = loop.iter if ranged else ast.Call(func=load("list"), args=[loop.iter], keywords=[])
    return [assign(items, listed), assign(index, ast.Constant(0)), ast.While(test=test, body=body, orelse=loop.orelse)]


def _indexable(loop: ast.For) -> bool:
    iterable = loop.iter
    finite = isinstance(iterable, ast.Name | ast.List | ast.Tuple | ast.Set | ast.Constant | ast.Subscript)
    if not finite and callee(iterable) not in _FINITE:
        return False
    over = names_in(iterable)
    return not any(
        isinstance(child, ast.Delete)
        or (isinstance(child, ast.Call) and callee(child) in _MUTATORS and names_in(child.func) & over)
        for child in ast.walk(ast.Module(body=loop.body, type_ignores=[]))
    )
