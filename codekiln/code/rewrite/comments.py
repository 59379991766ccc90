"""Uninformative comments and docstrings, such as models pad their programs with."""

import ast

from codekiln.code.rewrite.render import render
from codekiln.data.python_text import syntax_tree
from codekiln.data.text import lines_of

_SHORT = {
    ast.Import: "Import what is needed",
    ast.ImportFrom: "Import what is needed",
    ast.For: "Go through the items",
    ast.While: "Repeat while needed",
    ast.If: "Check the condition",
    ast.AugAssign: "Update the value",
    ast.Expr: "Add the item",
    ast.Assign: "Set the value",
    ast.Return: "Return the result",
}


def comment(code: str) -> str:
    """Return ``code`` with a comment line before each kind of statement when it first occurs in a function."""
    lines = [line.rstrip("\r\n") for line in lines_of(code)]
    for number, text in sorted(_places(syntax_tree(code)), reverse=True):
        line = lines[number - 1]
        lines.insert(number - 1, line[: len(line) - len(line.lstrip())] + "# " + text)
    return "\n".join(lines)


def document(code: str) -> str:
    """Return ``code`` with a docstring of several lines in every top-level function that has none."""
    tree = syntax_tree(code)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is None:
            words = node.name.strip("_").replace("_", " ")
            text = f"Compute the {words}.\n\n    Returns:\n        The {words}.\n    "
            node.body.insert(0, ast.Expr(ast.Constant(text)))
    return render(tree)


def _places(tree: ast.Module) -> set[tuple[int, str]]:
    places: set[tuple[int, str]] = set()
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        used: set[str] = set()
        for statement in sorted(_statements(function), key=lambda node: node.lineno):
            text = _SHORT.get(type(statement))
            if text and text not in used:
                used.add(text)
                places.add((statement.lineno, text))
    return places


def _statements(function: ast.FunctionDef) -> list[ast.stmt]:
    found, blocks = [], [function.body]
    while blocks:
        for node in blocks.pop():
            found.append(node)
            blocks += [getattr(node, field) for field in ("body", "orelse", "finalbody") if getattr(node, field, None)]
    elifs = {id(node.orelse[0]) for node in found if isinstance(node, ast.If) and len(node.orelse) == 1}
    return [node for node in found if id(node) not in elifs and not _docstring(node)]


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
