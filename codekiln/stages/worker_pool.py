"""Worker processes for shards: a function of one shard is called for each, in several processes, results in order."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from codekiln.errors import SandboxError
from codekiln.progress import progress, silence
from codekiln.sandbox.cores import usable_cores
from codekiln.settings.schema import Settings
from codekiln.stages.sample_shards import SampleShard

J = TypeVar("J")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
_AHEAD = 2
"""Jobs per worker that are handed out ahead, so that none waits."""


def worker_pool(workers: int, initializer: Callable[..., None], initargs: tuple[Any, ...]) -> ProcessPoolExecutor:
    """Return a pool of new processes that end with this one."""
    return ProcessPoolExecutor(
        workers,
        # A fork would copy locks of threads that only the parent has.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(initializer, initargs),
    )


class ShardWork(Protocol[R_co]):
    """A dataclass that is called with a shard, and grades with the workers of its settings."""

    @property
    def settings(self) -> Settings:
        """The settings of the run."""

    def __call__(self, shard: SampleShard) -> R_co:
        """Return what is made of a shard."""


def map_shards(work: ShardWork[R], shards: Sequence[SampleShard], label: str) -> Iterator[R]:
    """Yield ``work(shard)`` for each shard, in order: in this process, or of several in one process per core.

    Args:
        work: What is done with a shard.
        shards: The shards.
        label: For progress.
    """
    if len(shards) == 1:
        yield work(shards[0])
        return
    workers = min(work.settings.workers or usable_cores(), len(shards))
    alone = replace(work, settings=work.settings.model_copy(update={"workers": 1}))  # type: ignore[type-var]
    with progress(label, sum(shard.rows for shard in shards), "samples") as step:
        for shard, result in zip(shards, map_in_processes(alone, shards, workers), strict=True):
            step(shard.rows)
            yield result


def map_in_processes(work: Callable[[J], R], jobs: Iterable[J], workers: int) -> Iterator[R]:
    """Yield ``work(job)`` for each job, in order, as several processes compute it.

    Args:
        work: What is done; it is pickled once for each process, so it may remember what it has read.
        jobs: Jobs, of which a few more than there are workers are taken ahead.
        workers: Number of processes.

    Raises:
        SandboxError: A process was killed.
    """
    others = set(multiprocessing.active_children())
    pool = worker_pool(workers, _take, (work,))
    ahead: deque[Future[R]] = deque()
    try:
        for job in jobs:
            ahead.append(pool.submit(_do, job))
            if len(ahead) > _AHEAD * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    except BrokenProcessPool as error:
        raise SandboxError(
            "a worker process was killed, perhaps because the machine is out of memory",
            where="workers",
            fix="lower workers: each has a shard in memory; the same command goes on at the shard where it was",
        ) from error
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()  # what it still does is for nobody
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(initializer: Callable[..., None], initargs: tuple[Any, ...]) -> None:
    # A worker waits for its next task for ever when the parent is killed.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    initializer(*initargs)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "it runs in a worker"
    parent.join()
    os._exit(1)


_work: Callable[[Any], Any]


def _take(work: Callable[[Any], Any]) -> None:
    global _work
    _work = work
    silence()  # the parent tells the progress of all


def _do(job: Any) -> Any:
    return _work(job)
