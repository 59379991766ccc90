"""Programs cut out of a module: one function with everything of its module that it needs to run, and no more.

A slice that would need another package, another module of its own package, a file, a clock or the network is refused
with a reason, so that what runs in the sandbox gives the same result every time.
"""

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codekiln.recipes.corpus_tasks.functions import Definition, Function
from codekiln.recipes.corpus_tasks.purity import impurity
from codekiln.recipes.corpus_tasks.source import Source

MAX_CHARACTERS = 20_000
BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__debug__", "__class__"}


@dataclass(frozen=True)
class Slice:
    """A program around a hole where the function goes.

    Attributes:
        before: Text of the program before the function.
        after: Text after it.
        indent: Columns that the function is indented by.
        names: What the function uses of its module, sorted.
    """

    before: str
    after: str
    indent: int
    names: tuple[str, ...] = ()

    def program(self, text: str) -> str:
        """Return the program with a definition, not indented, put in."""
        lines = [" " * self.indent + line if line.strip() else "" for line in text.strip("\n").split("\n")]
        return self.before + "\n".join(lines) + "\n" + self.after


class _Refused(Exception):
    """The slice cannot be made; its argument says why in one kebab-case word."""


class Module:
    """A file, ready to be cut.

    Args:
        source: A file that parses.
    """

    def __init__(self, source: Source) -> None:
        self._lines = source.text.split("\n")
        self._statements = source.tree.body
        shared = {node.lineno for node, other in zip(self._statements[1:], self._statements, strict=False)
                  if node.lineno == other.end_lineno}  # fmt: skip
        self._shared = shared
        self._known: dict[int, tuple[frozenset[str], str]] = {}

    def cut(self, function: Function) -> Slice | str:
        """Return the slice of a function, or the reason why there is none.

        ``third-party``, ``relative-import``, ``impure`` (files, clock, chance, network, processes), ``unknown-name``
        (bound nowhere: a star import), ``redefined`` (its name is bound twice), ``too-much`` (over 20,000 characters),
        ``layout`` (statements that share a line).
        """
        try:
            return self._cut(function)
        except _Refused as refusal:
            return refusal.args[0]

    def _cut(self, function: Function) -> Slice:
        place = self._place(function)
        own = function.owner or function.name
        chosen, waiting = {place}, list(self._needs_of(place))
        while waiting:
            name = waiting.pop()
            if name not in self._binding and name not in BUILTINS:
                raise _Refused("unknown-name")
            for index in self._binding.get(name, ()) if name != own else ():
                if index not in chosen:
                    chosen.add(index)
                    waiting += self._needs_of(index)
        return self._assemble(function, place, sorted(chosen))

    def _place(self, function: Function) -> int:
        top = function.owner or function.name
        found = [i for i, node in enumerate(self._statements)
                 if isinstance(node, Definition | ast.ClassDef) and node.name == top]  # fmt: skip
        holds = [
            i for i in found if _first_line(self._statements[i]) <= function.first <= self._statements[i].end_lineno
        ]
        if len(found) != 1 or len(holds) != 1:
            raise _Refused("redefined")
        return holds[0]

    def _needs_of(self, index: int) -> frozenset[str]:
        """Return the names a statement needs, sorted out once; an import is refused where it is used."""
        if index not in self._known:
            node = self._statements[index]
            is_import = isinstance(node, ast.Import | ast.ImportFrom)
            refusal = "" if is_import else impurity(node)
            self._known[index] = (frozenset() if is_import else frozenset(needs(node, self._lazy)), refusal)
        names, refusal = self._known[index]
        if refusal:
            raise _Refused(refusal)
        return names

    def _assemble(self, function: Function, place: int, chosen: list[int]) -> Slice:
        used = frozenset().union(*(self._needs_of(index) for index in chosen))
        names = needs(function.node, self._lazy) - BUILTINS
        before = [*self._futures, *(self._text(i, used) for i in chosen if i < place)]
        after = [self._text(i, used) for i in chosen if i > place]
        lead, tail = self._around(function, place)
        made = Slice("\n".join([*filter(None, before), *lead, ""]).lstrip("\n"),
                     "\n".join([*tail, *filter(None, after), ""]), function.indent, tuple(sorted(names)))  # fmt: skip
        if len(made.before) + len(made.after) > MAX_CHARACTERS:
            raise _Refused("too-much")
        return made

    def _around(self, function: Function, place: int) -> tuple[list[str], list[str]]:
        if not function.owner:
            return [], []
        node = self._statements[place]
        start, end = _first_line(node), node.end_lineno
        if any(isinstance(item, Definition) and item.name == function.name and item.lineno != function.line
               for item in node.body):  # fmt: skip
            raise _Refused("redefined")
        return self._lines[start - 1 : function.first - 1], self._lines[function.last : end]

    def _text(self, index: int, used: set[str]) -> str:
        node = self._statements[index]
        if isinstance(node, ast.Import | ast.ImportFrom):
            return _import_text(node, used)
        if node.lineno in self._shared:
            raise _Refused("layout")
        return "\n".join(self._lines[_first_line(node) - 1 : node.end_lineno])

    @cached_property
    def _binding(self) -> dict[str, list[int]]:
        """Indices of the statements that bind or change each name of the module."""
        found: dict[str, list[int]] = defaultdict(list)
        for index, node in enumerate(self._statements):
            for name in dict.fromkeys(_bound(node)):
                found[name].append(index)
        for index, node in enumerate(self._statements):
            for name in _changed(node):
                if name in found and index not in found[name]:
                    found[name].append(index)
        return dict(found)

    @cached_property
    def _futures(self) -> list[str]:
        return [ast.unparse(node) for node in self._statements
                if isinstance(node, ast.ImportFrom) and node.module == "__future__"]  # fmt: skip

    @cached_property
    def _lazy(self) -> bool:
        """Whether annotations are never evaluated."""
        return any("annotations" in line for line in self._futures)


