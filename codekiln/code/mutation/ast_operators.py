"""Mutation operators on syntax trees: whole programs with one logical error each, in one canonical layout.

The families of this package edit the text, explain each error and keep the layout. Here the program is written anew
from its tree, so that nothing but the error distinguishes a wrong program from a right one in that layout: material for
models that learn to prefer the right one. The two kinds share the tables of ``replacements`` and the proof.

No operator touches the test of a ``while`` or the statements that make it end, so a mutant ends whenever the program it
was made from ends by counting. Whether a mutant is wrong at all is for its tests, or for ``proof``, to say.
"""

import ast
import random
from collections import Counter
from collections.abc import Callable, Iterator

from codekiln.code.mutation.kinds import Kind, kind_of
from codekiln.code.mutation.replacements import ARITHMETIC, BOUNDARY, EQUAL, FUNCTIONS, MEMBER, MIRRORED, TEXT_METHODS
from codekiln.code.rewrite.names import bound, names_in
from codekiln.code.rewrite.render import render
from codekiln.code.syntax import COMPREHENSIONS
from codekiln.data.python_text import syntax_tree

Change = Callable[[], object]
"""Makes one change to a tree, in place."""

Operator = Callable[[ast.AST, list[str]], Iterator[Change]]
"""Yields the changes of one kind to one node, given the variables that may stand there."""

OPERATORS: dict[str, tuple[Kind, Operator]] = {}
"""By name, in the order in which the changes to one node are found: the random draw of `mutants` depends on it."""

_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "==": ast.Eq,
    "!=": ast.NotEq,
    "in": ast.In,
    "not in": ast.NotIn,
}
_CALCULATIONS: dict[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "**": ast.Pow,
    "%": ast.Mod,
    "//": ast.FloorDiv,
}
_BOUNDS = {_COMPARISONS[right]: _COMPARISONS[wrong] for right, wrong in BOUNDARY.items()}
_FLIPS = {_COMPARISONS[right]: _COMPARISONS[wrong] for right, wrong in (MIRRORED | EQUAL | MEMBER).items()}
_SWAPS = {_CALCULATIONS[right]: _CALCULATIONS[wrong] for right, wrong in (ARITHMETIC | {"//": "%"}).items()}
_CALLS = FUNCTIONS | TEXT_METHODS

_MUTATORS = {"append", "extend", "insert", "add", "update"}


def mutants(code: str, rng: random.Random, limit: int) -> list[tuple[str, str]]:
    """Return at most ``limit`` distinct programs that differ from ``code`` by one error, as (kind, program).

    Every kind comes once, in random order, before any comes twice.

    Raises:
        SyntaxError: ``code`` does not parse.
    """
    original = ast.dump(syntax_tree(code))
    order = _mixed([kind for kind, _ in _changes(syntax_tree(code))], rng)
    found: dict[str, str] = {}
    for index in order:
        if len(found) == limit:
            break
        tree = syntax_tree(code)  # anew for each mutant: a change is made in place
        kind, change = _changes(tree)[index]
        change()
        if ast.dump(tree) != original:  # a missing step changes nothing where there is none
            found.setdefault(render(tree), kind)
    return [(kind, text) for text, kind in found.items()]


def _mixed(kinds: list[str], rng: random.Random) -> list[int]:
    """Return the indexes of ``kinds`` in random order, the first of each kind before the second of any."""
    order = list(range(len(kinds)))
    rng.shuffle(order)
    turns: Counter[str] = Counter()
    turn_of: dict[int, int] = {}
    for index in order:
        turns[kinds[index]] += 1
        turn_of[index] = turns[kinds[index]]
    return sorted(order, key=turn_of.__getitem__)  # sorting is stable: within a turn the order stays random


def _changes(tree: ast.Module) -> list[tuple[str, Change]]:
    protected = _protected(tree)
    found: list[tuple[str, Change]] = []
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        variables, receivers = bound(function), _receivers(function)
        for node in ast.walk(function):
            if id(node) not in protected:
                others = sorted(variables - {receivers.get(id(node), "")})
                found += [(name, change) for name, (_, find) in OPERATORS.items() for change in find(node, others)]
    return found


