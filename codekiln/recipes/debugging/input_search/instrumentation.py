"""Instruments a program so that a run of it reports which way each condition went, and how near it was to the other.

`input_search` runs the instrumented program and defines the functions that it calls. Each place has a number:

    compare(n, ops, a, b, ...)   a comparison: its operands
    truth(n, value)              a condition, or an operand of `and` and `or`: whether it holds
    items(n, iterable)           a loop: how many items it has
    reached(n)                   the body of a function, an `except` or a `case`
"""

import ast
import itertools
from collections.abc import Iterator
from typing import TypeGuard

from codekiln.data.normalise import parse

PREFIX = "_codekiln_"
_OPERATORS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip


def instrumented(program: str) -> str:
    """Return the text of a program that reports its conditions; it parses."""
    return ast.unparse(ast.fix_missing_locations(_Instrumenter().visit(parse(program))))


def constants(program: str) -> list[int | float | str]:
    """Return the numbers of a program, and the short texts that it compares with or looks up, each once."""
    tree = parse(program)
    shown = {id(part) for node in ast.walk(tree) if _shows(node) for part in ast.walk(node)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    values = [node.value for node in nodes if not (isinstance(node.value, str) and id(node) in shown)]
    return list(dict.fromkeys(value for value in values if _is_useful(value)))


def loop_ends(program: str) -> list[str]:
    """Return what may end a loop: constants of its condition, and of conditions that leave it or the program."""
    return list(dict.fromkeys(str(value) for value in _ends(parse(program)) if _is_useful(value)))


def _shows(node: ast.AST) -> bool:
    """Return whether texts in a node are for people: docstrings, prompts, what is printed."""
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "input")
    return (
        is_call
        or isinstance(node, ast.JoinedStr)
        or isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
    )


def _is_useful(value: object) -> TypeGuard[int | float | str]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**9
    return is_number or (isinstance(value, str) and 0 < len(value) < 30 and value.isprintable())


def _ends(tree: ast.AST) -> Iterator[object]:
    for node in ast.walk(tree):
        leaves = isinstance(node, ast.If) and any(_leaves(child) for part in node.body for child in ast.walk(part))
        if isinstance(node, ast.While) or isinstance(node, ast.If) and leaves:
            yield from (item.value for item in ast.walk(node.test) if isinstance(item, ast.Constant))


def _leaves(node: ast.AST) -> bool:
    if isinstance(node, ast.Break | ast.Return):
        return True
    if isinstance(node, ast.Assign):  # running = False
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("exit", "quit", "sys.exit")


class _Instrumenter(ast.NodeTransformer):
    def __init__(self) -> None:
        self._numbers = itertools.count()

    def _call(self, name: str, *arguments: ast.expr) -> ast.expr:
        number = ast.Constant(next(self._numbers))
        return ast.Call(ast.Name(PREFIX + name, ast.Load()), [number, *arguments], [])

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        operators = ast.Tuple([ast.Constant(_OPERATORS[type(op)]) for op in node.ops], ast.Load())
        return self._call("compare", operators, node.left, *node.comparators)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        node.values = [self._call("truth", value) for value in node.values]
        return node

    def _visit_condition(self, node: ast.If | ast.While | ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        node.test = self._call("truth", node.test)
        return node

    visit_If = visit_While = visit_IfExp = _visit_condition

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs = [self._call("truth", test) for test in node.ifs]
        if not node.is_async:
            node.iter = self._call("items", node.iter)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = self._call("items", node.iter)
        return node

    def _visit_body(self, node: ast.FunctionDef | ast.ExceptHandler | ast.match_case) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(self._call("reached")))
        return node

    visit_FunctionDef = visit_ExceptHandler = visit_match_case = _visit_body


def reads_input(program: str) -> bool:
    """Return whether a program that parses reads standard input."""
    return any(_is_input(node) for node in ast.walk(parse(program)))


def _is_input(node: ast.AST) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "input"
    return is_call or isinstance(node, ast.Attribute) and node.attr == "stdin"


def draws_numbers(program: str) -> bool:
    """Return whether a program that parses imports ``random``."""
    imports = [node for node in ast.walk(parse(program)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return any("random" in ast.unparse(node) for node in imports)
