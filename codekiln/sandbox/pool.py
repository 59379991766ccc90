"""The sandbox: runs many programs at once in worker threads, each with its own fork server."""

import contextlib
import math
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, TypeVar, cast

from codekiln.data.programs import preamble_lines, with_preamble
from codekiln.data.records import Problem, ReferenceTest, Verdict
from codekiln.errors import InputError, SandboxError
from codekiln.sandbox.allowed_imports import package_paths
from codekiln.sandbox.cores import usable_cores
from codekiln.sandbox.expected_results import ExpectedResults
from codekiln.sandbox.inside.confine import reads_are_confined
from codekiln.sandbox.inside.endings import KILLED, STILL_RUNNING
from codekiln.sandbox.inside.messages import LimitValues, ProblemPlan
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observation import Observation, Run, describe, plan_calls, plan_run
from codekiln.sandbox.server_folder import remove_abandoned
from codekiln.sandbox.test_plan import plan_tests
from codekiln.sandbox.verdict import infrastructure_failure, not_graded, verdict_on
from codekiln.sandbox.worker import EncodedPlan, ServerDied, Worker, encoded

_CACHED_PLANS, _CACHED_BYTES = 4096, 256 << 20
_FIRST_SECONDS = 2
"""CPU time that a program gets at first; one that needs more is run again with what its problem's reference needs."""
_REFERENCE_FACTOR = 10
_INPUTS_SECONDS, _INPUTS_FACTOR = 120, 3
"""CPU time of a reference that gives the expected results of its inputs; its programs may use this multiple of it."""
_REFERENCE_SECONDS = {"cpu_seconds": 120, "wall_seconds": 300.0}
"""Time for the results of a reference, which are computed once."""
ProgramJob = tuple[Problem, str]
"""A problem, and the program to grade on its tests."""
J = TypeVar("J")
R = TypeVar("R")


class _Planned:
    """A problem, its plan, and the CPU time that its programs may use once that is known."""

    def __init__(self, problem: Problem, total: int, runs: int, plan: EncodedPlan) -> None:
        self.problem, self.total, self.runs, self.plan = problem, total, runs, plan
        self.has_inputs = any(isinstance(test, ReferenceTest) for test in problem.tests)
        self.cpu_seconds: int | None = None
        self.is_measured = False
        """Whether the reference has been run here; its time may be from another machine."""
        self.lock = threading.Lock()


