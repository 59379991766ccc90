"""Static program slicing: one function with exactly the statements of its module that it needs to run.

A slice that needs another package, another module of its own package, a file, a clock or the network is rejected with
a reason, so that everything that runs in the sandbox returns the same result every time.
"""

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codekiln.recipes.corpus_tasks.functions import Definition, Function, first_line, last_line
from codekiln.recipes.corpus_tasks.purity import impurity_reason
from codekiln.recipes.corpus_tasks.source import SourceFile

# The whole slice is repeated for every example and mutant that is run.
MAX_CHARACTERS = 20_000
BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__debug__", "__class__"}


@dataclass(frozen=True)
class ProgramSlice:
    """The part of a module that a function needs to run, without the function itself.

    Attributes:
        before: Text of the program before the function.
        after: Text of the program after the function.
        indent: Columns by which the function is indented.
        names: Names of the module that the function uses, sorted.
    """

    before: str
    after: str
    indent: int
    names: tuple[str, ...] = ()

    def program(self, text: str) -> str:
        """Return the whole program with ``text``, a dedented definition, in the function's place."""
        lines = [" " * self.indent + line if line.strip() else "" for line in text.strip("\n").split("\n")]
        return self.before + "\n".join(lines) + "\n" + self.after


class _SliceError(Exception):
    """The slice cannot be built.

    Attributes:
        reason: A short kebab-case reason.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ModuleSlicer:
    """Builds the program slice of each function of a file.

    Args:
        source: A file that parses.
    """

    def __init__(self, source: SourceFile) -> None:
        self._lines = source.text.split("\n")
        self._statements = source.tree.body
        # A statement that starts on the line where the one before it ends cannot be copied as whole lines.
        self._shared_lines = {node.lineno for node, other in zip(self._statements[1:], self._statements, strict=False)
                              if node.lineno == other.end_lineno}  # fmt: skip
        self._dependencies: dict[int, tuple[list[str], str]] = {}

    def slice_of(self, function: Function) -> ProgramSlice | str:
        """Return the slice of a function, or the reason why it has none.

        Reasons are ``third-party``, ``relative-import``, ``impure`` (files, clock, randomness, network, processes),
        ``unknown-name`` (a name without a binding, such as one of a star import), ``redefined`` (the function's name is
        bound twice), ``too-much`` (over 20,000 characters) and ``layout`` (two statements on one line).
        """
        try:
            return self._slice(function)
        except _SliceError as error:
            return error.reason

    def _slice(self, function: Function) -> ProgramSlice:
        """Return the transitive closure of the statements that bind what the function reads."""
        position = self._position(function)
        own = function.owner or function.name
        chosen, waiting = {position}, self._names_read(position).copy()
        while waiting:
            name = waiting.pop()
            if name not in self._binding and name not in BUILTINS:
                raise _SliceError("unknown-name")
            # Other bindings of the function's own name would replace it, for example with an accelerated version.
            for index in self._binding.get(name, ()) if name != own else ():
                if index not in chosen:
                    chosen.add(index)
                    waiting += self._names_read(index)
        return self._assemble(function, position, sorted(chosen))

    def _position(self, function: Function) -> int:
        """Return the index of the module's statement that holds the function."""
        top = function.owner or function.name
        found = [index for index, node in enumerate(self._statements)
                 if isinstance(node, Definition | ast.ClassDef) and node.name == top]  # fmt: skip
        if len(found) != 1:
            raise _SliceError("redefined")
        node = self._statements[found[0]]
        if not first_line(node) <= function.first <= last_line(node):
            raise _SliceError("redefined")
        return found[0]

    def _names_read(self, index: int) -> list[str]:
        """Return the free names of a statement, or raise where it is impure.

        The names are sorted, so that the first reason found does not depend on the hash seed of the process. An import
        reads nothing here: `_import_text` checks only those of its names that the slice uses.
        """
        if index not in self._dependencies:
            node = self._statements[index]
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._dependencies[index] = ([], "")
            else:
                names = sorted(free_names(node, self._skips_annotations))
                self._dependencies[index] = (names, impurity_reason(node))
        names, reason = self._dependencies[index]
        if reason:
            raise _SliceError(reason)
        return names

    def _assemble(self, function: Function, position: int, chosen: list[int]) -> ProgramSlice:
        used = {name for index in chosen for name in self._names_read(index)}
        names = free_names(function.node, self._skips_annotations) - BUILTINS
        before = [*self._future_imports, *(self._text(i, used) for i in chosen if i < position)]
        after = [self._text(i, used) for i in chosen if i > position]
        class_start, class_end = self._class_lines(function, position)
        piece = ProgramSlice(
            before="\n".join([*filter(None, before), *class_start, ""]).lstrip("\n"),
            after="\n".join([*class_end, *filter(None, after), ""]),
            indent=function.indent,
            names=tuple(sorted(names)),
        )
        if len(piece.before) + len(piece.after) > MAX_CHARACTERS:
            raise _SliceError("too-much")
        return piece

    def _class_lines(self, function: Function, position: int) -> tuple[list[str], list[str]]:
        """Return the lines of a method's class before and after the method; none for a module-level function."""
        node = self._statements[position]
        if not isinstance(node, ast.ClassDef):
            return [], []
        if any(isinstance(item, Definition) and item.name == function.name and item.lineno != function.line
               for item in node.body):  # fmt: skip
            raise _SliceError("redefined")
        return self._lines[first_line(node) - 1 : function.first - 1], self._lines[function.last : last_line(node)]

    def _text(self, index: int, used: set[str]) -> str:
        node = self._statements[index]
        if isinstance(node, ast.Import | ast.ImportFrom):
            return _import_text(node, used)
        if node.lineno in self._shared_lines:
            raise _SliceError("layout")
        return "\n".join(self._lines[first_line(node) - 1 : last_line(node)])

    @cached_property
    def _binding(self) -> dict[str, list[int]]:
        """Indices of the statements that bind or mutate each name of the module."""
        found: dict[str, list[int]] = defaultdict(list)
        for index, node in enumerate(self._statements):
            for name in dict.fromkeys(_bound_names(node)):
                found[name].append(index)
        for index, node in enumerate(self._statements):
            # A table that is filled by later statements is wrong without them.
            for name in _mutated_names(node):
                if name in found and index not in found[name]:
                    found[name].append(index)
        return dict(found)

    @cached_property
    def _future_imports(self) -> list[str]:
        return [ast.unparse(node) for node in self._statements
                if isinstance(node, ast.ImportFrom) and node.module == "__future__"]  # fmt: skip

    @cached_property
    def _skips_annotations(self) -> bool:
        """Whether ``from __future__ import annotations`` keeps annotations from being evaluated."""
        return any("annotations" in line for line in self._future_imports)


