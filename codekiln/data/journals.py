"""Journals beside output files: one run at a time writes them, and an interrupted run goes on from them."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from codekiln.errors import InputError

_STREAMS = ("/dev/std", "/dev/fd/", "/proc/self/fd/")
"""Names of what a command writes to, which may be a file of the shell's."""


def journal_of(out: Path) -> Path:
    """Return the path of the journal of an output file."""
    return out.with_name(out.name + ".journal")


@contextlib.contextmanager
def locked_journal(out: Path) -> Iterator[IO[bytes]]:
    """Open the journal of ``out`` for reading and appending; it is locked until it is closed.

    Raises:
        InputError: Another process has it open, ``out`` is no regular file, or it has no journal.
    """
    if not out.name or out.is_dir():
        raise InputError("is a folder, where a file is needed", where=str(out), fix="give the path of a file")
    if (out.exists() and not out.is_file()) or str(out).startswith(_STREAMS):
        what = "is no regular file, and results do not go to a stream"
        raise InputError(what, where=str(out), fix="give the path of a file")
    path = journal_of(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists() and not path.exists():
        raise not_ours(out)
    with path.open("a+b") as file:
        lock(file, out)
        yield file


def lock(file: IO[bytes], out: Path) -> None:
    """Lock an open file until it is closed; raises InputError that names ``out`` when another process has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fix = "wait for it, or give another --output"
        raise InputError("another run is writing it at this moment", where=str(out), fix=fix) from None


def not_ours(out: Path) -> InputError:
    """Return the error for an output file that no run with this journal wrote."""
    fix = f"delete {out} or give another --output"
    return InputError("was not written by this command", where=str(out), fix=fix)
