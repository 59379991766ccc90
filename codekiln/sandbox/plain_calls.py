"""Takes asserts apart into calls of the program with plain arguments, and checks of their results."""

import ast
from collections.abc import Sequence
from types import CodeType
from typing import Any

from codekiln.data.python_text import compiled
from codekiln.sandbox import trusted
from codekiln.sandbox.inside.plain_values import dumps, encode
from codekiln.sandbox.test_names import Use

_MAX_ARGUMENT_DEPTH = 60


class NotPlainCalls(Exception):
    """A test is more than calls with plain arguments and comparisons of their results."""


class PlainCalls:
    """Splits one test.

    Args:
        use: The names that it uses.
        entry_point: The function under test, if it is known: then nothing else is called in one go.
        imports: Modules that the setup imports.

    Attributes:
        calls: Expressions for the program's process, each with the name that the program itself must define, or None.
        called: The names that they call.
        checks: Expressions over the results ``_0``, ``_1`` ....
        expected: The line that the program's process sends for the one right result, or nothing.
    """

    def __init__(self, use: Use, entry_point: str | None, imports: frozenset[str]) -> None:
        self._callable = frozenset((entry_point, *use.own)) if entry_point else use.program | set(use.own)
        self._program = use.program | set(use.own)
        self._own = frozenset(use.own)
        self._imports = imports
        self._shadowed = self._program | use.setup - imports
        self.calls: list[tuple[str | None, CodeType]] = []
        self.called: set[str] = set()
        self.checks: list[ast.expr] = []
        self.expected = b""

    def split(self, module: ast.Module) -> "PlainCalls":
        """Return this object with the parts of a test.

        Raises:
            NotPlainCalls: The test has to be executed as it is.
        """
        for node in module.body:
            if not isinstance(node, ast.Assert):
                raise NotPlainCalls
            for part in _conjuncts(node.test):
                before = len(self.calls)
                check = self._visit(part, may_call=True)
                if len(self.calls) == before:
                    raise NotPlainCalls  # asks nothing; the tester finds that out
                self.checks.append(check)
        if not self.checks:
            raise NotPlainCalls
        if len(self.checks) == 1 and len(self.calls) == 1:
            self.expected = _expected_line(self.checks[0])
        return self

    def _visit(self, node: ast.expr, may_call: bool) -> ast.expr:
        if self._is_call_of_program(node):
            if not may_call:
                raise NotPlainCalls
            return self._call(node)
        if isinstance(node, ast.Compare):
            return self._visit_comparison(node, may_call)
        if isinstance(node, ast.BoolOp):
            return ast.BoolOp(
                node.op, [self._visit(value, may_call and not index) for index, value in enumerate(node.values)]
            )
        if isinstance(node, ast.IfExp):
            raise NotPlainCalls
        if trusted.is_trusted_call(node, self._shadowed, self._imports):
            words = [ast.keyword(word.arg, self._visit(word.value, may_call)) for word in node.keywords]
            return ast.Call(node.func, [self._visit(argument, may_call) for argument in node.args], words)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant | ast.UnaryOp | ast.Slice):
            return ast.Subscript(self._visit(node.value, may_call), self._visit_slice(node.slice), node.ctx)
        return self._visit_parts(node, may_call)

    def _visit_parts(self, node: ast.expr, may_call: bool) -> ast.expr:
        if isinstance(node, ast.Name):
            if node.id in self._shadowed or node.id not in trusted.NAMES:
                raise NotPlainCalls
            return node
        if trusted.is_math(node, self._shadowed, self._imports):
            return node
        if not trusted.may_evaluate(node):
            raise NotPlainCalls
        parts: dict[str, Any] = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                parts[name] = self._visit(value, may_call)
            elif isinstance(value, list):
                parts[name] = [self._visit(item, may_call) if isinstance(item, ast.expr) else item for item in value]
            else:
                parts[name] = value
        return type(node)(**parts)

    def _visit_comparison(self, node: ast.Compare, may_call: bool) -> ast.expr:
        """Split a comparison; in a chain, only the first two operands are evaluated whatever the others are."""
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.Is | ast.IsNot) and not _is_singleton(right):
                raise NotPlainCalls
        left = self._visit(node.left, may_call)
        return ast.Compare(left, node.ops, [
            self._visit(item, may_call and not index) for index, item in enumerate(node.comparators)
        ])  # fmt: skip

    def _visit_slice(self, node: ast.expr) -> ast.expr:
        for part in ast.walk(node):
            if not isinstance(part, ast.Slice | ast.Constant | ast.UnaryOp | ast.USub | ast.Load):
                raise NotPlainCalls
        return node

    def _is_call_of_program(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._callable

    def _call(self, node: ast.expr) -> ast.expr:
        if not self._is_plain(node, 0):
            raise NotPlainCalls
        name = node.func.id  # type: ignore[attr-defined]
        self.called.add(name)
        self.calls.append((name if name in self._own else None, compile_expression(node)))
        return ast.Name(f"_{len(self.calls) - 1}", ast.Load())

    def _is_plain(self, node: ast.AST, depth: int) -> bool:
        """Return whether a call, or one of its arguments, is made of literals and further calls of the program."""
        if depth > _MAX_ARGUMENT_DEPTH:
            return False
        if self._is_call_of_program(node):
            parts: Sequence[ast.AST] = [*node.args, *(word.value for word in node.keywords)]  # type: ignore[attr-defined]
            named = all(word.arg is not None for word in node.keywords)  # type: ignore[attr-defined]
            return named and all(self._is_plain(part, depth + 1) for part in parts)
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.USub | ast.UAdd) and self._is_plain(node.operand, depth + 1)
        if isinstance(node, ast.BinOp):
            return isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Pow) and all(
                isinstance(part, ast.Constant) and isinstance(part.value, int | float)
                for part in (node.left, node.right)
            )
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return all(self._is_plain(item, depth + 1) for item in node.elts)
        if isinstance(node, ast.Dict):
            return all(key is not None and self._is_plain(key, depth + 1) for key in node.keys) and all(
                self._is_plain(value, depth + 1) for value in node.values
            )
        return False


def compile_expression(node: ast.expr) -> CodeType:
    """Return the code of an expression."""
    _locate(node, ast.Constant(None, lineno=1, col_offset=0, end_lineno=1, end_col_offset=0))
    return compiled(ast.Expression(node), "<test>", "eval")


def _locate(node: ast.AST, place: ast.AST) -> None:
    """Give nodes without a location that of their parents, as ``ast.fix_missing_locations`` does.

    What is below a node with a location was parsed, and is not looked at: most of an expression.
    """
    if isinstance(node, ast.expr | ast.keyword):
        if hasattr(node, "lineno"):
            return
        ast.copy_location(node, place)
    for part in ast.iter_child_nodes(node):
        _locate(part, node)


def _conjuncts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for value in node.values for part in _conjuncts(value)]
    return [node]


def _is_singleton(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _expected_line(check: ast.expr) -> bytes:
    """Return the line of the one right result where a check is ``_0 == literal``."""
    if not isinstance(check, ast.Compare) or len(check.ops) != 1 or not isinstance(check.ops[0], ast.Eq):
        return b""
    sides = [check.left, check.comparators[0]]
    literals = [side for side in sides if not (isinstance(side, ast.Name) and side.id == "_0")]
    if len(literals) != 1:
        return b""
    try:
        value = ast.literal_eval(literals[0])
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return b""
    # Equal text is an equal value: a literal holds no nan.
    return ("v" + dumps(encode(value))).encode("utf-8", "surrogatepass")
