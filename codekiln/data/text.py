"""Text as people bring it: with byte order marks, line ends of every system, or in another encoding than UTF-8.

Everything that reads a text file, or splits a text into lines, does it by these functions. ``str.splitlines`` is not
one of them: it also splits at form feeds, U+0085 and U+2028, where neither Python's parser nor JSON ends a line.
"""

import codecs
import contextlib
import glob
import gzip
import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, cast

from codekiln.errors import InputError, closest

POINTER = b"version https://git-lfs.github.com/spec/"
"""How a pointer of Git LFS begins (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# UTF-32 before UTF-16, whose mark it begins with.
_COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*(?P<name>[-\w.]+)")
_GZIP = b"\x1f\x8b"
_KINDS = (
    (b"PK\x03\x04", "a ZIP archive, as spreadsheets are too"), (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"\xfd7zXZ", "packed by xz"), (b"BZh", "packed by bzip2"), (b"PAR1", "Parquet"), (b"\x89PNG", "an image"),
    (b"SQLite f", "a database of SQLite"), (b"%PDF", "a PDF"), (b"\x80", "a pickle"),
)  # fmt: skip
_PAGES = (b"<!doctype html", b"<html", b"<?xml")
_GIVE_TEXT = "give the text that is in it; call a table of Parquet .parquet"
_ALIKE = 0.8
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def unix_lines(text: str) -> str:
    """Return ``text`` with LF line ends and without a byte order mark."""
    return re.sub("\r\n?", "\n", text.removeprefix("\ufeff"))


def lines_of(text: str) -> list[str]:
    """Split ``text`` where Python's parser does: after ``\\n``, ``\\r\\n`` and ``\\r``; ends are kept."""
    return [line for line in _LINE.findall(text) if line]


def byte_lines(content: bytes) -> list[bytes]:
    """Return the lines of a file's bytes, without their ends: bytes end where JSON Lines do."""
    return content.splitlines()


def first_line(text: str) -> str:
    """Return the first line of ``text`` that is not blank, without white space around it; empty without one."""
    return next((line.strip() for line in lines_of(text) if line.strip()), "")


def decoded(content: bytes) -> str:
    """Return the text of a file's bytes, with LF line ends and without a byte order mark; raises UnicodeDecodeError.

    It is UTF-8, or what a byte order mark or a program's second line at the latest (PEP 263) says.
    """
    encoding = _encoding(content)
    try:
        return unix_lines(content.decode(encoding))
    except UnicodeDecodeError:
        cookies = (_COOKIE.match(line) for line in content.split(b"\n", 2)[:2])
        for name in (cookie["name"].decode() for cookie in cookies if cookie):
            with contextlib.suppress(LookupError, UnicodeDecodeError):
                return unix_lines(content.decode(name))
        raise


def open_text(path: Path, newline: str) -> TextIO:
    """Open a text file, in UTF-8 or what its byte order mark says; one packed by gzip whatever its name is.

    Args:
        path: The file.
        newline: What ends a line, as for `open`.
    """
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
    opened = gzip.open if is_packed else open
    with opened(path, "rb") as file:
        encoding = _encoding(file.read(4))
    return cast("TextIO", opened(path, "rt", encoding=encoding, newline=newline))


def _kind_of(path: Path) -> str:
    """Return what a file is that is no text, by what it begins with; empty where that is not known."""
    with contextlib.suppress(OSError), Path(path).open("rb") as file:
        head = file.read(8)
        return next((kind for start, kind in _KINDS if head.startswith(start)), "")
    return ""


def _encoding(content: bytes) -> str:
    if marked := next((name for mark, name in _MARKS if content.startswith(mark)), None):
        return marked
    # A text begins with two characters of ASCII, as RFC 4627 says of JSON; UTF-16 has a zero beside each.
    zeros = "".join(str(int(not byte)) for byte in content[:4])
    return {"0101": "utf-16-le", "1010": "utf-16-be"}.get(zeros, "utf-8")


def _is_endless(path: Path) -> bool:
    kind = Path(path).stat().st_mode
    return (stat.S_ISCHR(kind) or stat.S_ISBLK(kind)) and str(path) not in (os.devnull, "/dev/stdin", "/dev/tty")


def require_regular(path: Path) -> None:
    """Refuse what is read more than once and can be read only once.

    Raises:
        InputError: It is a pipe, or is called ``-``, as standard input is elsewhere.
    """
    kind = Path(path).stat().st_mode if Path(path).exists() else 0
    if str(path) == "-" or stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
        what = "is a pipe, where a regular file is needed"
        raise InputError(what, where=str(path), fix="save it to a file first, and give that")


def require_content(path: Path) -> None:
    """Refuse a file that stands for another.

    Raises:
        InputError: It is a pointer of Git LFS, or the page that a server shows of a file.
    """
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if head.startswith(POINTER):
        raise pointer_of_lfs(path)
    if head.startswith(_PAGES):
        fix = "download the file itself: on GitHub by its raw address, on the Hub by /resolve/ in place of /blob/"
        raise InputError("is a web page, not the file", where=str(path), fix=fix)


def pointer_of_lfs(path: Path) -> InputError:
    """Return the error that a file is a pointer of Git LFS."""
    fix = "git lfs pull in its repository, or download it with `hf download`"
    return InputError("is a pointer of Git LFS, not the file", where=str(path), fix=fix)


def read_text(path: Path) -> str:
    """Return the text of a file, with LF line ends and without a byte order mark.

    Raises:
        InputError: It cannot be read, or is not UTF-8.
    """
    with readable(path):
        return decoded(Path(path).read_bytes())


def file_meant(path: Path) -> str:
    """Return which file may be meant by a path that leads to none: one of nearly its name, or in a folder beside it."""
    beside = {found.name for found in path.parent.glob("*") if found.is_file()}
    if near := closest(path.name, beside, _ALIKE):
        return f"did you mean '{path.parent / near}'?"
    below = sorted(path.parent.glob(f"*/{glob.escape(path.name)}"))
    return f"did you mean '{below[0]}'?" if below else "check the path"


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what may go wrong while a text file is read into InputError; a device, which may have no end, is refused."""
    try:
        if _is_endless(path):
            raise InputError("is a device, not a file", where=str(path), fix="give a file")
        yield
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix=file_meant(path)) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = f"the gzip file is damaged or cut short: {error}"
        raise InputError(what, where=str(path), fix="fetch it again") from None
    except UnicodeDecodeError as error:
        if kind := _kind_of(path):
            raise InputError(f"is no text, but {kind}", where=str(path), fix=_GIVE_TEXT) from None
        raise InputError(f"is not UTF-8 text: {error}", where=str(path), fix="save it as UTF-8") from None
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise InputError(what, where=str(path), fix="give a file that can be read") from None
