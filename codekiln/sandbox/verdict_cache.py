"""Verdicts by content, shared between runs and processes: what has been graded once is not run again.

The key of a verdict is a digest of all that decides it: the program, the problem's tests, setup, entry point and
reference, the limits, the allowed packages, the source code of the sandbox, the interpreter and the machine's
architecture. A changed sandbox therefore finds none of the verdicts of the one before.

A verdict that depends on how busy the machine is, is not kept: see ``is_repeatable``.
"""

import hashlib
import json
import logging
import os
import platform
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from pydantic import ValidationError

from codekiln import __version__
from codekiln.data.records import Problem, Verdict
from codekiln.data.system_errors import is_off
from codekiln.sandbox.limits import Limits

log = logging.getLogger(__name__)

VARIABLE, ALL_CACHES = "CODEKILN_VERDICT_CACHE", "CODEKILN_CACHE"
"""Environment variables: the folder of this cache, or ``off``; and the folder of all caches of codekiln."""
MAX_ENTRIES = 500_000
"""The oldest quarter is dropped beyond this number; an entry takes about 300 bytes on disk."""
INFRASTRUCTURE = "infrastructure:"
"""How the detail of a verdict begins that says nothing about the program: its sandbox died."""

_BATCH, _FLUSH_SECONDS, _LOCK_SECONDS = 500, 1.0, 30.0
_REPEATABLE = {"passed", "failed", "error", "invalid", "output"}
# Errors of the machine, such as a full disk, that end a program like errors of its own.
_OF_THE_MACHINE = re.compile(r"\[Errno \d+\]|can't start new thread")
_CPU_TIMEOUT = "used its "
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_CHECK_BYTES = 8
_SCHEMA = "CREATE TABLE IF NOT EXISTS verdicts (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB)"


def is_infrastructure_error(verdict: Verdict) -> bool:
    """Return whether the sandbox failed and not the program, so that the program is to be graded again."""
    return verdict.status == "crashed" and verdict.detail.startswith(INFRASTRUCTURE)


def is_repeatable(verdict: Verdict) -> bool:
    """Return whether the same program gets the same verdict on a busy machine.

    Not kept are timeouts by wall time, programs that ran out of memory, were killed or broke their channel off (the
    kernel may have killed them for lack of memory elsewhere), and errors of the operating system such as a full disk.
    Timeouts by CPU time are
    kept: they cost the most, and load moves a program's own CPU time by little.
    """
    if verdict.status == "timeout":
        return verdict.detail.startswith(_CPU_TIMEOUT)
    return verdict.status in _REPEATABLE and not _OF_THE_MACHINE.search(verdict.detail)


