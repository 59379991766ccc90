"""Groups of AST node types, and names in trees, that mutations and rewrites share."""

import ast

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While
ListLike = ast.ListComp | ast.SetComp | ast.GeneratorExp
"""Comprehensions with one element; a `DictComp` has a key and a value."""
Comprehension = ListLike | ast.DictComp

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

BLOCKS = ("body", "orelse", "finalbody")
"""Fields of statements that hold lists of statements."""


def callee(node: ast.AST) -> str:
    """Return the last part of the name that ``node`` calls, or "" when it is not a call of a name."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
    return ""


def variables_in(node: ast.AST) -> set[str]:
    """Return the names that occur as variables in ``node``: read, assigned or deleted."""
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
