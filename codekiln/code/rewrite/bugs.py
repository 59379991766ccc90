"""Realistic bugs: one change to the AST of a working program, of the kinds that people and models make.

The changes never touch the test of a ``while`` nor the statements that make it end, so a bugged program ends
whenever the program it was made from ends by counting. Whether a mutant is wrong at all is for its tests to say.
"""

import ast
import random
from collections.abc import Callable, Iterator

from codekiln.code.rewrite.names import COMPREHENSIONS, Comprehension, bound, names_in
from codekiln.code.rewrite.render import render

Change = tuple[str, Callable[[], None]]

_BOUNDS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_FLIPS = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_FLIPS |= {ast.In: ast.NotIn, ast.NotIn: ast.In}
_OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Pow: ast.Mult}
_OPERATORS |= {ast.Mod: ast.FloorDiv, ast.FloorDiv: ast.Mod}
_CALLS = {"max": "min", "min": "max", "any": "all", "all": "any", "sum": "len", "upper": "lower", "lower": "upper"}
_CALLS |= {"startswith": "endswith", "endswith": "startswith", "isupper": "islower", "islower": "isupper"}

_MUTATORS = {"append", "extend", "insert", "add", "update"}


def mutants(code: str, rng: random.Random, limit: int) -> list[tuple[str, str]]:
    """Return at most ``limit`` distinct programs that differ from ``code`` by one bug, as (kind, program).

    Every kind comes once, in random order, before any comes twice.

    Raises:
        SyntaxError: when ``code`` does not parse.
    """
    original = ast.dump(ast.parse(code))
    order = _mixed([kind for kind, _ in _changes(ast.parse(code))], rng)
    found: dict[str, str] = {}
    for index in order:
        if len(found) == limit:
            break
        tree = ast.parse(code)
        kind, apply = _changes(tree)[index]
        apply()
        if ast.dump(tree) != original:
            found.setdefault(render(tree), kind)
    return [(kind, text) for text, kind in found.items()]


def _mixed(kinds: list[str], rng: random.Random) -> list[int]:
    order = list(range(len(kinds)))
    rng.shuffle(order)
    turn: dict[str, int] = {}
    rounds = []
    for index in order:
        turn[kinds[index]] = turn.get(kinds[index], 0) + 1
        rounds.append((turn[kinds[index]], len(rounds), index))
    return [index for *_, index in sorted(rounds)]


def _changes(tree: ast.Module) -> list[Change]:
    protected = _protected(tree)
    found: list[Change] = []
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        variables = bound(function)
        receivers = _receivers(function)
        for node in ast.walk(function):
            if id(node) not in protected:
                others = sorted(variables - {receivers.get(id(node))})
                found += [*_expression_bugs(node, others), *_structure_bugs(node)]
    return found


def _protected(tree: ast.Module) -> set[int]:
    """Ids of the nodes that decide whether loops end, and of defaults, docstrings and objects that are changed."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            counters = {child.id for child in ast.walk(node.test) if isinstance(child, ast.Name)}
            found += [node.test, *(child for child in ast.walk(node) if _sets(child, counters))]
        if isinstance(node, ast.Attribute) and node.attr in _MUTATORS:
            found.append(node.value)
        if isinstance(node, ast.arguments) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            found.append(node)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is None:
            found.append(node)
    return {id(child) for node in found for child in ast.walk(node)}


def _receivers(function: ast.FunctionDef) -> dict[int, str]:
    """For each node of what is added to a collection, that collection's name: nothing good contains itself."""
    return {
        id(child): node.func.value.id
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS
        if isinstance(node.func.value, ast.Name)
        for argument in node.args
        for child in ast.walk(argument)
    }


def _sets(node: ast.AST, names: set[str]) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(names & names_in(target) for target in targets)
        case ast.AugAssign(target=ast.Name(id=name)):
            return name in names
    return False


def _expression_bugs(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[operator, *_]):
            yield from _comparison_bugs(node, type(operator))
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in _OPERATORS:
            yield "wrong-operator", lambda: setattr(node, "op", _OPERATORS[type(operator)]())
        case ast.BoolOp():
            yield "and-or", lambda: setattr(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
            yield "missing-condition", lambda: node.values.pop()
        case ast.Constant(value=bool() | int()):
            yield from _constant_bugs(node)
        case ast.Name(id=name, ctx=ast.Load()):
            yield from _name_bugs(node, name, variables)
        case ast.Attribute(attr=name) if name in _CALLS:
            yield "wrong-function", lambda: setattr(node, "attr", _CALLS[name])


def _comparison_bugs(node: ast.Compare, operator: type[ast.cmpop]) -> Iterator[Change]:
    if operator in _BOUNDS:
        yield "off-by-one-comparison", lambda: node.ops.__setitem__(0, _BOUNDS[operator]())
    if operator in _FLIPS:
        yield "flipped-comparison", lambda: node.ops.__setitem__(0, _FLIPS[operator]())


def _constant_bugs(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield "wrong-constant", lambda: setattr(node, "value", not value)
        return
    yield "off-by-one", lambda: setattr(node, "value", value + 1)
    if value > 0:
        yield "off-by-one", lambda: setattr(node, "value", value - 1)


def _name_bugs(node: ast.Name, name: str, variables: list[str]) -> Iterator[Change]:
    if name in variables:
        for other in [other for other in variables if other != name][:3]:
            yield "wrong-variable", lambda other=other: setattr(node, "id", other)
    elif name in _CALLS:
        yield "wrong-function", lambda: setattr(node, "id", _CALLS[name])


def _structure_bugs(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If(test=test):
            yield "missing-not", lambda: setattr(node, "test", ast.UnaryOp(op=ast.Not(), operand=test))
        case ast.For(body=[_, _, *_]):
            yield "missing-statement", lambda: node.body.pop()
        case ast.Call(keywords=[_, *_]):
            yield "missing-argument", lambda: node.keywords.pop()
        case ast.IfExp(body=body, orelse=orelse):
            yield "swapped-branches", lambda: (setattr(node, "body", orelse), setattr(node, "orelse", body))
        case ast.FunctionDef(body=[*_, ast.For() as loop, ast.Return() as last]):
            yield "early-return", lambda: (loop.body.append(last), node.body.remove(last))
    if isinstance(node, COMPREHENSIONS):
        yield from _comprehension_bugs(node)
    for field, child in ast.iter_fields(node):
        if isinstance(child, ast.UnaryOp) and isinstance(child.op, ast.USub | ast.Not):
            yield "missing-negation", lambda field=field, child=child: setattr(node, field, child.operand)


def _comprehension_bugs(node: Comprehension) -> Iterator[Change]:
    for clause in node.generators:
        if clause.ifs:
            yield "missing-condition", lambda clause=clause: clause.ifs.clear()
    target = node.generators[-1].target
    if not isinstance(node, ast.DictComp) and isinstance(target, ast.Name):
        yield "missing-step", lambda: setattr(node, "elt", ast.Name(id=target.id, ctx=ast.Load()))
