"""Errors of the operating system, of SQLite and of libraries that write files, as one line: what, where, and the fix.

Only what a user can cause and end is explained. Anything else, also a missing file of the installation, is a fault of
codekiln's and keeps its traceback.
"""

import errno
import io
import os
import re
import sqlite3
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from codekiln.errors import CodekilnError, InputError

DEBUG = "CODEKILN_DEBUG"
AGAIN = "give the same command again: what is done is kept"
_LONGEST = 160
# PATH_MAX of Linux, and what a run's folders, model names and MLflow's artifacts take of it at most.
_LONGEST_PATH, _BELOW = 4095, 600


class _Cause(NamedTuple):
    what: str
    fix: str
    is_mistake: bool = True


_ROOM = f"free some space, and {AGAIN}"
_LOCKS = "give a folder on another file system: this one lacks what codekiln needs, such as locks"
_OTHER_KIND = "give another path, or move away what is there"
_CAUSES = {
    errno.ENOENT: _Cause("no such file or folder", "check the path; perhaps it was moved or deleted meanwhile"),
    errno.EACCES: _Cause("permission denied", "give this user access (`ls -ld` shows who has it), or another path"),
    errno.EPERM: _Cause("operation not permitted", "give this user access, or another path"),
    errno.EROFS: _Cause("the file system is read-only", "give a folder that can be written"),
    errno.EISDIR: _Cause("is a folder, where a file is needed", _OTHER_KIND),
    errno.ENOTDIR: _Cause("a part of the path is a file, where a folder is needed", _OTHER_KIND),
    errno.EEXIST: _Cause("is there already, and is no folder", _OTHER_KIND),
    errno.ENOTEMPTY: _Cause("another process writes into this folder", f"end it, and {AGAIN}", is_mistake=False),
    errno.EBUSY: _Cause("another process or a mount uses it", f"end it, and {AGAIN}", is_mistake=False),
    errno.ENAMETOOLONG: _Cause(
        "the path is too long", "give a shorter one: a name has at most 255 bytes, a path 4,095 with what is below it"
    ),
    errno.ELOOP: _Cause("a symbolic link leads back to itself", "give another path, or mend the link"),
    errno.EINVAL: _Cause("the file system refuses this name or this operation", "give another path"),
    errno.ENXIO: _Cause("is no regular file", "give a regular file"),
    errno.ENODEV: _Cause("is no regular file", "give a regular file"),
    errno.ESPIPE: _Cause("is a pipe, where a regular file is needed", "save it to a file first, and give that"),
    errno.ENOTSUP: _Cause("the file system does not support this operation", _LOCKS),
    errno.ENOLCK: _Cause("the file system has no locks", _LOCKS),
    errno.ENOSYS: _Cause("the file system does not support this operation", _LOCKS),
    errno.ENOSPC: _Cause("no space left on the device", _ROOM, is_mistake=False),
    errno.EDQUOT: _Cause("the disk quota is exceeded", _ROOM, is_mistake=False),
    errno.EFBIG: _Cause(
        "the file is larger than this process or file system allows",
        f"raise the limit (`ulimit -f unlimited`), and {AGAIN}",
        is_mistake=False,
    ),
    errno.EMFILE: _Cause("too many open files", f"raise the limit (`ulimit -n 4096`), and {AGAIN}", is_mistake=False),
    errno.ENFILE: _Cause("too many open files on this machine", f"end other programs, and {AGAIN}", is_mistake=False),
    errno.EAGAIN: _Cause(
        "no more processes or threads can be started",
        f"raise the limit (`ulimit -u`) or end other programs, and {AGAIN}",
        is_mistake=False,
    ),
    errno.ENOMEM: _Cause("not enough memory", f"end other programs, and {AGAIN}", is_mistake=False),
    errno.EIO: _Cause(
        "the disk or network file system failed", f"see the system's log (`dmesg`), and {AGAIN}", is_mistake=False
    ),
    errno.ESTALE: _Cause("the network file system lost it", f"mount it again, and {AGAIN}", is_mistake=False),
}
# Containers run under numbers that no user has (OpenShift): pathlib's words, and those of the module pwd.
_NO_USER = ("determine home directory", "uid not found")
# Without the path that they are about these say too little, and may well be a fault of the program.
_ONLY_WITH_A_PATH = {errno.EINVAL, errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY}
# https://www.sqlite.org/rescode.html
_DATABASE = {
    sqlite3.SQLITE_FULL: _CAUSES[errno.ENOSPC],
    sqlite3.SQLITE_READONLY: _Cause("a database cannot be written", "give this user write access to it and its folder"),
    sqlite3.SQLITE_CANTOPEN: _Cause("a database cannot be opened", "check that its folder is there and can be written"),
    sqlite3.SQLITE_BUSY: _Cause("another process writes to a database", f"wait for it, and {AGAIN}", is_mistake=False),
    sqlite3.SQLITE_LOCKED: _Cause("a database is locked", f"wait, and {AGAIN}", is_mistake=False),
    sqlite3.SQLITE_IOERR: _CAUSES[errno.EIO],
    sqlite3.SQLITE_CORRUPT: _Cause("a database is damaged", "restore it, or move it away"),
    sqlite3.SQLITE_NOTADB: _Cause("a file is no database", "give another path, or move the file away"),
}
# With ``--option=`` and ``KEY=`` before it.
_OF_WINDOWS = re.compile(r"(?:--[\w-]+=)?(?:[\w.@+-]+=)?(?P<drive>[A-Za-z]):[\\/]+(?P<rest>[^\n]*)")
# How errors of Rust end, as safetensors, tokenizers and ruff report them.
_RUST = re.compile(r"\(os error (\d+)\)")
# What torch.save says when a file cannot be written, without a number.
_TORCH = "PytorchStreamWriter failed writing file"


