"""Comprehensions as one temporary list per step, and conditions as nested ifs that set a flag."""

import ast

from codekiln.code.rewrite.loops import assign, header, load, map_children
from codekiln.code.rewrite.names import bound, fresh, names_in, targets
from codekiln.code.syntax import BLOCKS, Comprehension, ListLike, callee
from codekiln.data.python_text import expression_tree

_REDUCTIONS = {"list", "set", "tuple", "sorted", "max", "min", "sum", "any", "all", "join", "prod"}


def stage_lists(function: ast.FunctionDef) -> None:
    """Give, in place, every filter and every mapping of a comprehension its own list, and every result a name."""
    if not bound(function) & {"list"}:
        function.body = _Stager(names_in(function)).block(function.body)


def nest_conditions(function: ast.FunctionDef) -> None:
    """Replace, in place, conditions by nested ifs that set a flag, and conditional expressions by if statements."""
    function.body = _Nester(names_in(function)).block(function.body)


class _Rewriter:
    """Walks blocks; a subclass says what one statement becomes once its own blocks are done."""

    def __init__(self, used: set[str]) -> None:
        self.used = used

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        return [done for statement in statements for done in self._walk(statement)]

    def _walk(self, statement: ast.stmt) -> list[ast.stmt]:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            return [statement]
        for name in BLOCKS:
            if getattr(statement, name, None):
                setattr(statement, name, self.block(getattr(statement, name)))
        before: list[ast.stmt] = []
        if field := header(statement):
            setattr(statement, field, self.expression(getattr(statement, field), before))
        return [*before, *self.finish(statement)]

    def expression(self, node: ast.expr, before: list[ast.stmt]) -> ast.expr:
        raise NotImplementedError

    def finish(self, statement: ast.stmt) -> list[ast.stmt]:
        if isinstance(statement, ast.Return) and not isinstance(statement.value, ast.Name | ast.Constant | None):
            result = fresh("answer", self.used)
            return [assign(result, statement.value), ast.Return(value=load(result))]
        return [statement]


class _Stager(_Rewriter):
    def __init__(self, used: set[str]) -> None:
        super().__init__(used)
        self.kept: set[str] = set()

    def expression(self, node: ast.expr, before: list[ast.stmt]) -> ast.expr:
        if isinstance(node, ast.Call) and callee(node) in _REDUCTIONS and node.args:
            only = node.args[0]
            if isinstance(only, ast.GeneratorExp | ast.ListComp) and _single(only):
                node.args[0] = self._listed(only, before)
                return node
        if isinstance(node, ast.ListComp) and _single(node):
            return self._listed(node, before)
        if isinstance(node, ast.SetComp | ast.DictComp) and _single(node):
            self._kept(node, before)
            return node
        return map_children(node, lambda child: self.expression(child, before))

    def _listed(self, node: ListLike, before: list[ast.stmt]) -> ast.expr:
        self._kept(node, before)
        clause = node.generators[0]
        if ast.dump(node.elt) == _as_load(clause.target):
            if isinstance(clause.iter, ast.Name) and clause.iter.id in self.kept:
                return clause.iter
            listed: ast.expr = ast.Call(func=load("list"), args=[clause.iter], keywords=[])
        else:
            listed = ast.ListComp(elt=node.elt, generators=node.generators)
        name = fresh("values", self.used)
        before.append(assign(name, listed))
        return load(name)

    def _kept(self, node: Comprehension, before: list[ast.stmt]) -> None:
        last = node.generators[-1]
        if not last.ifs and len(node.generators) == 1:
            return
        elements = expression_tree(ast.unparse(last.target))
        name = fresh("kept", self.used)
        self.kept.add(name)
        before.append(assign(name, ast.ListComp(elt=elements, generators=node.generators)))
        node.generators = [ast.comprehension(target=last.target, iter=load(name), ifs=[], is_async=0)]


class _Nester(_Rewriter):
    def expression(self, node: ast.expr, before: list[ast.stmt]) -> ast.expr:
        if not isinstance(node, ast.IfExp):
            return map_children(node, lambda child: self.expression(child, before))
        name = fresh("choice", self.used)
        body, orelse = [assign(name, node.body)], [assign(name, node.orelse)]
        before += self.block([ast.If(test=node.test, body=body, orelse=orelse)])
        return load(name)

    def finish(self, statement: ast.stmt) -> list[ast.stmt]:
        if not isinstance(statement, ast.If) or isinstance(statement.test, ast.Name):
            return super().finish(statement)
        flag = fresh("flag", self.used)
        on: list[ast.stmt] = [assign(flag, ast.Constant(True))]
        decide = _decision(statement.test, on)
        statement.test = load(flag)
        return [assign(flag, ast.Constant(False)), decide, statement]


def _decision(test: ast.expr, on: list[ast.stmt]) -> ast.stmt:
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in reversed(values):
                on = [_decision(value, on)]
            return on[0]
        case ast.BoolOp(op=ast.Or(), values=[first, *rest]):
            other = rest[0] if len(rest) == 1 else ast.BoolOp(op=ast.Or(), values=rest)
            return ast.If(test=first, body=on, orelse=[_decision(other, on)])
    return ast.If(test=test, body=on, orelse=[])


def _single(node: Comprehension) -> bool:
    """Whether only the variables of the last ``for`` clause are needed after the loops."""
    if any(clause.is_async for clause in node.generators):
        return False
    last = node.generators[-1]
    outer = targets(node) - names_in(last.target)
    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    return not any(names_in(part) & outer for part in parts)


def _as_load(target: ast.expr) -> str:
    return ast.dump(expression_tree(ast.unparse(target)))