def _protected(tree: ast.Module) -> set[int]:
    """Ids of the nodes that decide whether loops end, and of defaults, docstrings and objects that are changed."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        match node:
            case ast.While(test=test):
                counters = {child.id for child in ast.walk(test) if isinstance(child, ast.Name)}
                found += [test, *(child for child in ast.walk(node) if _sets(child, counters))]
            case ast.Attribute(attr=attr, value=value) if attr in _MUTATORS:
                found.append(value)
            case ast.arguments() | ast.Expr(value=ast.Constant()) | ast.Assign(value=ast.Constant(value=None)):
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


def _set(node: ast.AST, **fields: object) -> Change:
    return lambda: vars(node).update(fields)


def operator(*references: str) -> Callable[[Operator], Operator]:
    """Register a function as an operator, as `family` does; ``references`` are keys of ``REFERENCES``."""

    def register(find: Operator) -> Operator:
        kind = kind_of(find, "logical", references)
        OPERATORS[kind.name] = kind, find
        return find

    return register


@operator("CSTeachingTips", "Alzahrani 2021", "track-b")
def off_by_one_comparison(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """A comparison lets the boundary value in or leaves it out: `<` for `<=` and the like."""
    match node:
        case ast.Compare(ops=[first, *rest]) if type(first) in _BOUNDS:
            yield _set(node, ops=[_BOUNDS[type(first)](), *rest])


@operator("BugLab 2021", "Alzahrani 2021", "MutPy")
def flipped_comparison(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """A comparison points the wrong way or asks for the opposite: `<` for `>`, `==` for `!=` and the like."""
    match node:
        case ast.Compare(ops=[first, *rest]) if type(first) in _FLIPS:
            yield _set(node, ops=[_FLIPS[type(first)](), *rest])


@operator("BugLab 2021", "MutPy", "King 1991")
def wrong_operator(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """A calculation uses the wrong operator."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _SWAPS:
        yield _set(node, op=_SWAPS[type(node.op)]())


@operator("Mueller", "track-b", "MutPy")
def and_or(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """Conditions are joined by `or` instead of `and`, or the other way round."""
    if isinstance(node, ast.BoolOp):
        yield _set(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


@operator("Alzahrani 2021", "King 1991", "MutPy")
def missing_condition(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """The last of several conditions is missing, or those of a comprehension are."""
    if isinstance(node, ast.BoolOp):
        yield node.values.pop
    if isinstance(node, COMPREHENSIONS):
        yield from (clause.ifs.clear for clause in node.generators if clause.ifs)


@operator("track-b", "MutPy")
def wrong_constant(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """The values `True` and `False` are confused."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _set(node, value=not node.value)


@operator("BugLab 2021", "MutPy")
def off_by_one(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """A number is wrong by one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
        yield _set(node, value=node.value + 1)
        if node.value > 0:
            yield _set(node, value=node.value - 1)


@operator("BugLab 2021", "King 1991", "Alzahrani 2021")
def wrong_variable(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """Another variable is used than the right one."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in variables:
        yield from (_set(node, id=other) for other in [name for name in variables if name != node.id][:3])


@operator("MutPy", "Alzahrani 2021")
def wrong_function(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """A function or method is called that does the opposite or something similar."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()) if name in _CALLS and name not in variables:
            yield _set(node, id=_CALLS[name])
        case ast.Attribute(attr=name) if name in _CALLS:
            yield _set(node, attr=_CALLS[name])


@operator("MutPy")
def missing_not(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """A condition is negated."""
    if isinstance(node, ast.If):
        yield _set(node, test=ast.UnaryOp(op=ast.Not(), operand=node.test))


@operator("Deng 2013", "Alzahrani 2021")
def missing_statement(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """The last statement of a loop is missing."""
    if isinstance(node, ast.For) and len(node.body) > 1:
        yield node.body.pop


@operator("Poodle", "Alzahrani 2021")
def missing_argument(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """The last keyword argument of a call is missing."""
    if isinstance(node, ast.Call) and node.keywords:
        yield node.keywords.pop


@operator("Alzahrani 2021")
def swapped_branches(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """The two values of a conditional expression are swapped."""
    if isinstance(node, ast.IfExp):
        yield _set(node, body=node.orelse, orelse=node.body)


@operator("SIDE", "Alzahrani 2021")
def early_return(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """The `return` after a loop is in the loop, which ends it in the first round."""
    match node:
        case ast.FunctionDef(body=[*_, ast.For(body=body), ast.Return()]):
            yield lambda: body.append(node.body.pop())


@operator("Alzahrani 2021")
def missing_step(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """A comprehension gives the element itself where it should give something made of it."""
    match node:
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            target = node.generators[-1].target
            if isinstance(target, ast.Name):
                yield _set(node, elt=ast.Name(id=target.id, ctx=ast.Load()))


@operator("track-b", "MutPy", "King 1991")
def missing_negation(node: ast.AST, variables: list[str]) -> Iterator[Change]:
    """A `not` or a minus sign is missing."""
    for field, child in ast.iter_fields(node):
        if isinstance(child, ast.UnaryOp) and isinstance(child.op, ast.USub | ast.Not):
            yield _set(node, **{field: child.operand})
