"""Graded samples with the scores of their programs, read in a stream; scoring goes on after an interruption."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

from pydantic_core import from_json

from codekiln.code import metrics
from codekiln.data.files import sha256_file
from codekiln.data.journals import lock
from codekiln.data.records import Graded, Score
from codekiln.progress import progress
from codekiln.stages.base import code_version
from codekiln.stages.scoring import Scoring


class ScoredSamples:
    """The rows of a graded file, and their scores in ``<graded>.scores``: a head, then a line for each row.

    A line is what `Scoring.score` yields. Rows can be read, in order, once they are scored.

    Args:
        graded: A file that `sandbox.grading.grade_files` wrote.

    Attributes:
        total: Number of rows, once they are scored.
    """

    def __init__(self, graded: Path) -> None:
        self._graded, self.total = graded, 0
        self._path = graded.with_name(graded.name + ".scores")
        self._names: dict[bool, tuple[str, ...]] = {}

    def score(self, scoring: Scoring, total: int, label: str) -> None:
        """Score every row that has no scores yet.

        Args:
            scoring: Scores rows.
            total: Number of rows.
            label: For progress.

        Raises:
            InputError: Another process is scoring the same file.
        """
        self._names, self.total = {True: metrics.names(), False: scoring.failing}, total
        with self._path.open("a+b") as file, self._graded.open("rb") as graded:
            lock(file, self._path)
            done = _resume(file, self.head(scoring.failing))
            if done == total:
                return
            with progress(label, total - done, "samples") as step:
                for lines in scoring.score(islice(graded, done, None), total - done):
                    file.write("".join(f"{line}\n" for line in lines).encode())
                    file.flush()
                    step(len(lines))

    def head(self, failing: Sequence[str]) -> bytes:
        """Return the first line of the file of scores: what they are of, and what made them."""
        names = [metrics.names(), failing]
        return json.dumps({"graded": sha256_file(self._graded), "metrics": names, "code": code_version()}).encode()

    def __iter__(self) -> Iterator["ScoredRow"]:
        with self._graded.open("rb") as graded, self._path.open("rb") as file:
            next(file)
            for text, values in zip(graded, file, strict=True):
                # Both files are codekiln's own: what is read of every row is not validated again.
                verdict = from_json(text)["verdict"]
                passed = verdict["status"] == "passed"
                scores = dict(zip(self._names[passed], from_json(values), strict=True))
                yield ScoredRow(verdict["task_id"], passed, scores, text)


class ScoredRow(NamedTuple):
    """A graded sample with its scores by metric, as far as they are needed of each.

    Attributes:
        text: Its line of the graded file.
    """

    task_id: str
    passed: bool
    scores: Mapping[str, float | None]
    text: bytes

    def graded(self) -> Graded:
        """Return the whole sample."""
        found = tuple(Score(metric=name, value=value) for name, value in self.scores.items())
        return Graded.model_validate_json(self.text).model_copy(update={"scores": found})


def _resume(file: IO[bytes], head: bytes) -> int:
    """Return how many rows are scored; a line that was cut, and scores of something else, are dropped."""
    file.seek(0)
    done, end = 0, 0
    for number, line in enumerate(file):
        if not line.endswith(b"\n") or (number == 0 and line[:-1] != head):
            break
        done, end = number, end + len(line)
    file.truncate(end)
    file.seek(0, os.SEEK_END)
    if not end:
        file.write(head + b"\n")
    return done
