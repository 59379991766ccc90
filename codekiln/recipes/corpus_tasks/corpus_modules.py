"""The modules of a corpus by their dotted names: what each binds, and where its imports lead."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from codekiln.recipes.corpus_tasks.functions import Definition
from codekiln.recipes.corpus_tasks.source import Corpus, SourceFile

Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class ImportedName:
    """A name that an import binds.

    Attributes:
        name: The name in the module that imports.
        module: The absolute dotted name of the module it comes from.
        attribute: Its name there; empty where it is the module itself.
    """

    name: str
    module: str
    attribute: str = ""


@dataclass
class Module:
    """A file of a corpus as a module.

    Args:
        name: Its dotted name.
        is_package: Whether it is the ``__init__`` of a package.
        source: A file that parses.
        texts: Sources of its statements that were asked for.
        reads: What its statements read, of those that were asked for.
    """

    name: str
    is_package: bool
    source: SourceFile
    texts: dict[int, str] = field(default_factory=dict)
    reads: dict[int, list[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)

    @property
    def statements(self) -> list[ast.stmt]:
        """The statements of the module."""
        return self.source.tree.body

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @cached_property
    def binding(self) -> dict[str, list[int]]:
        """Indices of the statements that bind or mutate each name of the module."""
        found: dict[str, list[int]] = defaultdict(list)
        for index, node in enumerate(self.statements):
            for name in dict.fromkeys(bound_names(node)):
                found[name].append(index)
        for index, node in enumerate(self.statements):
            # A table that is filled by later statements is wrong without them.
            for name in (*_mutated_names(node), *self._filled_names(node)):
                if name in found and index not in found[name]:
                    found[name].append(index)
        return dict(found)

    def _filled_names(self, node: ast.stmt) -> Iterator[str]:
        """Yield the names that a call such as ``_init()``, which stands alone, may fill."""
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            for other in self.statements:
                if isinstance(other, Definition) and other.name == call.func.id:
                    yield from sorted(
                        {item.id for item in ast.walk(other) if isinstance(item, ast.Name)} - {other.name}
                    )

    @cached_property
    def stars(self) -> tuple[str, ...]:
        """The modules of which every name is imported."""
        nodes = [node for node in self.statements if isinstance(node, ast.ImportFrom)]
        return tuple(self.absolute(node) for node in nodes if any(alias.name == "*" for alias in node.names))

    @cached_property
    def exported(self) -> frozenset[str] | None:
        """The names in ``__all__``, where that is a literal; None without one."""
        for node in self.statements:
            if isinstance(node, ast.Assign) and any(getattr(item, "id", "") == "__all__" for item in node.targets):
                names = [item.value for item in ast.walk(node.value) if isinstance(item, ast.Constant)]
                return frozenset(map(str, names)) if isinstance(node.value, ast.List | ast.Tuple) else None
        return None

    @cached_property
    def future_imports(self) -> list[str]:
        """The source of each future import."""
        return [ast.unparse(node) for node in self.statements
                if isinstance(node, ast.ImportFrom) and node.module == "__future__"]  # fmt: skip

    @cached_property
    def skips_annotations(self) -> bool:
        """Whether ``from __future__ import annotations`` keeps annotations from being evaluated."""
        return any("annotations" in line for line in self.future_imports)

    def absolute(self, node: ast.ImportFrom) -> str:
        """Return the absolute name of the module that an import is from."""
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        base = ".".join(parts[: len(parts) - node.level + 1])
        return ".".join(filter(None, (base, node.module)))

    def imported(self, node: Import) -> Iterator[ImportedName]:
        """Yield the names that an import binds, those of a star import aside."""
        for alias in node.names:
            if isinstance(node, ast.Import):
                # `import a.b` binds `a`.
                yield ImportedName(alias.asname or alias.name.split(".")[0],
                                   alias.name if alias.asname else alias.name.split(".")[0])  # fmt: skip
            elif alias.name != "*":
                yield ImportedName(alias.asname or alias.name, self.absolute(node), alias.name)


class CorpusModules:
    """Finds the modules of a corpus; files are read when a slice needs them.

    Args:
        corpus: The source tree; None: there is only the file that is asked about.
    """

    def __init__(self, corpus: Corpus | None = None) -> None:
        self._corpus = corpus
        self._paths = corpus.linkable() if corpus else ()
        self._prefix = _package_prefix(corpus) if corpus else ()
        self._read: dict[str, Module | None] = {}

    @cached_property
    def _path_of(self) -> dict[str, str]:
        return {self.name_of(path): path for path in self._paths}

    @cached_property
    def _packages(self) -> frozenset[str]:
        return frozenset(
            name.rsplit(".", depth)[0] for name in self._path_of for depth in range(1, name.count(".") + 1)
        )

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Folders that are packages."""
        return frozenset(path.rpartition("/")[0] for path in self._paths if path.endswith("__init__.py"))

    def name_of(self, path: str) -> str:
        """Return the dotted name of the module in a file."""
        folders, _, file = path.rpartition("/")
        parts = folders.split("/") if folders else []
        start = len(parts)
        while start and "/".join(parts[:start]) in self._folders:
            start -= 1
        is_rooted = bool(self._prefix) or not start < len(parts)
        named = [*self._prefix, *(parts if is_rooted else parts[start:])]
        stem = file.removesuffix(".py")
        return ".".join(named if stem == "__init__" and named else [*named, stem])

    def has(self, name: str) -> bool:
        """Tell whether a module or package is in the corpus."""
        return name in self._path_of or name in self._packages

    def module_of(self, source: SourceFile) -> Module:
        """Return the module in a file that parses."""
        name = self.name_of(source.path)
        if name not in self._read:
            self._read[name] = Module(name, source.path.rpartition("/")[2] == "__init__.py", source)
        return self._read[name] or Module(name, False, source)

    def module(self, name: str) -> Module | None:
        """Return a module, or None where it has no file that parses."""
        if name not in self._read:
            path = self._path_of.get(name)
            source = self._corpus.read(path) if self._corpus and path else ""
            self._read[name] = None if isinstance(source, str) else self.module_of(source)
        return self._read[name]


def _package_prefix(corpus: Corpus) -> tuple[str, ...]:
    """Return the names of the packages that the root of a corpus lies in, itself included where it is one."""
    found: list[str] = []
    folder = corpus.root.resolve()
    while (folder / "__init__.py").is_file():
        found.insert(0, folder.name)
        folder = folder.parent
    return tuple(found)


def bound_names(node: ast.stmt) -> Iterator[str]:
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


def dotted_reads(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each name that is read with the attributes that follow it, as in ``nx.utils.pairwise``."""
    inner: set[int] = set()
    for item in ast.walk(node):
        if id(item) in inner or not isinstance(item, ast.Attribute | ast.Name):
            continue
        attributes: list[str] = []
        value: ast.expr = item
        while isinstance(value, ast.Attribute):
            attributes.insert(0, value.attr)
            value = value.value
            inner.add(id(value))
        if isinstance(value, ast.Name) and isinstance(value.ctx, ast.Load):
            yield value.id, tuple(attributes)