def is_off(value: str) -> bool:
    """Return whether a variable of the environment that switches something says no, or nothing."""
    return value.strip().lower() in ("", "0", "false", "no", "none", "off")


def told(error: BaseException) -> tuple[str, int] | None:
    """Return what to tell a user of an error and the exit code, or None where it is a fault of the program.

    With CODEKILN_DEBUG in the environment the traceback is printed to standard error as well.
    """
    found = explained(error)
    if found is None:
        return None
    if not is_off(os.environ.get(DEBUG, "")):
        traceback.print_exception(error)
    return str(found), 2 if isinstance(found, InputError) else 1


def explained(error: BaseException) -> CodekilnError | None:
    """Return an error that says what is wrong, where, and what to do, or None where it is a fault of the program.

    It is an InputError where another path or permission ends it, and a CodekilnError where the machine lacks something.
    An error that was raised from one of the operating system, or by codekiln on purpose, is told as well.
    """
    if isinstance(error, CodekilnError):
        return error
    return _explained(error) or (explained(error.__cause__) if error.__cause__ else None)


def _explained(error: BaseException) -> CodekilnError | None:
    if isinstance(error, sqlite3.Error):
        return _message(_DATABASE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF), "")
    if isinstance(error, RuntimeError | KeyError) and any(text in str(error) for text in _NO_USER):
        return InputError(
            f"user {os.getuid()} has no home folder and no name on this machine",
            where="HOME",
            fix="set HOME to a folder that this user may write, and USER: export HOME=/tmp USER=me",
        )
    number = _number(error)
    path = _path(error)
    if number is None or (number in _ONLY_WITH_A_PATH and not path) or _is_ours(path):
        return None
    if number in (errno.ENOSPC, errno.EDQUOT) and not path:
        path = ", ".join(_full_places())
    cause = _CAUSES.get(number)
    if number == errno.ENOSPC and _lacks_inodes(path):
        cause = _Cause(
            "no more files fit on the file system (its inodes are used up)", f"delete files, and {AGAIN}", False
        )
    return _message(cause, path)


