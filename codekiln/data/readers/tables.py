"""Rows of CSV, Parquet and Arrow files."""

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from codekiln.data.text import open_text
from codekiln.errors import InputError

if TYPE_CHECKING:
    from pyarrow import NativeFile, RecordBatch

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_PARQUET, _ARROW = ".parquet", ".arrow"
_MAGIC = b"ARROW1"
# Excel writes semicolons where the comma is the decimal mark, and tabs as "Unicode text".
_OTHERS = (";", "\t", "|")
_TOLD = re.compile(r"\"?sep=(?P<delimiter>[,;\t|])\"?", re.IGNORECASE)


def kind_of(path: Path) -> str:
    """Return ``.csv``, ``.tsv``, ``.parquet`` or ``.arrow`` where a file is called so, or else an empty string."""
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    return suffix.lower() if suffix.lower() in (*_DELIMITERS, _PARQUET, _ARROW) else ""


def rows(path: Path, kind: str) -> Iterator[tuple[str, Any]]:
    """Yield the rows of a table, each with its place; empty cells of CSV are None.

    Raises:
        InputError: It is no such table.
        OSError, UnicodeDecodeError: It cannot be read.
    """
    yield from _columns(path, kind) if kind in (_PARQUET, _ARROW) else _csv(path, _DELIMITERS[kind])


def _csv(path: Path, delimiter: str) -> Iterator[tuple[str, Any]]:
    csv.field_size_limit(sys.maxsize)  # 128 KiB otherwise, and a reply may be longer
    try:
        with open_text(path, newline="") as file:
            reader = csv.DictReader(file, delimiter=_delimiter(file, delimiter), strict=True)
            line = reader.line_num + 1 if reader.fieldnames else 1
            for row in reader:
                # A cell may hold line ends, and the reader counts to the last line of a row.
                where, line = f"{path}:{line}", reader.line_num + 1
                yield where, _checked(row, where)
    except csv.Error as error:
        raise InputError(f"not CSV: {error}", where=str(path), fix="correct the file, or give JSON Lines") from None


def _checked(row: dict[Any, Any], where: str) -> Any:
    if None in row:
        return InputError(
            "has more cells than there are columns", where=where, fix="put cells that hold commas into quotes"
        )
    return {name: value or None for name, value in row.items() if name}


def _delimiter(file: TextIO, named: str) -> str:
    """Return what separates the cells of a table, by its first line, which a ``sep=`` of Excel may be."""
    start = file.tell()
    line = file.readline()
    if told := _TOLD.fullmatch(line.strip()):
        return told["delimiter"]
    file.seek(start)
    return named if named in line else next((other for other in _OTHERS if other in line), named)


def _columns(path: Path, kind: str) -> Iterator[tuple[str, Any]]:
    from pyarrow import ArrowException, OSFile, parquet

    try:
        number = 0
        with OSFile(str(path)) as file:
            for batch in parquet.ParquetFile(file).iter_batches() if kind == _PARQUET else _arrow(file):
                for row in batch.to_pylist():
                    yield f"{path}[{number}]", row
                    number += 1
    except ArrowException as error:
        name = kind.removeprefix(".").capitalize()
        raise InputError(f"not {name}: {error}", where=str(path), fix="fetch it again, or give JSON Lines") from None


def _arrow(file: "NativeFile") -> Iterator["RecordBatch"]:
    """Yield the batches of Arrow's file form, or of its streaming form, which ``datasets`` saves."""
    from pyarrow import ipc

    is_stream = file.read(len(_MAGIC)) != _MAGIC
    file.seek(0)
    if is_stream:
        yield from ipc.open_stream(file)
        return
    reader = ipc.open_file(file)
    yield from (reader.get_batch(at) for at in range(reader.num_record_batches))
