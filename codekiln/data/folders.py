"""A data set is a folder: data.jsonl or its shards, rejected.jsonl, and a manifest.json that is written last.

A folder without a manifest is unfinished work and is never read; a folder whose bytes do not match its manifest is
refused, naming the file and, where a row is to blame, the line.
"""

import gc
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from codekiln.data.files import sha256_file, validation_errors
from codekiln.data.manifests import MANIFEST, DataManifest
from codekiln.data.records import Record
from codekiln.data.shards import (
    DATA,
    REJECTED,
    Rejected,
    Shard,
    file_name,
    joint_digest,
    write_rejected,
    write_shard,
)
from codekiln.data.text import byte_lines
from codekiln.errors import InputError, InputErrors

__all__ = ["DATA", "REJECTED", "Dataset", "Rejected", "finish_dataset", "read_rows", "write_dataset", "write_rejected"]
Row = TypeVar("Row", bound=Record)


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
    (folder / MANIFEST).unlink(missing_ok=True)
    shard = write_shard(folder, rows, rejected)
    return finish_dataset(folder, record, [shard], settings=settings, parents=parents, code_version=code_version)


def finish_dataset(
    folder: Path,
    record: type[Record],
    shards: Sequence[Shard],
    *,
    settings: dict[str, Any] | None = None,
    parents: dict[str, str] | None = None,
    code_version: str = "",
) -> DataManifest:
    """Write the manifest of a folder whose shards are written, in their order."""
    digests = {file_name(DATA, shard.number, shard.of): shard.sha256 for shard in shards}
    rejected = sum((Counter(shard.rejected) for shard in shards), Counter())
    manifest = DataManifest(
        record=record.__name__,
        version=record.version,
        rows=sum(shard.rows for shard in shards),
        sha256=joint_digest(digests),
        shards=digests if len(digests) > 1 else {},
        settings=settings or {},
        parents=parents or {},
        code_version=code_version,
        rejected=dict(sorted(rejected.items())),
    )
    manifest.write(folder)
    return manifest


class Dataset(Collection[Row]):
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

    def __len__(self) -> int:
        return self.manifest.rows

    def __contains__(self, row: object) -> bool:
        return any(row == one for one in self)

    def __iter__(self) -> Iterator[Row]:
        """Yield all rows, with one in memory at a time."""
        for path in self.proven():
            with path.open("rb") as file:
                for line in file:
                    yield self.record.model_validate_json(line)

    def proven(self) -> Iterator[Path]:
        """Yield the files of rows, in order, each after proving that it is the one the manifest describes."""
        for path, digest in self.files().items():
            if not path.is_file() or sha256_file(path) != digest:
                raise self._changed(path, "does not match its manifest")
            yield path

    def files(self) -> dict[Path, str]:
        """Return the digest of each file of rows, in order, by its path."""
        digests = self.manifest.shards or {DATA: self.manifest.sha256}
        return {self.folder / name: digest for name, digest in digests.items()}

    def rows(self) -> list[Row]:
        """Return all rows, after proving that the files are those the manifest describes."""
        rows: list[Row] = []
        for path, digest in self.files().items():
            found = read_rows(path, self.record)
            rows += found
            if sha256_file(path) != digest:
                raise self._changed(path, f"has {len(found)} rows and does not match its manifest", f":{len(found)}")
        if len(rows) != self.manifest.rows:
            raise self._changed(path, f"has {len(rows)} rows and does not match its manifest", f":{len(rows)}")
        return rows

    def _changed(self, path: Path, what: str, line: str = "") -> InputError:
        rows, digest = self.manifest.rows, self.files()[path]
        return InputError(
            f"{what} ({rows} rows, sha256 {digest[:12]}): it was changed or cut after it was written",
            where=f"{path}{line}",
            fix=f"delete {self.folder} and run its stage again",
        )


def read_rows(path: Path, record: type[Row]) -> list[Row]:
    """Read a JSON Lines file of ``record``; every bad line is reported as ``file:line.field``, all at once.

    Raises:
        InputErrors: Some lines are not valid rows.
        InputError: The file does not exist.
    """
    if not path.exists():
        raise InputError("no such file", where=str(path), fix="check the path")
    rows, errors = [], []
    with _without_garbage_collection():
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


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Keep the collector from looking at rows again and again while they are read: they have no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
