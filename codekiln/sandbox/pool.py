"""The sandbox: runs many programs at once in worker threads, each with its own fork server."""

import contextlib
import math
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, TypeVar, cast

from codekiln.data.records import Problem, ReferenceTest, Verdict
from codekiln.errors import SandboxError
from codekiln.sandbox.allowed_imports import package_paths
from codekiln.sandbox.expected_results import ExpectedResults
from codekiln.sandbox.inside.confine import reads_are_confined
from codekiln.sandbox.inside.messages import LimitValues
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observation import Observation, Run, describe, plan_calls, plan_run
from codekiln.sandbox.test_plan import encode_plan, plan_tests
from codekiln.sandbox.verdict import infrastructure_failure, verdict_on
from codekiln.sandbox.worker import EncodedPlan, ServerDied, Worker, encoded

_CACHED_PLANS = 4096
_FIRST_SECONDS = 2
"""CPU time that a program gets at first; one that needs more is run again with what its problem's reference needs."""
_REFERENCE_FACTOR = 10
ProgramJob = tuple[Problem, str]
"""A problem, and the program to grade on its tests."""
J = TypeVar("J")
R = TypeVar("R")


class _Planned:
    """A problem, its plan, and the CPU time that its programs may use once that is known."""

    def __init__(self, problem: Problem, total: int, runs: int, plan: EncodedPlan) -> None:
        self.problem, self.total, self.runs, self.plan = problem, total, runs, plan
        self.cpu_seconds: int | None = None
        self.lock = threading.Lock()


class Sandbox:
    """Runs untrusted programs; a misbehaving one gets a verdict, and only a broken sandbox raises.

    Args:
        workers: Number of programs run at the same time; default: one per core.
        limits: Limits of each run.
        allow_imports: Names of third-party packages that programs and tests may import.
        allow_weaker: Accept a machine on which programs can read what their user can.

    Raises:
        InputError: A package of ``allow_imports`` is not installed.
    """

    def __init__(
        self,
        workers: int | None = None,
        limits: Limits | None = None,
        *,
        allow_imports: Sequence[str] = (),
        allow_weaker: bool = False,
    ) -> None:
        self._limits = cast(LimitValues, (limits or Limits()).model_dump())
        packages = tuple(sorted(allow_imports))
        if packages:
            package_paths(packages)  # a wrong name is an error here, not in a worker
        self._allow_weaker = allow_weaker
        self._workers = [Worker(packages) for _ in range(workers or os.cpu_count() or 1)]
        self._plans: dict[int, _Planned] = {}
        self._plan_lock = threading.Lock()
        self._expected = ExpectedResults()

    def __enter__(self) -> "Sandbox":
        self._workers[0].start()
        if not self._allow_weaker and not reads_are_confined(self._workers[0].protections):
            self._workers[0].close()
            raise SandboxError(
                "programs could read every file that this user can, because this kernel has no Landlock: "
                "run on Linux 5.19 or newer with Landlock on, or allow weaker protection"
            )
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
            InputError: A problem's tests are not Python, or its reference gives no results.
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
        planned = self._plan(worker, problem)
        try:
            return self._with_retry(worker, source, partial(self._judge, worker, planned, program))
        except ServerDied as error:
            return infrastructure_failure(problem, planned.total, str(error))

    def _judge(self, worker: Worker, planned: _Planned, program: str) -> Verdict:
        """Run a program with little CPU time first: most that need more never end."""
        most = self._limits["cpu_seconds"]
        first = min(planned.cpu_seconds or _FIRST_SECONDS, most)
        verdict = self._run(worker, planned, program, first)
        if verdict.status == "timeout" and first < most and planned.cpu_seconds is None:
            self._measure_reference(worker, planned)
            if (seconds := cast(int, planned.cpu_seconds)) > first:
                return self._run(worker, planned, program, seconds)
        return verdict

    def _run(self, worker: Worker, planned: _Planned, program: str, cpu_seconds: int) -> Verdict:
        limits = cast(LimitValues, {**self._limits, "cpu_seconds": cpu_seconds})
        answer = worker.run(planned.plan, program, limits, runs=planned.runs)
        return verdict_on(planned.problem, planned.total, answer)

    def _measure_reference(self, worker: Worker, planned: _Planned) -> None:
        """Find out what CPU time the problem's programs may use: a multiple of what its reference uses."""
        with planned.lock:
            most = self._limits["cpu_seconds"]
            if planned.cpu_seconds is not None:
                return
            if planned.problem.reference is None:
                planned.cpu_seconds = most
                return
            verdict = self._run(worker, planned, planned.problem.reference, most)
            needed = math.ceil(_REFERENCE_FACTOR * verdict.cpu_seconds) if verdict.passed else most
            planned.cpu_seconds = min(most, max(_FIRST_SECONDS, needed))

    def _observe_one(self, worker: Worker, run: Run, source: "_JobQueue[Run]") -> Observation:
        plan = encoded(encode_plan(plan_run(run)))
        stdin = None if run.stdin is None else run.stdin.encode("utf-8", "surrogatepass")
        try:
            answer = self._with_retry(
                worker, source, lambda: worker.run(plan, run.program, self._limits, stdin, forget=True)
            )
        except ServerDied as error:
            return Observation("crashed", message=f"infrastructure: the sandbox died twice with this program ({error})")
        return describe(run, answer, self._limits)

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
        """Run a harmless program; when the sandbox dies even then, it is broken."""
        try:
            worker.run(encoded(encode_plan(plan_calls(()))), "", self._limits, forget=True)
        except ServerDied as error:
            raise SandboxError(f"the sandbox dies on this machine, whatever it runs: {error}") from error

    def _plan(self, worker: Worker, problem: Problem) -> _Planned:
        with self._plan_lock:
            known = self._plans.get(id(problem))
        if known is not None:
            return known
        # Outside the lock: a reference may run for seconds.
        expected = None
        if any(isinstance(test, ReferenceTest) for test in problem.tests):
            expected = self._expected.of(problem, lambda plan, program: self._results(worker, plan, program))
        made = plan_tests(problem, expected)
        runs = 1 + len(made.message["scripts"])
        planned = _Planned(problem, made.total, runs, encoded(encode_plan(made.message)))
        with self._plan_lock:
            if len(self._plans) >= _CACHED_PLANS:
                self._plans.clear()
            # Keeps the problem alive, and its id taken.
            return self._plans.setdefault(id(problem), planned)

    def _results(self, worker: Worker, plan: bytes, program: str) -> dict[str, Any]:
        limits = cast(LimitValues, {**self._limits, "cpu_seconds": 120, "wall_seconds": 300.0, "memory_mb": 8192})
        try:
            return worker.run(encoded(plan), program, limits, forget=True)
        except ServerDied as error:
            raise SandboxError(f"the sandbox died with a problem's reference: {error}") from error


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