def context_digest(limits: Limits, allow_imports: Sequence[str] = (), allow_weaker: bool = False) -> bytes:
    """Return the digest of what all programs of a run have in common: 32 bytes."""
    parts = {
        "sandbox": _source_digest(),
        "version": __version__,
        "python": sys.version,
        "machine": platform.machine(),
        "limits": limits.model_dump(mode="json"),
        "imports": sorted(set(allow_imports)),
        # A package may import others, so any change of what is installed counts.
        "packages": _installed() if allow_imports else [],
        "weaker": allow_weaker,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


def problem_digest(problem: Problem) -> bytes:
    """Return the digest of what grades a problem: 32 bytes; its name and how it is shown do not count."""
    graded_by = problem.model_dump_json(include={"entry_point", "preamble", "setup", "tests", "reference"})
    return hashlib.sha256(graded_by.encode()).digest()


def verdict_key(context: bytes, problem: bytes, program: str) -> bytes:
    """Return the key of the verdict on a program, from the digests of its context and problem: 32 bytes."""
    return hashlib.sha256(context + problem + program.encode("utf-8", "surrogatepass")).digest()


def default_folder() -> Path | None:
    """Return the folder that the environment names, or the one below the user's cache folder; None: switched off."""
    named = os.environ.get(VARIABLE, "")
    if named and is_off(named):
        return None
    caches = os.environ.get(ALL_CACHES) or f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/codekiln"
    folder = Path(os.path.expanduser(named or f"{caches}/verdicts"))
    if folder.parts[0] == "~":
        log.warning("no home folder: verdicts are not kept; %s names a folder for them", VARIABLE)
        return None
    return folder


class VerdictCache:
    """A table of verdicts in an SQLite file, which processes share; usable from one thread.

    A damaged entry counts as none and is written again; so is a damaged file. A file that cannot be used at all (no
    permission, a full disk) is reported once, and programs are then run as without a cache.

    Args:
        folder: Folder of the file; None: nothing is found or kept.
        max_entries: Number of verdicts beyond which the oldest quarter is dropped.
    """

    def __init__(self, folder: Path | None, max_entries: int = MAX_ENTRIES) -> None:
        self._path = folder and folder / "verdicts.sqlite3"
        self._max_entries = max_entries
        self._connection: sqlite3.Connection | None = None
        self._waiting: dict[bytes, Verdict] = {}
        self._flushed = time.monotonic()

    def __enter__(self) -> "VerdictCache":
        if self._path:
            self._attempt(self._open)
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()
        if self._connection:
            self._connection.close()
        self._connection = None

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Verdict]:
        """Return the known verdicts by key, each with an empty ``task_id``."""
        found: dict[bytes, Verdict] = {}
        for start in range(0, len(keys), _BATCH):
            if self._connection is None:
                break
            self._attempt(self._find_batch, keys[start : start + _BATCH], found)
        return found

    def add(self, key: bytes, verdict: Verdict) -> None:
        """Keep a verdict, if it is repeatable; it is written within a second or so, at the latest at the end."""
        if self._connection is None or not is_repeatable(verdict):
            return
        self._waiting[key] = verdict
        if len(self._waiting) >= _BATCH or time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what ``add`` was given."""
        if self._waiting and self._connection:
            self._attempt(self._write)
        self._waiting.clear()
        self._flushed = time.monotonic()

    def _attempt(self, operation: Callable[..., None], *arguments: object) -> None:
        """Perform an operation; start over with a new file when this one is damaged, give up when it cannot be used."""
        for is_retry in (False, True):
            try:
                operation(*arguments)
                return
            except (sqlite3.Error, OSError) as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
                if is_retry or code not in _DAMAGED or not self._start_over():
                    log.warning("%s cannot be used, verdicts are not kept: %s", self._path, error)
                    self._discard_connection()
                    return

    def _open(self) -> None:
        assert self._path is not None
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = sqlite3.connect(self._path, timeout=_LOCK_SECONDS, isolation_level=None)
        _use_write_ahead_log(self._connection)
        self._connection.execute(_SCHEMA)

    def _start_over(self) -> bool:
        """Remove the damaged file and open a new one; return whether that went well."""
        log.warning("%s is damaged: starting a new one", self._path)
        self._discard_connection()
        try:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            self._open()
        except (sqlite3.Error, OSError):
            return False
        return True

    def _discard_connection(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _find_batch(self, keys: Sequence[bytes], found: dict[bytes, Verdict]) -> None:
        assert self._connection is not None
        marks = ",".join("?" * len(keys))
        for key, value in self._connection.execute(f"SELECT key, value FROM verdicts WHERE key IN ({marks})", keys):
            if (verdict := _decode(key, value)) is not None:
                found[key] = verdict

    def _write(self) -> None:
        assert self._connection is not None
        rows = [(key, _encode(key, verdict)) for key, verdict in self._waiting.items()]
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO verdicts (key, value) VALUES (?, ?)", rows)
            # Numbers grow with each insertion, so their range bounds how many there are, and the lowest are the oldest.
            first, last = connection.execute("SELECT min(number), max(number) FROM verdicts").fetchone()
            if last - first >= self._max_entries:
                connection.execute("DELETE FROM verdicts WHERE number <= ?", (last - self._max_entries * 3 // 4,))


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Let readers go on while another process writes (https://www.sqlite.org/wal.html)."""
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself while several processes change the mode of a new file.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _encode(key: bytes, verdict: Verdict) -> bytes:
    text = verdict.model_copy(update={"task_id": ""}).model_dump_json().encode()
    return hashlib.blake2b(key + text, digest_size=_CHECK_BYTES).digest() + text


def _decode(key: bytes, value: bytes) -> Verdict | None:
    """Return the verdict of an entry, or None for a damaged one."""
    try:
        check, text = value[:_CHECK_BYTES], value[_CHECK_BYTES:]
        if hashlib.blake2b(key + text, digest_size=_CHECK_BYTES).digest() != check:
            raise ValueError("another check value")
        return Verdict.model_validate_json(text)
    except (ValueError, TypeError, ValidationError) as error:
        log.warning("an entry of the verdict cache is damaged, its program is run again: %s", error)
        return None


@lru_cache(maxsize=1)
def _source_digest() -> str:
    """Return the digest of the sandbox's source files and of the records that it returns."""
    room = Path(__file__).parent
    digest = hashlib.sha256()
    for path in (*sorted(room.rglob("*.py")), room.parent / "data" / "records.py"):
        digest.update(f"{path.relative_to(room.parent)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _installed() -> list[str]:
    return sorted(f"{found.metadata['Name']}=={found.version}" for found in metadata.distributions())
