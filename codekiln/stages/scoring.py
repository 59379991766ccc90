"""Scoring of graded rows, in this process or in several."""

import contextlib
import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import NamedTuple

from pydantic_core import from_json

from codekiln.data.records import Graded, Problem
from codekiln.recipes.base import score_programs
from codekiln.sandbox.cores import usable_cores
from codekiln.stages.worker_pool import worker_pool

BATCH = 1_000
"""Programs that are scored together: ruff is started once for each, and a kill loses one per worker at most."""
_ROWS = 5 * BATCH
"""Rows of a batch at most, however few of their programs are new."""
_KEPT = 200_000
"""Programs whose scores are remembered at least, at about 350 bytes each; twice as many at most."""
_AHEAD = 2
"""Batches per worker that are read ahead, so that none waits."""
_MOST_WORKERS = 8
"""Each remembers the scores of some 30,000 programs, and takes about 250 MiB then."""


class Scores:
    """The scores of one program as JSON, once they are known."""

    __slots__ = ("text",)
    text: str


class Batch(NamedTuple):
    """Rows that are scored together: the scores of each, those rows that are new, and the scores of these."""

    scores: list[Scores]
    new: list[bytes]
    of_new: list[Scores]

    def filled(self, texts: Sequence[str]) -> list[str]:
        """Take in the scores of the new rows, and return those of all of them."""
        for scores, text in zip(self.of_new, texts, strict=True):
            scores.text = text
        return [scores.text for scores in self.scores]


class Scoring(contextlib.AbstractContextManager["Scoring"]):
    """Scores graded rows, equal replies with equal verdicts once; used as a context.

    Worker processes are started for the first long file.

    Args:
        problems: The problems that rows are about.
        failing: Metrics of programs that fail; those that pass are scored on all.
        workers: Number of processes; None: one per core, at most `_MOST_WORKERS`.
    """

    def __init__(self, problems: Sequence[Problem], failing: Sequence[str], workers: int | None) -> None:
        # Hidden tests may be large, and no score depends on them.
        self._problems = [row.model_copy(update={"tests": (), "visible_tests": ()}) for row in problems]
        self.failing = tuple(failing)
        self._workers = workers or min(usable_cores(), _MOST_WORKERS)
        self._pool: ProcessPoolExecutor | None = None
        self._known = _Recent()

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def score(self, rows: Iterable[bytes], total: int) -> Iterator[list[str]]:
        """Yield the scores of graded rows in order, a batch at a time.

        Args:
            rows: Lines of a graded file.
            total: How many there are.

        Yields:
            For each row of a batch its scores as JSON: a list of values in the order of `metrics.names`, or of
            ``failing`` for a program that fails.
        """
        batches = _batches(rows, self._known)
        if self._workers == 1 or total <= BATCH:
            for batch in batches:
                yield batch.filled(_scores(self._problems, self.failing, batch.new))
            return
        ahead: deque[tuple[Batch, Future[list[str]] | None]] = deque()
        for batch in batches:
            ahead.append((batch, self._start().submit(_scores_in_worker, batch.new) if batch.new else None))
            if len(ahead) > _AHEAD * self._workers:
                yield _filled(*ahead.popleft())
        while ahead:
            yield _filled(*ahead.popleft())

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = worker_pool(self._workers, _begin_worker, (self._problems, self.failing))
        return self._pool


def _filled(batch: Batch, texts: Future[list[str]] | None) -> list[str]:
    return batch.filled(texts.result() if texts else [])


def _scores(problems: Sequence[Problem], failing: Sequence[str], lines: Sequence[bytes]) -> list[str]:
    rows = score_programs(problems, [Graded.model_validate_json(line) for line in lines], failing)
    return [json.dumps([score.value for score in row.scores]) for row in rows]


class _Recent:
    """The scores of the programs that came last, by key; what has not come since `_KEPT` others is dropped."""

    def __init__(self) -> None:
        self._recent: dict[bytes, Scores] = {}
        self._before: dict[bytes, Scores] = {}

    def find(self, key: bytes) -> tuple[Scores, bool]:
        """Return where the scores of a key are or will be, and whether the key is new."""
        if (found := self._recent.get(key)) is not None:
            return found, False
        if len(self._recent) >= _KEPT:
            self._recent, self._before = {}, self._recent
        known = self._before.get(key)
        found = self._recent[key] = Scores() if known is None else known
        return found, known is None


def _batches(rows: Iterable[bytes], known: _Recent) -> Iterator[Batch]:
    batch = Batch([], [], [])
    for row in rows:
        scores, is_new = known.find(_key(row))
        batch.scores.append(scores)
        if is_new:
            batch.new.append(row)
            batch.of_new.append(scores)
        if len(batch.new) >= BATCH or len(batch.scores) >= _ROWS:
            yield batch
            batch = Batch([], [], [])
    if batch.scores:
        yield batch


def _key(row: bytes) -> bytes:
    """Return a digest of what the scores of a row depend on: the problem, the reply, and whether it passes."""
    content = from_json(row)
    sample = content["sample"]
    reply = [sample["task_id"], sample["solution"], sample["completion"], content["verdict"]["status"]]
    return hashlib.blake2b(repr(reply).encode(), digest_size=16).digest()


_in_worker: tuple[Sequence[Problem], Sequence[str]] = ((), ())


def _begin_worker(problems: Sequence[Problem], failing: Sequence[str]) -> None:
    global _in_worker
    _in_worker = (problems, failing)


def _scores_in_worker(lines: Sequence[bytes]) -> list[str]:
    return _scores(*_in_worker, lines)
