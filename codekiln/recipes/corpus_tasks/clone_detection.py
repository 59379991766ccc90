"""Detection of renamed clones (type-2 clones): functions that are nearly equal once names are removed."""

import ast
import builtins
import contextlib
from collections.abc import Iterator, Sequence

from codekiln.data import near_duplicates, normalise
from codekiln.recipes.corpus_tasks.functions import Definition, Function, last_line

_BUILTINS = frozenset(dir(builtins))


def renamed_clones(functions: Sequence[Function], min_lines: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of indices of functions that are clones of each other, or that contain clones as nested functions.

    Args:
        functions: The functions.
        min_lines: Smallest number of lines of a nested function that is compared.
    """
    normalised = [(index, text) for index, item in enumerate(functions) for text in _normalised(item, min_lines)]
    texts = [text for _, text in normalised]
    for left, right, _ in near_duplicates.similar_pairs(texts, texts):
        if normalised[left][0] < normalised[right][0]:
            yield normalised[left][0], normalised[right][0]


def _normalised(function: Function, min_lines: int) -> Iterator[str]:
    """Yield the source of a function and of its nested functions without names."""
    tree = normalise.parse(function.text)
    _NameRemover().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, Definition) and (node is tree.body[0] or last_line(node) - node.lineno + 1 >= min_lines):
            with contextlib.suppress(ValueError):  # some f-strings parse but cannot be unparsed
                yield ast.unparse(node)


class _NameRemover(ast.NodeTransformer):
    """Replaces names by ``_``, except built-ins and attributes, and drops annotations and decorators."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = node.id if node.id in _BUILTINS else "_"
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation = "_", None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.name, node.returns, node.decorator_list = "_", None, []
        return node

    visit_AsyncFunctionDef = visit_FunctionDef
