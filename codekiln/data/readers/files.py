"""Rows of a file or of a data set on the Hub, each with the place it came from."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from codekiln.data.python_text import literal_value
from codekiln.data.readers import json_stream, tables
from codekiln.data.system_errors import linux_path
from codekiln.data.text import file_meant, open_text, readable, require_content, require_regular
from codekiln.errors import InputError, InputErrors, missing_extra

_ADDRESS = re.compile(
    r"(?:(?:https?://[^/]+/|hf://)(?:datasets/)?|datasets/)(?P<id>[\w.-]+/[\w.-]+?)(?:@[^/]+)?(?:/.*)?"
)
_HUB_ID = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(:(?P<config>[\w.-]+))?")
# No data set of the Hub is called like a file.
_FILES = (".json", ".jsonl", ".gz", ".csv", ".tsv", ".parquet", ".arrow")
# What `datasets` and the Hub put beside the rows.
_NO_ROWS = {"dataset_dict.json", "dataset_info.json", "dataset_infos.json", "state.json"}
_PART = re.compile(r"(?P<name>.+)-\d{5}-of-\d{5}\.(?P<kind>parquet|arrow)")
_SHOWN_FILES = 3
FIX = "correct or remove the row"
_NO_COMMA = "take it out: JSON Lines has no commas between rows, and JSON none behind the last element"
_CORRECT = "correct the line; the file may have been cut short"
_PRINTED, _DUMP = "not JSON, but what Python prints of it", "write it with json.dumps(row), not with str(row)"
_MOST_CHARACTERS = 2**24
Row = tuple[str, Any]  # where it is, what it says


def rows_of(source: str, config: str | None = None) -> list[Row]:
    """Return the rows of a path or Hub id; raises InputError when there are none.

    ``config`` names the part of a Hub data set to read where the id itself names none.
    """
    rows = located_rows_of(source, config)
    if errors := [row for _, row in rows if isinstance(row, InputError)]:
        raise InputErrors(errors)
    return rows


def located_rows_of(source: str, config: str | None = None) -> list[Row]:
    """Return rows as `rows_of` does, with its InputError for each line that is not JSON."""
    if Path(source).exists() or source == "-":
        rows = list(located_rows(Path(source)))
    elif (match := _HUB_ID.fullmatch(source)) and not source.endswith(_FILES):
        rows = list(_rows_of_hub(match["name"], match["config"] or config))
    else:
        raise InputError("no such file", where=source, fix=_meant(source))
    if not rows:
        raise InputError("has no rows", where=source, fix="give a file with one row a line")
    return rows


def _meant(source: str) -> str:
    """Return what to give in place of a source that is neither a file nor a Hub id."""
    if found := _ADDRESS.fullmatch(source):
        return f"give its Hub id, '{found['id']}'; a file of another server has to be downloaded first"
    if meant := linux_path(source):
        return f"give {meant}: this is Linux, where WSL has the drives of Windows below /mnt"
    home = f"give {Path(source).expanduser()}" if source.startswith("~/") else file_meant(Path(source))
    return f"{home}, or give a Hub id such as openai/openai_humaneval"


def data_files(folder: Path) -> list[Path]:
    """Return the files with rows of a folder: data sets have theirs in it or below; the Hub's cache three folders."""
    levels = (sorted(p for p in folder.glob("*/" * depth + "*") if _may_have_rows(p, folder)) for depth in range(4))
    return next(filter(None, levels), [])


def _file_in(folder: Path) -> str:
    """Return which file of a folder to give, or how to make one of its parts."""
    files = data_files(folder)
    if not files:
        return "give a file with one row a line"
    parts = [found for path in files if (found := _PART.fullmatch(path.name))]
    if files[1:] and len(parts) == len(files) and len({part["name"] for part in parts}) == 1:
        name, kind = parts[0]["name"], parts[0]["kind"]
        read = f"load_dataset('{kind}', data_files='{files[0].parent}/{name}-*.{kind}', split='train')"
        return f"make one file of its {len(files)} parts, by datasets.{read}.to_parquet('{name}.parquet')"
    more = f" ({len(files) - _SHOWN_FILES} more there)" if files[_SHOWN_FILES:] else ""
    return f"give {' or '.join(map(str, files[:_SHOWN_FILES]))}{more}"


def _may_have_rows(path: Path, folder: Path) -> bool:
    is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and path.name.endswith(_FILES) and path.name not in _NO_ROWS and not is_hidden


def rows_of_file(path: Path, parse: Callable[[str], Any] = json.loads) -> Iterator[Row]:
    """Yield the rows of a .jsonl or .json file, plain or with .gz; what is not JSON is reported at the end.

    Args:
        path: The file.
        parse: Reads a line of JSON Lines, and raises ValueError where it is not JSON.

    Raises:
        InputError: The file cannot be read; some rows may have been yielded before.
        InputErrors: Lines are not JSON.
    """
    errors = []
    for where, row in located_rows(path, parse):
        if isinstance(row, InputError):
            errors.append(row)
        else:
            yield where, row
    if errors:
        raise InputErrors(errors)


