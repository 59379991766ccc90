"""URIs of SQLite databases: MLflow decodes their paths, and takes what follows a ``?`` as options."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

from codekiln.errors import InputError
from codekiln.registry.moved_store import ARTIFACTS

DEFAULT_EXPERIMENT = "0"
_PREFIX = "sqlite:///"
# Where a store keeps artifacts that is opened without a place of its own; `mlflow server` sets it.
_ARTIFACTS = "_MLFLOW_SERVER_ARTIFACT_ROOT"
_HEADER = b"SQLite format 3\0"
# https://docs.python.org/3/library/sqlite3.html#sqlite3.connect and https://www.sqlite.org/uri.html
_OPTIONS = {
    "cache", "cached_statements", "check_same_thread", "detect_types", "immutable", "isolation_level", "mode", "nolock",
    "psow", "timeout", "uri", "vfs",
}  # fmt: skip


def sqlite_uri(path: Path) -> str:
    """Return the URI of a database file; only what would mean something else in a URI is encoded: ``%``, ``?``, ``#``.

    SQLAlchemy unquotes the path of a database URL (https://docs.sqlalchemy.org/en/21/core/engines.html).
    """
    return _PREFIX + "".join(quote(letter) if letter in "%?#" else letter for letter in str(path))


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a SQLite URI as SQLAlchemy reads it, or None for any other store."""
    if not uri.startswith(_PREFIX):
        return None
    return Path(unquote(_written(uri))).absolute()


@contextlib.contextmanager
def own_folders(uri: str) -> Iterator[None]:
    """Let MLflow open a database without leaving anything elsewhere.

    It makes the folder of the path as it is written in the URI, and puts the path of the current folder, as the place
    of its first experiment, into a statement without quoting it.
    """
    path = sqlite_path(uri)
    if path is None:
        yield
        return
    written = Path(_written(uri)).absolute().parent
    made = [folder for folder in (written, *written.parents) if not folder.exists()]
    before = os.environ.get(_ARTIFACTS)
    os.environ[_ARTIFACTS] = (path.parent / ARTIFACTS).as_uri()
    try:
        yield
    finally:
        if before is None:
            del os.environ[_ARTIFACTS]
        else:
            os.environ[_ARTIFACTS] = before
        for folder in made:
            with contextlib.suppress(OSError):  # another process still needs it
                folder.rmdir()


def check_sqlite_uri(uri: str, where: str = "tracking_uri") -> None:
    """Refuse a SQLite URI that cannot be meant: of no database, or with a ``?`` or ``%`` of a path written as it is.

    MLflow itself tries to open such a database for two minutes, and writes into a short file of another kind.

    Raises:
        InputError: What follows the ``?`` is no option, only the path as written is there, or it is no database.
    """
    path = sqlite_path(uri)
    if path is None:
        return
    whole = Path(uri.removeprefix(_PREFIX))
    _, query, options = uri.partition("?")
    unknown = [key for key, _ in parse_qsl(options, keep_blank_values=True) if key not in _OPTIONS]
    if query and (unknown or not options):
        what = f"the path of a database ends at '?', and '{unknown[0] if unknown else ''}' is none of its options"
        raise InputError(what, where=where, fix=f"write {sqlite_uri(whole)}")
    written = Path(_written(uri)).absolute()
    if written != path and not path.parent.is_dir() and written.parent.is_dir():
        what = f"'%' begins a code in a URI, so it means {path}, whose folder is not there"
        raise InputError(what, where=where, fix=f"write {sqlite_uri(whole)}")
    if path.exists() and not _is_database(path):
        raise InputError("is no SQLite database", where=f"{where}: {path}", fix="give another path")


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_HEADER)) in (b"", _HEADER)


def _written(uri: str) -> str:
    return uri.partition("?")[0].removeprefix(_PREFIX)