def free_names(node: ast.AST, skip_annotations: bool = False) -> set[str]:
    """Return the names that a statement reads and does not bind itself."""
    read: set[str] = set()
    own: set[str] = set()
    for item in _walk(node, skip_annotations):
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


def _walk(node: ast.AST, skip_annotations: bool) -> Iterator[ast.AST]:
    waiting = [node]
    while waiting:
        item = waiting.pop()
        yield item
        for field, value in ast.iter_fields(item):
            if not (skip_annotations and field in ("annotation", "returns")):
                waiting += [child for child in (value if isinstance(value, list) else [value])
                            if isinstance(child, ast.AST)]  # fmt: skip


def _bound_names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a module-level statement binds in the module."""
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


def _mutated_names(node: ast.stmt) -> Iterator[str]:
    """Yield the names whose value a statement may mutate: ``x[...] = ``, ``x.y = ``, ``x.append(...)``."""
    if isinstance(node, Definition | ast.ClassDef | ast.Import | ast.ImportFrom):
        return
    for item in ast.walk(node):
        target: ast.expr | None = None
        if isinstance(item, ast.Subscript | ast.Attribute) and isinstance(item.ctx, ast.Store | ast.Del):
            target = item.value
        elif isinstance(item, ast.Expr) and isinstance(item.value, ast.Call):
            target = item.value.func.value if isinstance(item.value.func, ast.Attribute) else None
        while isinstance(target, ast.Attribute | ast.Subscript):
            target = target.value
        if isinstance(target, ast.Name):
            yield target.id


def _import_text(node: ast.Import | ast.ImportFrom, used: set[str]) -> str:
    """Return an import of only the names that are used, or an empty string where none is."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return ""
    kept = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in used]
    if not kept:
        return ""
    made = ast.Import(kept) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, kept, node.level)
    if reason := impurity_reason(made):
        raise _SliceError(reason)
    return ast.unparse(made)
