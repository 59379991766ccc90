"""Reads whole training files in any form, and says what is wrong with their rows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from codekiln.data.files import sha256_file
from codekiln.data.readers.files import located_rows_of
from codekiln.data.training_files.findings import KINDS
from codekiln.data.training_files.forms import TrainingRow, form_of, read_row
from codekiln.data.training_files.turns import Fault
from codekiln.errors import InputError, InputErrors


def read_files(files: Sequence[str]) -> list[TrainingRow]:
    """Return the rows of all files, in order.

    Raises:
        InputErrors: A file cannot be read, or rows break their form; each is named by ``file:line``.
    """
    names = [Path(name).name for name in files]

    def short(name: str) -> str:
        # Where the rows were is nobody's business who sees the data set, unless two files are called alike.
        is_own = names.count(Path(name).name) == 1 and Path(name).exists()
        return Path(name).name if is_own else name

    rows: list[TrainingRow] = []
    errors: list[InputError] = []
    for name in files:
        found, wrong = _read(name)
        rows += (replace(row, where=row.where.replace(name, short(name), 1)) for row in found)
        errors += wrong
    if errors:
        raise InputErrors(errors)
    return rows


def _read(name: str) -> tuple[list[TrainingRow], list[InputError]]:
    """Return the rows of a file, and what is wrong with the others: once where no row has a known form."""
    rows: list[TrainingRow] = []
    errors: list[InputError] = []
    unknown: list[InputError] = []
    try:
        located = located_rows_of(name)
    except InputError as error:
        return [], list(error.errors if isinstance(error, InputErrors) else [error])
    for where, row in located:
        if isinstance(row, InputError):
            errors.append(row)
            continue
        try:
            rows.append(read_row(form_of(row), row, where))
        except Fault as fault:
            errors.append(InputError(fault.detail, where=where, fix=KINDS[fault.kind][2]))
            unknown += errors[-1:] if fault.kind == "unknown-form" else []
    if len(unknown) > 1 and not rows:
        first = unknown[0]
        what = f"none of its {len(unknown):,} rows has a known form; this one {first.what}"
        known = set(map(id, unknown))
        others = [error for error in errors if id(error) not in known]
        errors = [InputError(what, where=first.where, fix=first.fix), *others]
    return rows, errors


def digests(files: Sequence[str]) -> dict[str, str]:
    """Return the sha256 of each file that is here; later steps read the rows from check's folder."""
    return {name: sha256_file(Path(name)) for name in files if Path(name).is_file()}
