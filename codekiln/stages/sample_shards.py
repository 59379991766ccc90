"""How the samples of a stage are cut into shards: consecutive problems, with the places of their samples in files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json

from codekiln.data.folders import Dataset
from codekiln.data.records import Problem, Sample
from codekiln.data.shards import cut
from codekiln.errors import InputError


@dataclass(frozen=True)
class Piece:
    """A part of a file of samples, in bytes."""

    path: Path
    start: int
    end: int

    def read(self) -> Iterator[Sample]:
        """Yield the samples of the part."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            while file.tell() < self.end:
                yield Sample.model_validate_json(file.readline())


@dataclass(frozen=True)
class SampleShard:
    """The samples of consecutive problems.

    Attributes:
        number: Number of the shard, from 0.
        of: Number of shards.
        problems: Numbers of its problems.
        rows: Number of its samples.
        pieces: Where its samples are, by the name of who wrote them.
    """

    number: int
    of: int
    problems: range
    rows: int
    pieces: Mapping[str, Sequence[Piece]]

    def samples(self, name: str) -> list[Sample]:
        """Return the samples that one wrote, problem by problem."""
        return [row for piece in self.pieces[name] for row in piece.read()]


def cut_samples(
    problems: Sequence[Problem], written: Mapping[str, Dataset[Sample]], most: int, *, others: bool = False
) -> list[SampleShard]:
    """Return the shards of samples: at least one, with at most ``most`` samples where no problem has more.

    Args:
        problems: The problems, in order.
        written: Folders of samples by the name of who wrote them.
        most: Samples of a shard, all names together.
        others: Whether samples of other problems are passed over.

    Raises:
        InputError: A sample names none of the problems.
    """
    places = {name: _places(problems, data, others) for name, data in written.items()}
    sizes = [
        sum(sum(rows for _, rows in found[number]) for found in places.values()) for number in range(len(problems))
    ]
    ranges = cut(sizes, most)
    return [
        SampleShard(
            number,
            len(ranges),
            chosen,
            sum(sizes[one] for one in chosen),
            {name: _joined([piece for one in chosen for piece, _ in found[one]]) for name, found in places.items()},
        )
        for number, chosen in enumerate(ranges)
    ]


def _places(problems: Sequence[Problem], data: Dataset[Sample], others: bool) -> list[list[tuple[Piece, int]]]:
    """Return for each problem the parts of the files that hold its samples, and the number of samples in each."""
    numbers = {problem.task_id: number for number, problem in enumerate(problems)}
    found: list[list[tuple[Piece, int]]] = [[] for _ in problems]
    for path, task_id, start, end, rows in _runs(data):
        if task_id in numbers:
            found[numbers[task_id]].append((Piece(path, start, end), rows))
        elif not others:
            raise InputError(
                f"samples of unknown problems: {task_id}",
                where="samples.task_id",
                fix="give the problems that these samples were written for",
            )
    return found


def _runs(data: Dataset[Sample]) -> Iterator[tuple[Path, str, int, int, int]]:
    """Yield runs of lines with one task id: file, task id, first byte, byte behind the last, number of lines."""
    for path in data.proven():
        task, start, end, rows = None, 0, 0, 0
        with path.open("rb") as file:
            for line in file:
                found = from_json(line)["task_id"]
                if found != task and rows:
                    yield path, str(task), start, end, rows
                    start, rows = end, 0
                task, end, rows = found, end + len(line), rows + 1
        if rows:
            yield path, str(task), start, end, rows


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces with those that follow each other in a file as one."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and (joined[-1].path, joined[-1].end) == (piece.path, piece.start):
            joined[-1] = Piece(piece.path, joined[-1].start, piece.end)
        else:
            joined.append(piece)
    return joined
