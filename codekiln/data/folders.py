"""A data set is a folder: data.jsonl, rejected.jsonl, and a manifest.json that is written last.

A folder without a manifest is unfinished work and is never read; a folder whose bytes do not match its manifest is
refused, naming the file and, where a row is to blame, the line.
"""

import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from codekiln.data.records import Record
from codekiln.errors import InputError, InputErrors

MANIFEST, DATA, REJECTED = "manifest.json", "data.jsonl", "rejected.jsonl"
Row = TypeVar("Row", bound=Record)


class Manifest(BaseModel):
    """What a data folder says of itself.

    Attributes:
        record: Name of the row type in ``codekiln.data.records``.
        version: Version of that row type.
        rows: Number of rows in data.jsonl.
        sha256: Digest of data.jsonl.
        settings: The settings that shaped the rows.
        parents: Digests of the folders the rows were made from, by name.
        code_version: Version of the code that wrote them.
        rejected: Number of rejected rows per reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: str
    version: int
    rows: int
    sha256: str
    settings: dict[str, Any] = {}
    parents: dict[str, str] = {}
    code_version: str = ""
    rejected: dict[str, int] = {}


@dataclass(frozen=True)
class Rejected:
    """A row that was turned away, and why (a short kebab-case reason)."""

    reason: str
    row: Record


def write_atomic(path: Path, text: str) -> None:
    """Write ``text`` so that a reader sees the old file or the whole new one, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_dataset(
    folder: Path,
    rows: Iterable[Record],
    record: type[Record],
    *,
    rejected: Iterable[Rejected] = (),
    settings: dict[str, Any] | None = None,
    parents: dict[str, str] | None = None,
    code_version: str = "",
) -> Manifest:
    """Write rows, then rejected rows, then the manifest; an earlier manifest is removed first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    count = _write_lines(folder / DATA, (row.model_dump_json() for row in rows))
    reasons: Counter[str] = Counter()

    def rejected_lines() -> Iterator[str]:
        for item in rejected:
            reasons[item.reason] += 1
            yield json.dumps({"reason": item.reason, "row": item.row.model_dump(mode="json")}, ensure_ascii=False)

    _write_lines(folder / REJECTED, rejected_lines())
    manifest = Manifest(
        record=record.__name__,
        version=record.version,
        rows=count,
        sha256=sha256_file(folder / DATA),
        settings=settings or {},
        parents=parents or {},
        code_version=code_version,
        rejected=dict(sorted(reasons.items())),
    )
    write_atomic(folder / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return manifest


class Dataset(Generic[Row]):
    """A finished data folder, checked against its manifest when opened.

    Raises:
        InputError: The folder is unfinished, holds another kind of row, or does not match its manifest.
    """

    def __init__(self, folder: Path, record: type[Row]) -> None:
        self.folder, self.record = Path(folder), record
        self.manifest = read_manifest(self.folder)
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


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a data folder, or raise InputError when the folder is unfinished or damaged."""
    path = Path(folder) / MANIFEST
    if not path.exists():
        raise InputError(
            "has no manifest.json: the stage that writes it has not finished",
            where=str(folder),
            fix="run that stage again; it starts where it stopped",
        )
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputErrors(validation_errors(error, str(path), "delete the folder and run its stage again")) from None


def read_rows(path: Path, record: type[Row]) -> list[Row]:
    """Read a JSON Lines file of ``record``; every bad line is reported as ``file:line.field``, all at once.

    Raises:
        InputErrors: Some lines are not valid rows.
        InputError: The file does not exist.
    """
    if not path.exists():
        raise InputError("no such file", where=str(path), fix="check the path")
    rows, errors = [], []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(record.model_validate_json(line))
        except ValidationError as error:
            errors += validation_errors(error, f"{path}:{number}", "correct or remove the row")
    if errors:
        raise InputErrors(errors)
    return rows


def validation_errors(error: ValidationError, where: str, fix: str) -> list[InputError]:
    """Turn pydantic's findings into one InputError each, located as ``where.field``."""
    found = []
    for item in error.errors(include_url=False):
        field = ".".join(str(part) for part in item["loc"])
        found.append(InputError(item["msg"], where=f"{where}.{field}" if field else where, fix=fix))
    return found


def _write_lines(path: Path, lines: Iterable[str]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count
