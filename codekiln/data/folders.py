"""A data set is a folder: data.jsonl, rejected.jsonl, and a manifest.json that is written last.

A folder without a manifest is unfinished work and is never read; a folder whose bytes do not match its manifest is
refused, naming the file and, where a row is to blame, the line.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from codekiln.data.files import sha256_file, validation_errors, writing
from codekiln.data.manifests import MANIFEST, DataManifest
from codekiln.data.records import Record
from codekiln.data.text import byte_lines
from codekiln.errors import InputError, InputErrors

DATA, REJECTED = "data.jsonl", "rejected.jsonl"
Row = TypeVar("Row", bound=Record)


@dataclass(frozen=True)
class Rejected:
    """A rejected row.

    Attributes:
        reason: Why, in short kebab-case: what rows are counted by.
        row: The row.
        detail: What exactly is wrong with it; empty where the reason says it all.
        where: Where it was read, as ``file:line``; empty: unknown.
    """

    reason: str
    row: Record
    detail: str = ""
    where: str = ""


def write_dataset(
    folder: Path,
    rows: Iterable[Record],
    record: type[Record],
    *,
    rejected: Iterable[Rejected] = (),
    settings: dict[str, Any] | None = None,
    parents: dict[str, str] | None = None,
    code_version: str = "",
) -> DataManifest:
    """Write rows, then rejected rows, then the manifest; an earlier manifest is removed first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    count = _write_lines(folder / DATA, (row.model_dump_json() for row in rows))
    reasons = write_rejected(folder, rejected)
    manifest = DataManifest(
        record=record.__name__,
        version=record.version,
        rows=count,
        sha256=sha256_file(folder / DATA),
        settings=settings or {},
        parents=parents or {},
        code_version=code_version,
        rejected=dict(sorted(reasons.items())),
    )
    manifest.write(folder)
    return manifest


def write_rejected(folder: Path, rejected: Iterable[Rejected]) -> Counter[str]:
    """Write rejected rows alone, as for rows that never came to be, and return their number by reason."""
    reasons: Counter[str] = Counter()

    def lines() -> Iterator[str]:
        for item in rejected:
            reasons[item.reason] += 1
            more = {name: text for name in ("detail", "where") if (text := getattr(item, name))}
            row = item.row.model_dump(mode="json")
            yield json.dumps({"reason": item.reason, **more, "row": row}, ensure_ascii=False)

    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / REJECTED, lines())
    return reasons


class Dataset(Generic[Row]):
    """A finished data folder, checked against its manifest when opened.

    Raises:
        InputError: The folder is unfinished, holds another kind of row, or does not match its manifest.
    """

    def __init__(self, folder: Path, record: type[Row]) -> None:
        self.folder, self.record = Path(folder), record
        self.manifest = DataManifest.read(self.folder)
        if (self.manifest.record, self.manifest.version) != (record.__name__, record.version):
            raise InputError(
                f"holds {self.manifest.record} rows of version {self.manifest.version}, "
                f"but {record.__name__} rows of version {record.version} are needed",
                where=str(self.folder / MANIFEST),
                fix="give the output folder of the stage before this one",
            )

    def rows(self) -> list[Row]:
        """Return all rows, after proving that the file is the one the manifest describes."""
        path = self.folder / DATA
        rows = read_rows(path, self.record)
        if len(rows) != self.manifest.rows or sha256_file(path) != self.manifest.sha256:
            raise InputError(
                f"has {len(rows)} rows and does not match its manifest ({self.manifest.rows} rows, sha256 "
                f"{self.manifest.sha256[:12]}): it was changed or cut after it was written",
                where=f"{path}:{len(rows)}",
                fix=f"delete {self.folder} and run its stage again",
            )
        return rows


def read_rows(path: Path, record: type[Row]) -> list[Row]:
    """Read a JSON Lines file of ``record``; every bad line is reported as ``file:line.field``, all at once.

    Raises:
        InputErrors: Some lines are not valid rows.
        InputError: The file does not exist.
    """
    if not path.exists():
        raise InputError("no such file", where=str(path), fix="check the path")
    rows, errors = [], []
    for number, line in enumerate(byte_lines(path.read_bytes()), start=1):
        if not line.strip():
            continue
        try:
            rows.append(record.model_validate_json(line))
        except ValidationError as error:
            errors += validation_errors(error, f"{path}:{number}", "correct or remove the row")
    if errors:
        raise InputErrors(errors)
    return rows


def _write_lines(path: Path, lines: Iterable[str]) -> int:
    count = 0
    with writing(path), path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count
