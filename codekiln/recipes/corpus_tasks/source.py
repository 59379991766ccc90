"""The Python files of a source tree, in a fixed order, with a reason for every file that is skipped."""

import ast
import hashlib
import os
import re
import sysconfig
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from codekiln.data import normalise
from codekiln.errors import InputError

STDLIB = "stdlib"
# Files beyond this size are mostly generated tables, which hold hardly any functions.
MAX_BYTES = 400_000
# The tasks are about the code of a package, not about its tests.
_TEST_FOLDERS = re.compile(r"(^|_)tests?$|^testing$")
_TEST_FILES = re.compile(r"^(test_.*|.*_tests?|tests|conftest)\.py$")
# Vendored code has other authors, and often another licence, than the corpus.
_VENDORED = {"vendor", "vendored", "_vendor", "_vendored", "third_party", "extern", "externals"}
_INSTALLED = {"site-packages", "dist-packages", "node_modules", "__pycache__"}


@dataclass(frozen=True)
class SourceFile:
    """A file of a corpus: its path relative to the root, with ``/`` as the separator, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The AST of the text.

        Raises:
            SyntaxError: The text is not Python, or nests too deeply.
        """
        return normalise.parse(self.text)


@dataclass(frozen=True)
class Corpus:
    """A tree of Python source files, which are read as text and never imported.

    Args:
        root: Folder of the tree.
        include: Globs of paths relative to the root; empty: every file. ``*`` also matches ``/``.
        exclude: Globs of paths to skip.
    """

    root: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def paths(self) -> tuple[list[str], dict[str, str]]:
        """Return the sorted paths of the files to read, and the reason for every Python file that is skipped."""
        kept: list[str] = []
        skipped: dict[str, str] = {}
        for path in sorted(_python_files(self.root)):
            reason = self._reason(path)
            if reason:
                skipped[path] = reason
            else:
                kept.append(path)
        return kept, skipped

    def linkable(self) -> list[str]:
        """Return the paths of the files that slices may take definitions from.

        These are the files that are kept and, in the same folders of the root, those that the globs leave out.
        """
        kept, skipped = self.paths()
        folders = {path.partition("/")[0] for path in kept if "/" in path}
        left_out = [path for path, reason in skipped.items() if reason in ("not-included", "excluded")]
        return sorted([*kept, *(path for path in left_out if "/" not in path or path.partition("/")[0] in folders)])

    def read(self, path: str) -> SourceFile | str:
        """Return a file, or the reason for skipping it: ``too-large``, ``not-text`` or ``not-python``."""
        file = self.root / path
        if file.stat().st_size > MAX_BYTES:
            return "too-large"
        try:
            # Unlike plain open, tokenize honours a file's own encoding declaration.
            with tokenize.open(file) as stream:
                source = SourceFile(path, stream.read())
        except (SyntaxError, UnicodeDecodeError):
            return "not-text"
        try:
            source.tree  # noqa: B018 - the property caches the AST, so later stages cannot meet a syntax error
        except SyntaxError:
            return "not-python"
        return source

    def digest(self) -> str:
        """Return the sha256 of the paths and bytes of all files that may be read."""
        total = hashlib.sha256("\0".join((*self.include, "", *self.exclude)).encode())
        for path in self.linkable():
            content = hashlib.sha256((self.root / path).read_bytes()).hexdigest()
            # File names need not be valid UTF-8 on every file system.
            total.update(f"{path}\0{content}\n".encode("utf-8", "surrogateescape"))
        return total.hexdigest()

    def _reason(self, path: str) -> str | None:
        *folders, name = path.split("/")
        if any(folder in _VENDORED for folder in folders):
            return "vendored"
        if any(_TEST_FOLDERS.search(folder) for folder in folders) or _TEST_FILES.match(name):
            return "test-file"
        if self.include and not _matches(path, self.include):
            return "not-included"
        return "excluded" if _matches(path, self.exclude) else None


def open_corpus(name: str, include: Sequence[str] = (), exclude: Sequence[str] = (), where: str = "corpus") -> Corpus:
    """Open a folder as a corpus, or the standard library of the running interpreter for the name ``stdlib``.

    Raises:
        InputError: The folder does not exist.
    """
    root = Path(sysconfig.get_paths()["stdlib"] if name == STDLIB else name)
    if not root.is_dir():
        raise InputError(
            f"there is no folder '{name}'", where=where, fix=f"give a folder of Python files, or '{STDLIB}'"
        )
    return Corpus(root, tuple(include), tuple(exclude))


def _python_files(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        # The order of os.walk depends on the file system; sorting makes it the same everywhere.
        folders[:] = sorted(name for name in folders if name not in _INSTALLED and not name.startswith("."))
        below = Path(folder).relative_to(root)
        for name in sorted(names):
            if name.endswith(".py") and (Path(folder) / name).is_file():
                yield (below / name).as_posix()


def _matches(path: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(path, glob) for glob in globs)
