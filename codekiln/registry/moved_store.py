"""SQLite stores whose folder was moved: MLflow keeps addresses of artifacts as absolute ones (mlflow/mlflow#3144).

Without this the versions of a run that was renamed, or copied to another machine, cannot be read, and a run that goes
on writes into the folder that it was moved from.
"""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

log = logging.getLogger(__name__)

ARTIFACTS = "mlartifacts"
"""The folder of a store's artifacts, beside its database."""
_ADDRESSES = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "model_versions": ("source", "storage_location"),
    "logged_models": ("artifact_location",),
}


def follow(path: Path, seconds: float) -> None:
    """Let a database that was moved together with its artifacts say where they are now.

    Only addresses of folders that are gone are changed. A database that cannot be written stays as it is.

    Args:
        path: The database, which has MLflow's tables.
        seconds: How long to wait while another process writes to it.
    """
    beside = path.parent / ARTIFACTS
    if not beside.is_dir():
        return
    with closing(sqlite3.connect(path, timeout=seconds)) as database:
        for old in _gone(database):
            try:
                _replace(database, old, beside.as_uri())
            except sqlite3.OperationalError as error:
                log.warning("%s was moved, and its addresses of artifacts cannot be corrected: %s", path, error)
            else:
                log.warning("%s was moved: its artifacts are no longer in %s", path, old)


def _gone(database: sqlite3.Connection) -> set[str]:
    """Return the addresses of folders of artifacts that experiments name and that are not there."""
    rows = database.execute("SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file:%'")
    # MLflow puts the number of its first experiment behind the folder.
    named = {str(location).removesuffix("/0") for (location,) in rows}
    return {
        each for each in named if each.endswith(f"/{ARTIFACTS}") and not Path(unquote(urlsplit(each).path)).is_dir()
    }


def _replace(database: sqlite3.Connection, old: str, new: str) -> None:
    with database:
        for table, columns in _ADDRESSES.items():
            for column in columns:
                database.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608  # names from the table above
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
                )
