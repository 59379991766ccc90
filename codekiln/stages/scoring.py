"""Scoring of graded rows, in this process or in several."""

import contextlib
import json
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice

from codekiln.data.records import Graded, Problem
from codekiln.recipes.base import score_programs

BATCH = 1_000
"""Rows that are scored together: ruff is started once for each, and a kill loses one per worker at most."""
_AHEAD = 2
"""Batches per worker that are read ahead, so that none waits."""
_MOST_WORKERS = 8
"""Each remembers the scores of some 30,000 programs, and takes about 250 MiB then."""


class Scoring(contextlib.AbstractContextManager["Scoring"]):
    """Scores graded rows in worker processes, which are started for the first long file; used as a context.

    Args:
        problems: The problems that rows are about.
        failing: Metrics of programs that fail; those that pass are scored on all.
        workers: Number of processes; None: one per core, at most `_MOST_WORKERS`.
    """

    def __init__(self, problems: Sequence[Problem], failing: Sequence[str], workers: int | None) -> None:
        # Hidden tests may be large, and no score depends on them.
        self._problems = [row.model_copy(update={"tests": (), "visible_tests": ()}) for row in problems]
        self.failing = tuple(failing)
        self._workers = workers or min(os.cpu_count() or 1, _MOST_WORKERS)
        self._pool: ProcessPoolExecutor | None = None

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
        batches = _batches(rows)
        if self._workers == 1 or total <= BATCH:
            yield from (_scores(self._problems, self.failing, batch) for batch in batches)
            return
        pool = self._start()
        ahead: deque[Future[list[str]]] = deque()
        for batch in batches:
            ahead.append(pool.submit(_scores_in_worker, batch))
            if len(ahead) > _AHEAD * self._workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers,
                # A fork would copy locks of threads that only the parent has.
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin_worker,
                initargs=(self._problems, self.failing),
            )
        return self._pool


def _scores(problems: Sequence[Problem], failing: Sequence[str], lines: Sequence[bytes]) -> list[str]:
    rows = score_programs(problems, [Graded.model_validate_json(line) for line in lines], failing)
    return [json.dumps([score.value for score in row.scores]) for row in rows]


def _batches(rows: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch


_in_worker: tuple[Sequence[Problem], Sequence[str]] = ((), ())


def _begin_worker(problems: Sequence[Problem], failing: Sequence[str]) -> None:
    global _in_worker
    _in_worker = (problems, failing)
    # A worker waits for its next task for ever when the parent is killed.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "it runs in a worker"
    parent.join()
    os._exit(1)


def _scores_in_worker(lines: Sequence[bytes]) -> list[str]:
    return _scores(*_in_worker, lines)
