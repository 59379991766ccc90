"""Two canonical forms of a program: without comments and docstrings, and without its choice of names.

Both functions raise ``SyntaxError`` for every text that has no such form: what Python does not parse, null bytes,
and nesting beyond ``MAX_DEPTH``. Nothing else is raised, whatever the text.
"""

import ast
import hashlib
from functools import lru_cache

from codekiln.data import alpha_renaming
from codekiln.data.python_text import syntax_tree

MAX_DEPTH = 120
"""Deepest AST that is accepted: ``ast.unparse`` and radon recurse about five Python frames a level."""

_BLOCKS = ("body", "orelse", "finalbody")


class TooDeep(SyntaxError):
    """A program whose AST is deeper than ``MAX_DEPTH``, or too deep for the parser itself."""


def parse(code: str) -> ast.Module:
    """Return the AST of ``code``.

    Raises:
        SyntaxError: ``code`` is not a Python program, or (``TooDeep``) nests deeper than ``MAX_DEPTH``.
    """
    try:
        tree = syntax_tree(code)
    except (RecursionError, MemoryError) as error:
        raise TooDeep("nested too deep for the parser") from error
    except ValueError as error:  # null bytes and lone surrogates
        raise SyntaxError(f"not Python text: {error}") from error
    _refuse_depth(tree)
    return tree


def strip(code: str) -> str:
    """Return ``code`` without comments, docstrings and other constants that stand alone as a statement.

    Layout becomes ``ast.unparse``'s; a body left empty keeps a ``pass``. ``strip(strip(code)) == strip(code)``.

    Raises:
        SyntaxError: see the module's docstring.
    """
    try:
        return ast.unparse(drop_constant_statements(parse(code)))
    except ValueError as error:  # an f-string or an integer that this Python reads but cannot write
        raise SyntaxError(f"no canonical form: {error}") from error


@lru_cache(maxsize=32_768)
def fingerprint(code: str) -> str:
    """Return a sha256 that is equal for programs that differ only in names, comments, layout and annotations.

    Names a program binds itself (functions, classes, arguments, variables) are numbered by order of appearance, scope
    by scope. Built-ins, imported names, attributes, keywords of calls, globals and members of classes keep their own,
    so that equal fingerprints mean the same program.

    Raises:
        SyntaxError: see the module's docstring.
    """
    tree = _Plain().visit(drop_constant_statements(parse(code)))
    alpha_renaming.rename(tree)
    return hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest()


def drop_constant_statements(tree: ast.Module) -> ast.Module:
    """Drop statements of ``tree`` that are a constant alone (docstrings among them), in place, and return it."""
    for node in ast.walk(tree):
        for field in _BLOCKS:
            block = getattr(node, field, None)
            if isinstance(block, list) and any(map(_is_constant, block)):
                block[:] = [statement for statement in block if not _is_constant(statement)]
                if not block and field == "body" and node is not tree:
                    block.append(ast.Pass())
    return tree


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _refuse_depth(tree: ast.AST) -> None:
    level, depth = [tree], 0
    while level:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
        if depth > MAX_DEPTH:
            raise TooDeep(f"nested deeper than {MAX_DEPTH} levels")


class _Plain(ast.NodeTransformer):
    """Drops what does not run: annotations (except of class members, where they make fields) and literal prefixes."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return ast.Expr(node.target)
        return ast.Assign(targets=[node.target], value=node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [item if isinstance(item, ast.AnnAssign) else self.visit(item) for item in node.body]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        node.kind = None
        return node
