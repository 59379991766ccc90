"""The sandbox: runs many programs at once in worker threads, each with its own fork server."""

import contextlib
import os
import queue
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Generic, Literal, TypeVar, cast

from codekiln.data.records import Problem, Verdict
from codekiln.errors import SandboxError
from codekiln.sandbox.inside.messages import LimitValues
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observation import Observation, Run, describe, plan_run
from codekiln.sandbox.test_plan import ExecutionPlan, encode_job, plan_tests
from codekiln.sandbox.verdict import RunOutcome, verdict_on_calls, verdict_on_scripts
from codekiln.sandbox.worker import ServerDied, Worker

_CACHED_PLANS = 4096
ProgramJob = tuple[Problem, str]
"""A problem, and the program to grade on its tests."""
J = TypeVar("J")
R = TypeVar("R")


class Sandbox:
    """Runs untrusted programs; a misbehaving one gets a verdict, and only a broken sandbox raises.

    Args:
        workers: Number of programs run at the same time; default: one per core.
        limits: Limits of each run.
    """

    def __init__(self, workers: int | None = None, limits: Limits | None = None) -> None:
        self._limits = cast(LimitValues, (limits or Limits()).model_dump())
        self._workers = [Worker() for _ in range(workers or os.cpu_count() or 1)]
        self._plans: dict[int, tuple[Problem, ExecutionPlan]] = {}

    def __enter__(self) -> "Sandbox":
        self._workers[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()

    def protections(self) -> dict[str, str]:
        """Return each protection and what enforces it on this machine, in words."""
        self._workers[0].start()
        return dict(self._workers[0].protections)

    def grade(self, jobs: Iterable[ProgramJob]) -> Iterator[tuple[int, Verdict]]:
        """Yield (index of the job, verdict) as programs finish; jobs are taken lazily, a few ahead of the consumer.

        Raises:
            SandboxError: A server cannot be started.
            InputError: A problem's tests are not Python.
        """
        return self._distribute(jobs, self._grade_one)

    def observe(self, runs: Iterable[Run]) -> Iterator[tuple[int, Observation]]:
        """Yield (index of the run, observation) as runs finish, without grading them.

        Raises:
            SandboxError: A server cannot be started.
            InputError: A call is not Python.
        """
        return self._distribute(runs, self._observe_one)

    def _distribute(
        self, jobs: Iterable[J], perform: Callable[[Worker, J, "_JobQueue[J]"], R]
    ) -> Iterator[tuple[int, R]]:
        source = _JobQueue(jobs)
        results: _Results[R] = queue.Queue(maxsize=4 * len(self._workers))
        threads = [
            threading.Thread(target=self._work, args=(worker, source, results, perform)) for worker in self._workers
        ]
        for thread in threads:
            thread.start()
        try:
            yield from _drain(results, len(threads))
        finally:
            source.stop()
            for worker, thread in zip(self._workers, threads, strict=True):
                if thread.is_alive():
                    worker.interrupt()  # a consumer that stops early does not wait for running programs
            _discard(results, threads)

    def _work(
        self,
        worker: Worker,
        source: "_JobQueue[J]",
        results: "_Results[R]",
        perform: Callable[[Worker, J, "_JobQueue[J]"], R],
    ) -> None:
        try:
            while (item := source.next()) is not None:
                index, job = item
                results.put((index, perform(worker, job, source)))
            results.put(None)
        except BaseException as error:  # raised again in the consumer's thread
            results.put(error)

    def _grade_one(self, worker: Worker, job: ProgramJob, source: "_JobQueue[ProgramJob]") -> Verdict:
        problem, program = job
        planned = self._plan(problem)
        try:
            return self._with_retry(worker, source, partial(self._run, worker, problem, planned, program))
        except ServerDied as error:
            return Verdict(
                task_id=problem.task_id, status="crashed", tests_total=planned.total, tests_run=0, tests_passed=0,
                detail=f"took the fork server down twice ({error})",
            )  # fmt: skip

    def _observe_one(self, worker: Worker, run: Run, source: "_JobQueue[Run]") -> Observation:
        planned = plan_run(run)
        try:
            return self._with_retry(worker, source, partial(self._observe_run, worker, run, planned))
        except ServerDied as error:
            return Observation("crashed", message=f"took the fork server down twice ({error})")

    def _observe_run(self, worker: Worker, run: Run, planned: ExecutionPlan) -> Observation:
        nonce = secrets.token_hex(16)
        mode: Literal["calls", "stdin"] = "calls" if run.stdin is None else "stdin"
        stdin = None if run.stdin is None else run.stdin.encode("utf-8", "surrogatepass")
        job = encode_job(nonce, mode, run.program, planned, self._limits, stdin)
        return describe(run, worker.run(job, self._limits["wall_seconds"]), nonce, self._limits)

    def _with_retry(self, worker: Worker, source: "_JobQueue[J]", attempt: Callable[[], R]) -> R:
        """Run again in a new server when the server dies; a second death is raised.

        The first death need not be the program's doing: the kernel may kill a server when the machine is out of memory.
        """
        with contextlib.suppress(ServerDied):
            return attempt()
        try:
            if source.stopped:
                raise ServerDied("interrupted")
            return attempt()
        except ServerDied:
            if not source.stopped:
                self._prove_alive(worker)
            raise

    def _prove_alive(self, worker: Worker) -> None:
        """Run a harmless program; when the server dies even then, the sandbox itself is broken."""
        harmless = Problem(task_id="harmless", prompt="", tests=("assert True",))
        try:
            self._run(worker, harmless, plan_tests(harmless), "")
        except ServerDied as error:
            raise SandboxError(f"fork servers die on this machine, whatever they run: {error}") from error

    def _run(self, worker: Worker, problem: Problem, planned: ExecutionPlan, program: str) -> Verdict:
        if planned.scripts and not planned.tests:
            runs = self._run_scripts(worker, planned, program)
            return verdict_on_scripts(problem.task_id, planned, runs, self._limits)
        nonce = secrets.token_hex(16)
        outcome = worker.run(encode_job(nonce, "calls", program, planned, self._limits), self._limits["wall_seconds"])
        verdict = verdict_on_calls(problem.task_id, planned, outcome, nonce, self._limits)
        if planned.scripts and verdict.status == "passed":
            runs = self._run_scripts(worker, planned, program)
            verdict = _both(verdict, verdict_on_scripts(problem.task_id, planned, runs, self._limits))
        return verdict

    def _run_scripts(self, worker: Worker, planned: ExecutionPlan, program: str) -> list[tuple[RunOutcome, str]]:
        runs = []
        for test in planned.scripts:
            nonce = secrets.token_hex(16)
            job = encode_job(
                nonce, "stdin", program, planned, self._limits, test.stdin.encode("utf-8", "surrogatepass")
            )
            runs.append((worker.run(job, self._limits["wall_seconds"]), nonce))
        return runs

    def _plan(self, problem: Problem) -> ExecutionPlan:
        known = self._plans.get(id(problem))
        if known is None:
            if len(self._plans) >= _CACHED_PLANS:
                self._plans.clear()
            known = self._plans[id(problem)] = (
                problem,
                plan_tests(problem),
            )  # keeps the problem alive, and its id taken
        return known[1]


def _both(calls: Verdict, scripts: Verdict) -> Verdict:
    return scripts.model_copy(update={
        "tests_run": calls.tests_run + scripts.tests_run,
        "tests_passed": calls.tests_passed + scripts.tests_passed,
        "cpu_seconds": calls.cpu_seconds + scripts.cpu_seconds,
    })  # fmt: skip


_Results = queue.Queue[tuple[int, R] | BaseException | None]
"""Results by index of the job; None: a worker has ended; an exception: it has failed."""


class _JobQueue(Generic[J]):
    """Numbers the jobs, and hands each to one thread."""

    def __init__(self, jobs: Iterable[J]) -> None:
        self._jobs, self._lock = enumerate(jobs), threading.Lock()
        self.stopped = False

    def next(self) -> tuple[int, J] | None:
        """Return the next job with its index, or None when there is none left."""
        with self._lock:
            return None if self.stopped else next(self._jobs, None)

    def stop(self) -> None:
        """Hand out no further job."""
        self.stopped = True


def _drain(results: _Results[R], running: int) -> Iterator[tuple[int, R]]:
    """Yield results until all workers have ended; raises the exception of one that failed."""
    while running:
        item = results.get()
        if isinstance(item, BaseException):
            raise item
        if item is None:
            running -= 1
        else:
            yield item


def _discard(results: _Results[R], threads: list[threading.Thread]) -> None:
    """Empty the queue until all threads have ended: one of them may wait for room in it."""
    while any(thread.is_alive() for thread in threads):
        with contextlib.suppress(queue.Empty):
            results.get(timeout=0.05)
    for thread in threads:
        thread.join()
