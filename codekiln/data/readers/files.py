"""Rows of a file or of a data set on the Hub, each with the place it came from."""

import contextlib
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from codekiln.errors import InputError, InputErrors

_HUB_ID = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(:(?P<config>[\w.-]+))?")
FIX = "correct or remove the row"
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_CHUNK = 1 << 20
"""Characters of an array that are read at once; more where an element is longer."""
Row = tuple[str, Any]  # where it is, what it says


def rows_of(source: str, config: str | None = None) -> list[Row]:
    """Return the rows of a path or Hub id; raises InputError when there are none.

    ``config`` names the part of a Hub data set to read where the id itself names none.
    """
    if Path(source).exists():
        rows = list(rows_of_file(Path(source)))
    elif match := _HUB_ID.fullmatch(source):
        rows = list(_rows_of_hub(match["name"], match["config"] or config))
    else:
        raise InputError(
            "no such file", where=source, fix="check the path, or give a Hub id such as openai/openai_humaneval"
        )
    if not rows:
        raise InputError("has no rows", where=source, fix="give a file with one problem a line")
    return rows


def rows_of_file(path: Path) -> Iterator[Row]:
    """Yield the rows of a .jsonl or .json file, plain or with .gz; lines that are not JSON are reported at the end.

    Raises:
        InputError: The file cannot be read; some rows may have been yielded before.
        InputErrors: Lines are not JSON.
    """
    errors = []
    with _refusals(path), _open(path) as file:
        for number, line in enumerate(file, start=1):
            if number == 1 and line.lstrip().startswith("["):
                yield from _rows_of_array(line, file, path)
                return
            if line.strip():
                try:
                    yield f"{path}:{number}", _json(line, f"{path}:{number}")
                except InputError as error:
                    errors.append(error)
    if errors:
        raise InputErrors(errors)


def text_of_file(path: Path) -> str:
    """Return the text of a file without its byte order mark; raises InputError where it cannot be read."""
    with _refusals(path), _open(path) as file:
        return file.read()


def _rows_of_array(text: str, file: TextIO, path: Path) -> Iterator[Row]:
    """Yield the elements of a JSON array one by one, so that no file is held in memory as a whole.

    Args:
        text: The start of the array.
        file: The rest of it.
        path: For places.
    """
    place, mark, number, chunk = text.index("[") + 1, "[", 0, _CHUNK
    while mark != "]":
        try:
            if mark == "[" and text[after := _after_space(text, place)] == "]":
                place, mark = after + 1, "]"
                continue
            row, place, mark = _element(text, place)
        except (ValueError, IndexError, RecursionError) as error:  # it is wrong, or the text ends within it
            if not (more := file.read(chunk)):
                raise _not_json(error, f"{path}[{number}]") from None
            text, place, chunk = text[place:] + more, 0, 2 * chunk
            continue
        yield f"{path}[{number}]", row
        number, chunk = number + 1, _CHUNK
    if (text[place:] + file.read()).strip():
        raise _not_json(ValueError("there is more after the array"), str(path))


def _element(text: str, place: int) -> tuple[Any, int, str]:
    """Return an element of an array, the place behind it and its mark, and the mark: a comma or the end."""
    row, end = _DECODER.raw_decode(text, _after_space(text, place))
    end = _after_space(text, end)
    if text[end] not in ",]":
        raise ValueError("a comma or the end of the array is missing")
    return row, end + 1, text[end]


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_json(error, where) from None


def _not_json(error: Exception, where: str) -> InputError:
    return InputError(f"not JSON: {error}", where=where, fix="correct the line; the file may have been cut short")


def _open(path: Path) -> TextIO:
    # Lines end in LF only: JSON strings may contain other characters that Python takes for line ends.
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig", newline="\n"))
    return path.open(encoding="utf-8-sig", newline="\n")


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix="check the path") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"the gzip file is damaged or cut short: {error}", where=str(path), fix="fetch it again"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error}", where=str(path), fix="save it as UTF-8") from None
    except OSError as error:
        raise InputError(str(error), where=str(path), fix="give a readable file") from None


def _rows_of_hub(name: str, config: str | None) -> Iterator[Row]:
    try:
        import datasets
    except ImportError:
        raise InputError(
            "reading from the Hub needs the package datasets", where=name, fix="pip install 'codekiln[train]'"
        ) from None
    try:
        splits = datasets.load_dataset(name, config)
    except Exception as error:  # the library raises many kinds, and all of them mean: not readable
        raise InputError(
            f"cannot be read from the Hub: {type(error).__name__}: {error}",
            where=name, fix="check the id, the config after ':', the network, or give a file",
        ) from error  # fmt: skip
    for split in splits:
        yield from ((f"{name}/{split}[{number}]", dict(row)) for number, row in enumerate(splits[split]))