def needs(node: ast.AST, lazy: bool = False) -> set[str]:
    """Return the names that a statement reads and does not bind itself."""
    read, own = set(), set()
    for item in _walk(node, lazy):
        if isinstance(item, ast.Name):
            (read if isinstance(item.ctx, ast.Load) else own).add(item.id)
        elif isinstance(item, ast.arg):
            own.add(item.arg)
        elif isinstance(item, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and item.name:
            own.add(item.name)
        elif isinstance(item, ast.Import | ast.ImportFrom):
            own |= {(alias.asname or alias.name).split(".")[0] for alias in item.names}
        elif isinstance(item, ast.Global):
            read |= set(item.names)
        elif isinstance(item, Definition | ast.ClassDef) and item is not node:
            own.add(item.name)
    declared = {name for item in ast.walk(node) if isinstance(item, ast.Global) for name in item.names}
    return (read - own) | declared


def _walk(node: ast.AST, lazy: bool) -> Iterator[ast.AST]:
    waiting = [node]
    while waiting:
        item = waiting.pop()
        yield item
        for field, value in ast.iter_fields(item):
            if not (lazy and field in ("annotation", "returns")):
                waiting += [child for child in (value if isinstance(value, list) else [value])
                            if isinstance(child, ast.AST)]  # fmt: skip


def _bound(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of a module binds in the module."""
    if isinstance(node, Definition | ast.ClassDef):
        yield node.name
        return
    waiting: list[ast.AST] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Definition | ast.ClassDef):
            yield item.name
            continue
        if isinstance(item, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in item.names if alias.name != "*")
        elif isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            yield item.id
        if not isinstance(item, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            waiting.extend(ast.iter_child_nodes(item))


def _changed(node: ast.stmt) -> Iterator[str]:
    """Yield the names whose value a statement may change in place: ``x[...] = ``, ``x.y = ``, ``x.append(...)``."""
    if isinstance(node, Definition | ast.ClassDef | ast.Import | ast.ImportFrom):
        return
    for item in ast.walk(node):
        target = None
        if isinstance(item, ast.Subscript | ast.Attribute) and isinstance(item.ctx, ast.Store | ast.Del):
            target = item.value
        elif isinstance(item, ast.Expr) and isinstance(item.value, ast.Call):
            target = item.value.func.value if isinstance(item.value.func, ast.Attribute) else None
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name):
            yield target.id


def _import_text(node: ast.Import | ast.ImportFrom, used: frozenset[str]) -> str:
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return ""
    kept = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in used]
    if not kept:
        return ""
    made = ast.Import(kept) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, kept, node.level)
    if reason := impurity(made):
        raise _Refused(reason)
    return ast.unparse(made)


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