def require_data(path: Path) -> None:
    """Refuse what holds no rows whatever its name says: a folder, a pipe, a device, a pointer of Git LFS, a web page.

    Raises:
        InputError: It is one of these, or cannot be read.
    """
    require_regular(path)
    if path.is_dir():
        raise InputError("is a folder, where a file is needed", where=str(path), fix=_file_in(path))
    with readable(path):
        require_content(path)


def located_rows(path: Path, parse: Callable[[str], Any] = json.loads) -> Iterator[Row]:
    """Yield the rows of a file as `rows_of_file` does, one at a time, and for a line that is not JSON its InputError.

    JSON Lines and CSV are located as ``file:line``, the rows of a JSON array, of objects that take several lines each,
    and of Parquet as ``file[index]``.

    Raises:
        InputError: The file cannot be read, or its array is damaged; some rows may have been yielded before.
    """
    require_data(path)
    if kind := tables.kind_of(path):
        with readable(path):
            yield from tables.rows(path, kind)
        return
    # Lines end in LF only: JSON strings may contain other characters that Python takes for line ends.
    with readable(path), open_text(path, newline="\n") as file:
        if json_stream.first_character(file) == "[":
            yield from _rows_of_array(file, path)
            return
        if json_stream.is_spread(file):
            yield from _rows_of_stream(file, path)
            return
        for number, line in enumerate(file, start=1):
            # Files that were put together have a mark where each begins.
            if line := line.strip("\ufeff \t\r\n"):
                yield f"{path}:{number}", _parsed(parse, line, f"{path}:{number}")


def _rows_of_array(file: TextIO, path: Path) -> Iterator[Row]:
    try:
        yield from ((f"{path}[{number}]", row) for number, row in enumerate(json_stream.elements(file)))
    except json_stream.ArrayFault as fault:
        where = f"{path}[{fault.index}]" if fault.index is not None else str(path)
        file.seek(0)
        if _is_literal(file.read(_MOST_CHARACTERS)):
            raise InputError(_PRINTED, where=str(path), fix=_DUMP) from None
        raise InputError(f"not JSON: {fault}", where=where, fix=_fix_of(fault)) from None


def _rows_of_stream(file: TextIO, path: Path) -> Iterator[Row]:
    """Yield objects that are written over several lines each, one after the other."""
    number = 0
    try:
        for number, row in enumerate(json_stream.values(file)):
            yield f"{path}[{number}]" if number else str(path), row
    except (ValueError, RecursionError) as error:
        yield (
            f"{path}[{number}]",
            InputError(f"not JSON behind this object: {error}", where=f"{path}[{number}]", fix=_fix_of(error)),
        )


def _fix_of(error: Exception) -> str:
    return _NO_COMMA if isinstance(error, json_stream.StrayComma) else _CORRECT


def _parsed(parse: Callable[[str], Any], text: str, where: str) -> Any:
    if "\0" in text:
        what = "holds NUL bytes: it was damaged, as by a crash or a full disk"
        return InputError(what, where=where, fix="remove the line, and write the row again")
    try:
        return parse(text)
    except json.JSONDecodeError as error:
        if _is_literal(text):
            return InputError(_PRINTED, where=where, fix=_DUMP)
        if text[error.pos :].strip() == ",":
            return InputError("not JSON: a comma behind the row", where=where, fix=_NO_COMMA)
        is_at_end = error.pos >= len(text.rstrip())
        found = f"{error.msg} at its end" if is_at_end else f"{error.msg} at column {error.colno}"
        return InputError(f"not JSON: {found}", where=where, fix=_CORRECT)
    except (ValueError, RecursionError) as error:
        return InputError(f"not JSON: {error}", where=where, fix=_CORRECT)


def _is_literal(text: str) -> bool:
    """Return whether a text is what ``str()`` of a dictionary or a list of plain values gives."""
    with contextlib.suppress(SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        value = literal_value(text)
        return isinstance(value, dict | list) and str(value) == text.strip()
    return False


def _rows_of_hub(name: str, config: str | None) -> Iterator[Row]:
    try:
        import datasets
    except ImportError:
        raise missing_extra(["datasets"], name) from None
    try:
        splits = datasets.load_dataset(name, config)
    except Exception as error:  # the library raises many kinds, and all of them mean: not readable
        raise InputError(
            f"cannot be read from the Hub: {type(error).__name__}: {error}",
            where=name, fix="check the id, the config after ':', the network, or give a file",
        ) from error  # fmt: skip
    for split in splits:
        yield from ((f"{name}/{split}[{number}]", dict(row)) for number, row in enumerate(splits[split]))
