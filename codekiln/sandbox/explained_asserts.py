"""Compiles tests so that an assert which does not hold can say what it got."""

import ast
from types import CodeType

from codekiln.data.python_text import compiled, syntax_tree
from codekiln.sandbox.inside.explanation import COMPARED, NOTED
from codekiln.sandbox.inside.messages import AssertPlan

_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip


def compile_explained(text: str) -> tuple[CodeType, tuple[AssertPlan, ...]]:
    """Return the code of a test, and where its asserts are: first and last line, text, names that it reads."""
    module = syntax_tree(text)
    asserts = tuple(
        (node.lineno, node.end_lineno or node.lineno, ast.get_source_segment(text, node) or "", _names(node))
        for node in ast.walk(module)
        if isinstance(node, ast.Assert)
    )
    explained = ast.fix_missing_locations(_Explainer().visit(module))
    return compiled(explained, "<test>"), asserts


def _names(node: ast.Assert) -> tuple[str, ...]:
    found = [part.id for part in ast.walk(node.test) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)]
    return tuple(dict.fromkeys(found))


class _Explainer(ast.NodeTransformer):
    """Has the parts that decide an assert noted; what is evaluated, and in which order, stays the same."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:  # noqa: N802
        """Return an assert whose last operands are noted."""
        return ast.copy_location(ast.Assert(self._noted(node.test), node.msg), node)

    def _noted(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.BoolOp):
            made: ast.expr = ast.BoolOp(node.op, [self._noted(value) for value in node.values])
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            made = ast.UnaryOp(node.op, self._noted(node.operand))
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            symbol = _SYMBOLS[type(node.ops[0])]
            expected_first = isinstance(node.left, ast.Constant) and symbol == "=="
            made = _call(COMPARED, ast.Constant(symbol), node.left, node.comparators[0], ast.Constant(expected_first))
        elif isinstance(node, ast.Compare | ast.Constant):
            return node
        else:
            made = _call(NOTED, node)
        return ast.copy_location(made, node)


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
