"""Text as people bring it: with byte order marks, line ends of every system, or in another encoding than UTF-8.

Everything that reads a text file, or splits a text into lines, does it by these functions. ``str.splitlines`` is not
one of them: it also splits at form feeds, U+0085 and U+2028, where neither Python's parser nor JSON ends a line.
"""

import contextlib
import gzip
import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from codekiln.errors import InputError

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
    """Return the text of a file's bytes, with LF line ends and without a byte order mark; raises UnicodeDecodeError."""
    return unix_lines(content.decode("utf-8"))


def _is_endless(path: Path) -> bool:
    kind = Path(path).stat().st_mode
    return (stat.S_ISCHR(kind) or stat.S_ISBLK(kind)) and str(path) not in (os.devnull, "/dev/stdin", "/dev/tty")


def read_text(path: Path) -> str:
    """Return the text of a file, with LF line ends and without a byte order mark.

    Raises:
        InputError: It cannot be read, or is not UTF-8.
    """
    with readable(path):
        return decoded(Path(path).read_bytes())


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what may go wrong while a text file is read into InputError; a device, which may have no end, is refused."""
    try:
        if _is_endless(path):
            raise InputError("is a device, not a file", where=str(path), fix="give a file")
        yield
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix="check the path") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = f"the gzip file is damaged or cut short: {error}"
        raise InputError(what, where=str(path), fix="fetch it again") from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text: {error}", where=str(path), fix="save it as UTF-8") from None
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise InputError(what, where=str(path), fix="give a file that can be read") from None
