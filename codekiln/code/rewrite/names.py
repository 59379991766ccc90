"""Names in a program: those in use, fresh ones, and comprehension variables that would clash as loop variables."""

import ast

from codekiln.code.syntax import COMPREHENSIONS, Comprehension


def names_in(tree: ast.AST) -> set[str]:
    """Return every identifier that ``tree`` reads, binds, imports or takes as a parameter."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found.add((asname or name).split(".")[0])
    return found


def bound(function: ast.FunctionDef) -> set[str]:
    """Return the names that ``function`` and the functions in it take as parameters or assign."""
    stores = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stores | {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}


def fresh(base: str, used: set[str]) -> str:
    """Return ``base``, or ``base`` with the lowest free number, and mark it as used."""
    name, number = base, 2
    while name in used:
        name, number = f"{base}{number}", number + 1
    used.add(name)
    return name


def targets(node: Comprehension) -> set[str]:
    """Return the names that the ``for`` clauses of ``node`` bind."""
    return {name for clause in node.generators for name in names_in(clause.target)}


def separate(function: ast.FunctionDef, used: set[str]) -> None:
    """Rename, in place, comprehension variables that would clash with another variable once they are loop variables."""
    for node in [child for child in ast.walk(function) if isinstance(child, COMPREHENSIONS)]:
        outside = _free_names(function, node)
        for name in sorted(targets(node) & outside):
            _rename(node, name, fresh(name, used))


def _free_names(function: ast.FunctionDef, own: Comprehension) -> set[str]:
    found: set[str] = names_in(function.args)

    def visit(tree: ast.AST, bound: frozenset[str]) -> None:
        if tree is own:
            visit(own.generators[0].iter, bound)
            found.update(bound)
            return
        if isinstance(tree, ast.Name) and tree.id not in bound:
            found.add(tree.id)
        if isinstance(tree, COMPREHENSIONS):
            bound = bound | targets(tree)
        for child in ast.iter_child_nodes(tree):
            visit(child, bound)

    for statement in function.body:
        visit(statement, frozenset())
    return found


def _rename(node: Comprehension, old: str, new: str) -> None:
    first = {id(child) for child in ast.walk(node.generators[0].iter)}
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and child.id == old and id(child) not in first:
            child.id = new
