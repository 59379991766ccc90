"""What an expression of the source can be as a text, without running it.

Names are followed to their assignments, constants to their modules, and functions to what they return; of a condition
both branches count. What is known only at run time stands as ``<name>``.
"""

import ast
import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from docs.generate.sources import SCOPES, Function, Module, arguments, last_name, parameters

Texts: TypeAlias = tuple[str, ...]
# More texts than these are a list nobody reads; in the middle of a text, more than two.
MOST, MOST_INSIDE = 8, 2
# What a variable is called in the code, and what a reader of the message takes it for.
WORDS = {"error": "reason", "strerror": "reason", "exc": "reason", "msg": "reason", "__name__": "kind"}
_PLACEHOLDER = re.compile(r"<[^<>]*>")
SUGGESTION = "did you mean '<name>'?"


class Reader:
    """Reads expressions of one module.

    Args:
        module: The module.
        known: All modules, by name.
        given: Texts of parameters, by function and name.
    """

    def __init__(
        self, module: Module, known: Mapping[str, Module], given: Mapping[tuple[ast.AST, str], Texts] | None = None
    ) -> None:
        self.module, self.known, self.given = module, known, given or {}
        self._open: set[tuple[ast.AST, int]] = set()

    def texts(self, node: ast.expr | None) -> Texts:
        """Return what an expression can be, each text once."""
        if node is None:
            return ("",)
        if (node, 0) in self._open:
            return (placeholder(node),)
        self._open.add((node, 0))
        try:
            return tuple(dict.fromkeys(self._texts(node)))[:MOST]
        finally:
            self._open.discard((node, 0))

    def _texts(self, node: ast.expr) -> Iterable[str]:
        match node:
            case ast.Constant():
                return ("" if node.value is None else str(node.value),)
            case ast.JoinedStr():
                return _joined([self._part(part) for part in node.values])
            case ast.BinOp(op=ast.Add()):
                return _joined([self.texts(node.left), self.texts(node.right)])
            case ast.IfExp():
                return (*self.texts(node.body), *self.texts(node.orelse))
            case ast.BoolOp(op=ast.Or()):
                return itertools.chain.from_iterable(map(self.texts, node.values))
            case ast.NamedExpr():
                return self.texts(node.value)
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return self._call(node)
        return (placeholder(node),)

    def _part(self, node: ast.expr) -> Texts:
        if isinstance(node, ast.FormattedValue):
            found = self.texts(node.value)
            return found if len(found) <= MOST_INSIDE and found[0] else (placeholder(node.value),)
        return self.texts(node)

    def _name(self, node: ast.Name) -> Iterable[str]:
        scopes = self.module.scopes(node)
        for scope in scopes:
            if (scope, node.id) in self.given:
                return self.given[scope, node.id]
            if isinstance(scope, ast.ClassDef) and scope is not scopes[0]:
                continue
            if found := self._assigned(scope, node.id, node):
                return found
            if not isinstance(scope, ast.ClassDef) and node.id in parameters(scope):
                return (placeholder(node),)
        return list(self._global(node.id)) or (placeholder(node),)

    def _global(self, name: str) -> Iterator[str]:
        """Yield what a name of the module, or one that it imports, can be."""
        if found := self._assigned(self.module.tree, name):
            yield from found
        elif name in self.module.imports:
            module, original = self.module.imports[name]
            if module in self.known and f"{module}.{original}" not in self.known:
                yield from Reader(self.known[module], self.known)._global(original)

    def _attribute(self, node: ast.Attribute) -> Iterable[str]:
        """Return a constant of a class or of a module; all else is known at run time."""
        base = node.value.id if isinstance(node.value, ast.Name) else ""
        if ".".join(self.module.imports.get(base, ())) in self.known:
            other = Reader(self.known[".".join(self.module.imports[base])], self.known)
            return list(other._global(node.attr)) or (placeholder(node),)
        around = [scope for scope in self.module.scopes(node) if isinstance(scope, ast.ClassDef)]
        for reader, scope in [*((self, each) for each in around if base in ("cls", "self")), *self._classes(base)]:
            found = reader._assigned(scope, node.attr)
            # What is made when the program runs, such as a setting's default, says less than the attribute's name.
            if found and not all(map(_PLACEHOLDER.fullmatch, found)):
                return found
        return (placeholder(node),)

    def _classes(self, name: str) -> Iterator[tuple["Reader", ast.ClassDef]]:
        """Yield the class of this name, where the module defines or imports it."""
        module, original = self.module.imports.get(name, (self.module.name, name))
        if module in self.known:
            reader = Reader(self.known[module], self.known)
            nodes = reader.module.tree.body
            yield from ((reader, node) for node in nodes if isinstance(node, ast.ClassDef) and node.name == original)

    def _call(self, node: ast.Call) -> Iterable[str]:
        name = last_name(node.func)
        if name == "did_you_mean":
            return (SUGGESTION,)
        if name == "join" and node.args and isinstance(node.args[0], ast.List | ast.Tuple):
            separator = self.texts(node.func.value) if isinstance(node.func, ast.Attribute) else ("",)
            parts = [part for each in node.args[0].elts for part in (separator, self.texts(each))]
            return _joined(parts[1:])
        is_own = isinstance(node.func, ast.Name) or _is_own_method(node.func)
        return (list(self._returned(node, None)) if is_own else []) or (placeholder(node),)

    def _returned(self, call: ast.Call, index: int | None) -> Iterator[str]:
        """Yield what the functions that a call may mean return, or what the item ``index`` of it can be."""
        for function in self.module.functions.get(last_name(call.func), ()):
            given = self._arguments(call, function)
            reader = Reader(self.module, self.known, {**self.given, **given})
            reader._open = self._open
            for node in _own(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield from reader._item(node.value, index)

    def _arguments(self, call: ast.Call, function: Function) -> dict[tuple[ast.AST, str], Texts]:
        bound = arguments(call, function)
        return {(function, name): self.texts(value) for name, value in bound.items()}

    def _assigned(self, scope: ast.AST, name: str, use: ast.AST | None = None) -> list[str]:
        """Return what is assigned to a name in a scope; of what stands before ``use``, what it can still be there."""
        texts: list[str] = []
        blocks = set(self.module.around(use)) if use else set()
        for node in _own(scope):
            if use and getattr(node, "lineno", 0) > getattr(use, "lineno", 0):
                continue
            found = self._value(node, name)
            is_sure = isinstance(node, ast.stmt) and self.module.parents[node] in blocks
            if isinstance(node, ast.AugAssign) and found:
                texts = [*([] if is_sure else texts), *_joined([texts, found])]
            elif found:
                texts = [*([] if is_sure else texts), *found]
        return texts

    def _value(self, node: ast.AST, name: str) -> list[str]:
        """Return what a statement assigns to a name, or adds to it."""
        match node:
            case ast.Assign(targets=targets, value=value):
                return [text for target in targets for text in self._bound(target, value, name)]
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                return list(self._bound(target, value, name))
            case ast.AugAssign(target=ast.Name(id=assigned), op=ast.Add(), value=value) if assigned == name:
                return list(self.texts(value))
        return []

    def _bound(self, target: ast.expr, value: ast.expr, name: str) -> Iterable[str]:
        if isinstance(target, ast.Name) and target.id == name:
            return self.texts(value)
        if isinstance(target, ast.Tuple):
            names = [last_name(item) for item in target.elts]
            if name in names and all(names):
                return list(self._item(value, names.index(name))) or (f"<{_word(name)}>",)
        return ()

    def _item(self, value: ast.expr, index: int | None) -> Iterator[str]:
        """Yield what an expression can be, or what the item ``index`` of the tuple it is can be."""
        if (value, 1) in self._open:
            return
        self._open.add((value, 1))
        if index is None:
            yield from self.texts(value)
        elif isinstance(value, ast.Tuple) and index < len(value.elts):
            yield from self.texts(value.elts[index])
        elif isinstance(value, ast.IfExp):
            yield from (text for branch in (value.body, value.orelse) for text in self._item(branch, index))
        elif isinstance(value, ast.Call) and (isinstance(value.func, ast.Name) or _is_own_method(value.func)):
            yield from self._returned(value, index)
        self._open.discard((value, 1))


def _is_own_method(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and last_name(node.value) in ("self", "cls")


@functools.cache
def _own(scope: ast.AST) -> tuple[ast.AST, ...]:
    """Return the nodes of a scope that are of no scope inside it, in the order of the text."""
    found: list[ast.AST] = []
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, (*SCOPES, ast.Lambda)):
            found += [child, *_own.__wrapped__(child)]
    return tuple(found)


def _joined(parts: Iterable[Sequence[str]]) -> list[str]:
    """Return the parts in all combinations, one behind the other; at most ``MOST``."""
    return ["".join(each) for each in itertools.islice(itertools.product(*parts), MOST)]


def placeholder(node: ast.AST) -> str:
    """Return an expression as what it stands for, in angle brackets."""
    return f"<{_word(_called(node))}>"


def _word(name: str) -> str:
    return WORDS.get(name, re.sub(r"_+", " ", name).strip() or "value")


def _called(node: ast.AST) -> str:
    """Return the word of an expression that says most about it."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(value=value) | ast.Starred(value=value) | ast.FormattedValue(value=value):
            return _called(value)
        case ast.Call(func=ast.Name(id="len")):
            return "number"
        case ast.Call(func=ast.Name(), args=[first, *_]) | ast.Call(func=ast.Attribute(attr="join"), args=[first, *_]):
            return _called(first)
        case ast.Call(func=ast.Attribute(value=value)) | ast.GeneratorExp(elt=value) | ast.ListComp(elt=value):
            return _called(value)
        case ast.BinOp(left=left):
            return _called(left)
        case ast.BoolOp(values=[first, *_]) | ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]):
            return _called(first)
        case ast.IfExp(body=body):
            return _called(body)
    return "value"
