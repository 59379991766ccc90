"""AST to source text, in the layout that every rewrite uses."""

import ast

from codekiln.data.python_text import syntax_tree


def render(tree: ast.Module) -> str:
    """Return ``ast.unparse(tree)`` without the doubled parentheses it writes around a generator as sole argument."""
    lines = [line.encode() for line in ast.unparse(ast.fix_missing_locations(tree)).split("\n")]
    spots = [spot for node in ast.walk(syntax_tree(b"\n".join(lines))) for spot in _doubled(node)]
    for row, column in sorted(spots, reverse=True):
        lines[row - 1] = lines[row - 1][:column] + lines[row - 1][column + 1 :]
    return b"\n".join(lines).decode()


def _doubled(node: ast.AST) -> list[tuple[int, int]]:
    match node:
        case ast.Call(
            func=function, args=[ast.GeneratorExp(end_lineno=int(row), end_col_offset=int(end)) as only], keywords=[]
        ):
            if (function.end_lineno, function.end_col_offset) != (only.lineno, only.col_offset):
                return [(only.lineno, only.col_offset), (row, end - 1)]
    return []
