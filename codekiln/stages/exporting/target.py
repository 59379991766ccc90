"""The folder of an export: whole or absent, and never in place of something else."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codekiln.data.files import sha256_file, write_atomic
from codekiln.errors import InputError

RECORD = "export.json"


@contextmanager
def new_folder(to: Path, identity: Mapping[str, Any]) -> Iterator[Path]:
    """Provide a folder beside ``to`` that takes its place when the block ends without an error.

    What a killed export left beside ``to`` is removed by the next one.

    Args:
        to: Folder of the export; an earlier export with the same identity in it is replaced.
        identity: What is exported, as the record of the export states it.

    Raises:
        InputError: ``to`` holds something else, or another process exports there at this moment.
    """
    to = to.expanduser().resolve()
    _require_ours(to, identity)
    to.parent.mkdir(parents=True, exist_ok=True)
    staging, old = to.with_name(f".{to.name}.exporting"), to.with_name(f".{to.name}.replaced")
    staging.mkdir(exist_ok=True)
    try:
        handle = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        # What a link points at is not ours to empty.
        raise InputError("is no folder of an export", where=str(staging), fix="remove it") from None
    try:
        _lock(handle, staging, to)
        if old.exists() and not to.exists():  # killed between the two renames below
            old.rename(to)
        shutil.rmtree(old, ignore_errors=True)
        for left in staging.iterdir():
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        yield staging
        _require_ours(to, identity)
        if to.exists():
            to.rename(old)
        staging.rename(to)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        if _is_held(handle, staging):
            shutil.rmtree(staging, ignore_errors=True)
        raise
    finally:
        os.close(handle)


def write_record(folder: Path, identity: Mapping[str, Any], **further: Any) -> dict[str, Any]:
    """Write and return the record of an export: what it is, and the digest of each of its files."""
    files = {str(path.relative_to(folder)): sha256_file(path) for path in files_of(folder)}
    record = {**identity, **further, "files": files}
    write_atomic(folder / RECORD, json.dumps(record, indent=2) + "\n")
    return record


def files_of(folder: Path) -> list[Path]:
    """Return all files of a folder, sorted by path."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def further_files(folder: Path, record: Mapping[str, Any]) -> list[str]:
    """Return the files and links in a folder that its record does not have: an export replaces only its own."""
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    files = record.get("files")
    return sorted(names - {RECORD, *(files if isinstance(files, dict) else ())})


def require_no_links_out(folder: Path) -> None:
    """Refuse a folder with links to files outside: they would be copied, and perhaps uploaded.

    Links of the Hub's cache go from ``snapshots/COMMIT`` to ``blobs`` beside ``snapshots``, and are fine.

    Raises:
        InputError: It names the first.
    """
    root = folder.resolve()
    inside = (root, root.parent.parent / "blobs") if root.parent.name == "snapshots" else (root,)
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not any(path.resolve().is_relative_to(place) for place in inside):
            fix = "replace it by a file, or remove it"
            raise InputError(f"is a link out of the adapter's folder, to {path.resolve()}", where=str(path), fix=fix)


def _require_ours(to: Path, identity: Mapping[str, Any]) -> None:
    if not to.exists():
        return
    if not to.is_dir():
        raise InputError("is a file", where=str(to), fix="give a folder that does not exist yet")
    if not any(to.iterdir()):
        return
    try:
        found = {**json.loads((to / RECORD).read_bytes())}
    except (OSError, TypeError, ValueError):
        found = {}
    fix = "give a folder that does not exist yet"
    if {key: found.get(key) for key in identity} != dict(identity):
        what = "holds another export" if found else "is not empty, and no export"
        raise InputError(what, where=str(to), fix=fix)
    if further := further_files(to, found):
        raise InputError(f"has files that are of no export: {further[0]}", where=str(to), fix=f"move them, or {fix}")


def _lock(handle: int, staging: Path, to: Path) -> None:
    busy = InputError("another export is writing it at this moment", where=str(to), fix="wait for it, or give another")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
    # The other one may have finished between our opening of its folder and our lock.
    if not _is_held(handle, staging):
        raise busy


def _is_held(handle: int, staging: Path) -> bool:
    """Return whether ``handle`` is open on ``staging`` and locked by this process."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(handle).st_ino == staging.stat().st_ino
    except OSError:
        return False
