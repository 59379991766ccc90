"""Functions without their names, so that a copy that only calls things otherwise is seen to be one."""

import ast
import builtins
import contextlib
from collections.abc import Iterator, Sequence

from codekiln.data import near_duplicates, normalise
from codekiln.recipes.corpus_tasks.functions import Definition, Function

_KNOWN = frozenset(dir(builtins))


def renamed(functions: Sequence[Function], shortest: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of indices of functions that are nearly equal but for names; also where one is inside the other.

    Args:
        functions: The functions.
        shortest: Least lines of a function inside another one that is compared.
    """
    shapes = [(index, text) for index, item in enumerate(functions) for text in _shapes(item, shortest)]
    texts = [text for _, text in shapes]
    for left, right, _ in near_duplicates.near(texts, texts):
        if shapes[left][0] < shapes[right][0]:
            yield shapes[left][0], shapes[right][0]


def _shapes(function: Function, shortest: int) -> Iterator[str]:
    tree = _Nameless().visit(normalise.parse(function.text))
    for node in ast.walk(tree):
        if isinstance(node, Definition) and (node is tree.body[0] or node.end_lineno - node.lineno + 1 >= shortest):
            with contextlib.suppress(ValueError):  # some f-strings can be read but not written
                yield ast.unparse(node)


class _Nameless(ast.NodeTransformer):
    """Blanks every name but those of Python's builtins and of attributes, and drops annotations and decorators."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = node.id if node.id in _KNOWN else "_"
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation = "_", None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.name, node.returns, node.decorator_list = "_", None, []
        return node

    visit_AsyncFunctionDef = visit_FunctionDef
