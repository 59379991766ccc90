"""Shards: a data folder's rows in several files, ``data-00000-of-00016.jsonl``, each written and read by itself.

One shard is ``data.jsonl``. The rows of a problem are in one shard, so what is made problem by problem can be made
shard by shard, in several processes, and goes on at the shard where it was interrupted.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from codekiln.data.files import sha256_file, write_atomic, writing
from codekiln.data.records import Record

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


class Shard(BaseModel):
    """A finished shard: its place among the shards of a folder, and what is in it.

    Attributes:
        number: Its number, from 0.
        of: Number of shards.
        rows: Number of rows.
        sha256: Digest of its rows' file.
        rejected: Number of rejected rows per reason.
        figures: What else was counted while it was made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = 0
    of: int = 1
    rows: int
    sha256: str
    rejected: dict[str, int] = {}
    figures: dict[str, int] = {}


def file_name(name: str, number: int, of: int) -> str:
    """Return the name of a shard of the file ``name``."""
    stem, dot, suffix = name.partition(".")
    return name if of == 1 else f"{stem}-{number:05}-of-{of:05}{dot}{suffix}"


def write_shard(
    folder: Path, rows: Iterable[Record], rejected: Iterable[Rejected] = (), number: int = 0, of: int = 1
) -> Shard:
    """Write the rows and the rejected rows of a shard; it counts once a journal or a manifest has it.

    Args:
        folder: The data folder.
        rows: Rows, taken one by one.
        rejected: Rejected rows, taken when all rows are written.
        number: Number of the shard, from 0.
        of: Number of shards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(DATA, number, of)
    count = _write_lines(path, (row.model_dump_json() for row in rows))
    reasons = write_rejected(folder, rejected, number, of)
    return Shard(number=number, of=of, rows=count, sha256=sha256_file(path), rejected=dict(sorted(reasons.items())))


def read_shard(folder: Path, record: type[Row], number: int, of: int) -> list[Row]:
    """Return the rows of a shard that `ShardJournal` knows as whole."""
    with (folder / file_name(DATA, number, of)).open("rb") as file:
        return list(map(record.model_validate_json, file))


def write_rejected(folder: Path, rejected: Iterable[Rejected], number: int = 0, of: int = 1) -> Counter[str]:
    """Write rejected rows alone, as for rows that never came to be, and return their number by reason."""
    reasons: Counter[str] = Counter()

    def lines() -> Iterator[str]:
        for item in rejected:
            reasons[item.reason] += 1
            more = {name: text for name in ("detail", "where") if (text := getattr(item, name))}
            row = item.row.model_dump(mode="json")
            yield json.dumps({"reason": item.reason, **more, "row": row}, ensure_ascii=False)

    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / file_name(REJECTED, number, of), lines())
    return reasons


def joint_digest(digests: Mapping[str, str]) -> str:
    """Return the digest of all shards, from theirs by file name; of one shard it is that of its file."""
    if len(digests) == 1:
        return next(iter(digests.values()))
    return hashlib.sha256("".join(f"{name}\0{digest}\n" for name, digest in digests.items()).encode()).hexdigest()


class ShardJournal:
    """Remembers which shards of an unfinished folder are whole, in hidden files beside them.

    Args:
        folder: The data folder.
        of: Number of shards.
    """

    def __init__(self, folder: Path, of: int) -> None:
        self._folder, self._of = folder, of

    def find(self, number: int) -> Shard | None:
        """Return a shard that is whole and as it was written, or None: what is edited meanwhile is made again."""
        path, data = self._path(number), self._folder / file_name(DATA, number, self._of)
        if not path.exists() or not data.exists():
            return None
        try:
            shard = Shard.model_validate_json(path.read_bytes())
        except ValidationError:
            return None
        return shard if sha256_file(data) == shard.sha256 else None

    def add(self, shard: Shard) -> None:
        """Remember a shard that has been written."""
        write_atomic(self._path(shard.number), shard.model_dump_json())

    def clear(self) -> None:
        """Forget all shards, once the folder's manifest has them."""
        for number in range(self._of):
            self._path(number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / f".{file_name('shard.json', number, self._of)}"


def cut(sizes: Sequence[int], most: int) -> list[range]:
    """Return ranges of consecutive problems, each filled with at most ``most`` rows before the next one begins.

    Args:
        sizes: Number of rows of each problem.
        most: Rows of a shard; a problem with more is a shard by itself.
    """
    ranges, start, rows = [], 0, 0
    for number, size in enumerate(sizes):
        if rows and rows + size > most:
            ranges.append(range(start, number))
            start, rows = number, 0
        rows += size
    return [*ranges, range(start, len(sizes))]


def _write_lines(path: Path, lines: Iterable[str]) -> int:
    count = 0
    with writing(path), path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count