def require_text(words: Sequence[str]) -> None:
    """Refuse words of a command, and folders, that are not UTF-8, which no URI, JSON or database holds, or end in CR.

    Raises:
        InputError: A word, this folder, or a variable that names a folder is not UTF-8; or a word ends in CR.
    """
    named = {name: os.environ.get(name, "") for name in ("TMPDIR", "HOME", "HF_HOME", "MLFLOW_TRACKING_URI")}
    places = {**{word: word for word in words}, "the current folder": _here(), **named}
    for name, value in places.items():
        if any("\udc80" <= letter <= "\udcff" for letter in value):
            where = _shown(value) if name == value else f"{name}: {_shown(value)}"
            raise InputError("is not UTF-8", where=where, fix="rename it, or give another one")
    if word := next((word for word in words if word.endswith("\r") and len(word.split()) < 2), ""):
        what = "ends in a carriage return: the script that this command stands in has CRLF line ends"
        raise InputError(
            what, where=word.rstrip("\r"), fix=r"save the script with LF line ends: sed -i 's/\r$//' SCRIPT"
        )


def linux_path(word: str) -> str:
    r"""Return where WSL has the file that Windows calls ``C:\...``; empty for what is no such path."""
    found = _OF_WINDOWS.fullmatch(word)
    return f"/mnt/{found['drive'].lower()}/{found['rest'].replace(chr(92), '/')}" if found else ""


def require_depth(folder: Path) -> None:
    """Refuse a working directory whose path leaves too little of the system's limit for what a run puts below it.

    Raises:
        InputError: It is too long.
    """
    length = len(os.fsencode(folder.absolute()))
    if length > _LONGEST_PATH - _BELOW:
        what = f"its path has {length:,} bytes, and a run needs {_BELOW} of the {_LONGEST_PATH:,} for what is below it"
        raise InputError(what, where=shortened(str(folder)), fix="give a shorter path")


def _here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise InputError("the current folder was deleted", where=".", fix="change to another folder") from None


def shortened(path: str) -> str:
    """Return a path as a message shows it: the middle of a very long one is left out."""
    half = _LONGEST // 2
    return path if len(path) <= _LONGEST else f"{path[:half]}...{path[-half:]}"


def _message(cause: _Cause | None, where: str) -> CodekilnError | None:
    if cause is None:
        return None
    error = InputError(cause.what, where=shortened(where), fix=cause.fix)
    return error if cause.is_mistake else CodekilnError(str(error))


def _number(error: BaseException) -> int | None:
    if isinstance(error, io.UnsupportedOperation):
        return errno.ESPIPE
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if found := _RUST.search(str(error)):
        return int(found[1])
    return errno.ENOSPC if _TORCH in str(error) else None


def _path(error: BaseException) -> str:
    name = getattr(error, "filename", None)
    if name is None or isinstance(name, int):
        return ""
    return _shown(os.fsdecode(name))


def _shown(path: str) -> str:
    # What no terminal can show is shown as its code.
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_ours(path: str) -> bool:
    """Tell whether a file belongs to the installed package: that it is missing is no user's doing."""
    return bool(path) and Path(path).is_relative_to(str(resources.files("codekiln")))


def _full_places() -> Iterator[str]:
    """Yield the folders that codekiln usually writes to and that have no room left."""
    for folder in dict.fromkeys((".", tempfile.gettempdir(), str(Path.home()), "/dev/shm")):
        try:
            found = os.statvfs(folder)
        except OSError:
            continue
        if found.f_bavail * found.f_frsize < 1 << 20 or (found.f_files and not found.f_favail):
            yield folder


def _lacks_inodes(path: str) -> bool:
    try:
        found = os.statvfs(next(each for each in (Path(path), *Path(path).parents) if each.exists()))
    except (OSError, StopIteration):
        return False
    return bool(found.f_files) and not found.f_favail and found.f_bavail > 0
