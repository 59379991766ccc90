"""The modules of a package as syntax: their names, calls and functions, without importing them."""

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, eq=False)
class Module:
    """A module of the package, with its names."""

    name: str
    file: str
    source: str = field(repr=False)

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The syntax tree, which is made when it is first asked for."""
        return ast.parse(self.source)

    @functools.cached_property
    def parents(self) -> Mapping[ast.AST, tuple[ast.AST, str]]:
        """What each node lies in, and the name of the field that holds it."""
        return dict(_parents(self.tree))

    @functools.cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Return module and name of everything that is imported by name, wherever."""
        nodes = [node for node in self.parents if isinstance(node, ast.ImportFrom) and node.module]
        return {name.asname or name.name: (str(node.module), name.name) for node in nodes for name in node.names}

    def around(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        """Yield what a node lies in, the innermost first, each with the name of the field."""
        while node in self.parents:
            yield self.parents[node]
            node = self.parents[node][0]

    def scopes(self, node: ast.AST) -> list[ast.AST]:
        """Return the functions and classes that a node lies in, the innermost first."""
        return [each for each, _ in self.around(node) if isinstance(each, SCOPES)]

    @functools.cached_property
    def functions(self) -> Mapping[str, list[Function]]:
        """Return the functions and methods of each name."""
        found = defaultdict(list)
        for node in self.parents:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[node.name].append(node)
        return found

    @functools.cached_property
    def calls(self) -> Mapping[str, list[ast.Call]]:
        """Return the calls of what has each name, methods among them."""
        found = defaultdict(list)
        for node in self.parents:
            if isinstance(node, ast.Call):
                found[last_name(node.func)].append(node)
        return found


def last_name(node: ast.AST) -> str:
    """Return ``c`` of ``a.b.c``."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@functools.cache
def modules(package: Path) -> dict[str, Module]:
    """Return the modules of a package by their dotted names."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path.relative_to(package).as_posix(), path.read_text(encoding="utf-8"))
    return found


def _parents(tree: ast.Module) -> Iterator[tuple[ast.AST, tuple[ast.AST, str]]]:
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, ast.AST) and not isinstance(child, ast.expr_context | ast.operator):
                    yield child, (node, name)
                    todo.append(child)


def parameters(function: ast.AST) -> list[str]:
    """Return the names of a function's parameters, without ``self`` and ``cls``."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    taken = function.args
    names = [each.arg for each in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


def arguments(call: ast.Call, function: Function) -> dict[str, ast.expr]:
    """Return the expressions that a call gives to a function's parameters, its defaults among them."""
    names = parameters(function)
    taken = function.args
    places = [each.arg for each in (*taken.posonlyargs, *taken.args)]
    found = dict(zip(places[len(places) - len(taken.defaults) :], taken.defaults, strict=True))
    keywords = zip(taken.kwonlyargs, taken.kw_defaults, strict=True)
    found |= {each.arg: value for each, value in keywords if value is not None}
    found |= dict(zip(names, (node for node in call.args if not isinstance(node, ast.Starred)), strict=False))
    return found | {each.arg: each.value for each in call.keywords if each.arg in names}