class _Place:
    """The place of a problem's plan, which one thread makes while others that need it wait."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem  # keeps it alive, and so its id taken
        self.lock = threading.Lock()
        self.found: _Planned | InputError | None = None

    @property
    def size(self) -> int:
        return len(self.found.plan.data) if isinstance(self.found, _Planned) else 0


class Sandbox:
    """Runs untrusted programs; a misbehaving one gets a verdict, and only a broken sandbox raises.

    Args:
        workers: Number of programs run at the same time; default: one per core that may be used.
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
        self._workers = [Worker(packages) for _ in range(workers or usable_cores())]
        self._plans: dict[int, _Place] = {}
        self._plan_lock = threading.Lock()
        self._expected = ExpectedResults(limits=str(self._limits["memory_mb"]))

    def __enter__(self) -> "Sandbox":
        remove_abandoned()
        self._workers[0].start()
        if not self._allow_weaker and not reads_are_confined(self._workers[0].protections):
            self._workers[0].close()
            raise SandboxError(
                "programs could read every file that this user can, because this kernel has no Landlock",
                fix="run on Linux 5.19 or newer with Landlock on, or allow weaker protection",
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

        A program of a problem that cannot be graded, because its tests are not Python or its reference gives no
        results, gets a verdict that says so, which is an infrastructure error: nothing is known of the program.

        Raises:
            SandboxError: A server cannot be started.
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
        try:
            _start(threads)
            yield from _drain(results, len(threads))
        finally:
            source.stop()
            for worker, thread in zip(self._workers, threads, strict=True):
                if thread.is_alive():
                    worker.interrupt()  # a consumer that stops early does not wait for running programs
            _discard(results, [thread for thread in threads if thread.ident is not None])

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
        if isinstance(planned, InputError):
            return not_graded(problem, len(problem.tests), f"the problem cannot be graded: {planned}")
        try:
            return self._with_retry(worker, source, partial(self._judge, worker, planned, program))
        except ServerDied as error:
            return infrastructure_failure(problem, planned.total, str(error))

    def _judge(self, worker: Worker, planned: _Planned, program: str) -> Verdict:
        """Run a program with little CPU time first: most that need more never end."""
        most = self._limits["cpu_seconds"]
        first = planned.cpu_seconds or min(_FIRST_SECONDS, most)
        verdict = self._run(worker, planned, program, first)
        if verdict.status == "crashed" and verdict.detail.endswith(KILLED):
            # It may have done that itself; or the machine was out of memory, which is not its fault.
            verdict = self._run(worker, planned, program, first)
        used_up = verdict.status == "timeout" and not verdict.detail.startswith(STILL_RUNNING)
        if used_up and (first < most or planned.has_inputs):
            self._measure_reference(worker, planned)  # unless another thread has done that meanwhile
            if (seconds := cast(int, planned.cpu_seconds)) > first:
                return self._run(worker, planned, program, seconds)
        return verdict

    def _run(self, worker: Worker, planned: _Planned, program: str, cpu_seconds: int) -> Verdict:
        wall = self._limits["wall_seconds"]
        if cpu_seconds > self._limits["cpu_seconds"]:
            wall = max(wall, 3.0 * cpu_seconds)
        limits = cast(LimitValues, {**self._limits, "cpu_seconds": cpu_seconds, "wall_seconds": wall})
        whole = with_preamble(planned.problem, program)
        given = preamble_lines(planned.problem, program, whole)
        answer = worker.run(planned.plan, whole, limits, given_lines=given, runs=planned.runs)
        return verdict_on(planned.problem, planned.total, answer)

    def _measure_reference(self, worker: Worker, planned: _Planned) -> None:
        """Find out what CPU time the problem's programs may use: a multiple of what its reference uses."""
        most = self._limits["cpu_seconds"]
        with planned.lock:
            if planned.is_measured:
                return
            planned.cpu_seconds = max(most, planned.cpu_seconds or 0)
            if planned.problem.reference is not None:
                longest = max(most, _INPUTS_SECONDS) if planned.has_inputs else most
                verdict = self._run(worker, planned, planned.problem.reference, longest)
                if verdict.passed:
                    planned.cpu_seconds = self._seconds_for(verdict.cpu_seconds, planned.has_inputs)
            planned.is_measured = True

    def _seconds_for(self, of_reference: float, has_inputs: bool) -> int:
        """Return the CPU time that programs may use where the reference takes so much."""
        seconds = min(self._limits["cpu_seconds"], max(_FIRST_SECONDS, math.ceil(_REFERENCE_FACTOR * of_reference)))
        # The inputs of such a problem may take longer than any program should, and right programs must pass.
        return max(seconds, math.ceil(_INPUTS_FACTOR * of_reference)) if has_inputs else seconds

    def _observe_one(self, worker: Worker, run: Run, source: "_JobQueue[Run]") -> Observation:
        plan = encoded(plan_run(run))
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
            worker.run(encoded(plan_calls(())), "", self._limits, forget=True)
        except ServerDied as error:
            raise SandboxError(
                f"the sandbox dies on this machine, whatever it runs: {error}",
                fix="see in the kernel's log (dmesg) what ends its processes: a limit of memory, or a security module",
            ) from error

    def _plan(self, worker: Worker, problem: Problem) -> _Planned | InputError:
        """Return the plan of a problem, which is made once, or what is wrong with the problem."""
        with self._plan_lock:
            place = self._plans.get(id(problem))
            if place is None:
                self._make_room()
                place = self._plans[id(problem)] = _Place(problem)
        with place.lock:
            if place.found is None:
                try:
                    place.found = self._make_plan(worker, problem)
                except InputError as error:
                    place.found = error
                    print(f"codekiln: cannot be graded: {error}", file=sys.stderr)
            return place.found

    def _make_room(self) -> None:
        """Forget the oldest plans while they are too many or too large."""
        size = sum(place.size for place in self._plans.values()) if len(self._plans) % 16 == 0 else 0
        while self._plans and (len(self._plans) >= _CACHED_PLANS or size > _CACHED_BYTES):
            size -= self._plans.pop(next(iter(self._plans))).size

    def _make_plan(self, worker: Worker, problem: Problem) -> _Planned:
        expected = None
        if any(isinstance(test, ReferenceTest) for test in problem.tests):
            expected = self._expected.of(problem, lambda plan, program: self._results(worker, plan, program))
        made = plan_tests(problem, expected)
        planned = _Planned(problem, made.total, 1 + len(made.message["scripts"]), encoded(made.message))
        if expected is not None:
            planned.cpu_seconds = self._seconds_for(expected.cpu_seconds, has_inputs=True)
        return planned

    def _results(self, worker: Worker, plan: ProblemPlan, program: str) -> dict[str, Any]:
        """Run a reference, with more time than programs, and less memory: right ones may need more than it does."""
        memory = self._limits["memory_mb"] * 3 // 4
        limits = cast(LimitValues, {**self._limits, **_REFERENCE_SECONDS, "memory_mb": memory})
        job = encoded(plan)
        try:
            try:
                return worker.run(job, program, limits, forget=True)
            except ServerDied:
                return worker.run(job, program, limits, forget=True)
        except ServerDied as error:
            raise InputError(
                f"the sandbox died twice with the reference: {error}",
                fix="correct the reference, or remove it",
            ) from error


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


def _start(threads: list[threading.Thread]) -> None:
    for thread in threads:
        try:
            thread.start()
        except RuntimeError as error:
            raise SandboxError(
                f"this user may have no more threads: {error}", fix="raise the limit (ulimit -u), or use fewer workers"
            ) from error


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
