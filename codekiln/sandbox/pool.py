"""Many programs at once: worker threads, each with its own fork server."""

import contextlib
import os
import queue
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from codekiln.data.records import Problem, Verdict
from codekiln.errors import SandboxError
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observation import Observation, Run, describe, plan_run
from codekiln.sandbox.test_plan import Plan, frame, plan
from codekiln.sandbox.verdict import Outcome, judge_calls, judge_scripts
from codekiln.sandbox.worker import ServerDied, Worker

_PLANS = 4096
Job = tuple[Problem, str]


class Sandbox:
    """Runs untrusted programs; a misbehaving one gets a verdict, and only a broken sandbox raises.

    Args:
        workers: Programs run at the same time; by default one per core.
        limits: What each run may use.
    """

    def __init__(self, workers: int | None = None, limits: Limits | None = None) -> None:
        self._limits = (limits or Limits()).model_dump()
        self._workers = [Worker() for _ in range(workers or os.cpu_count() or 1)]
        self._plans: dict[int, tuple[Problem, Plan]] = {}

    def __enter__(self) -> "Sandbox":
        self._workers[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()

    def protections(self) -> dict[str, str]:
        """Return what is protected by what on this machine, in words."""
        self._workers[0].start()
        return dict(self._workers[0].protections)

    def grade(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Verdict]]:
        """Grade (problem, program) jobs, yielding (index of the job, verdict) as they finish.

        Jobs are taken lazily, only a few ahead of what has been consumed. Raises SandboxError when a server cannot
        be started, and InputError for a problem whose tests are not Python.
        """
        return self._shared(jobs, self._grade_one)

    def observe(self, runs: Iterable[Run]) -> Iterator[tuple[int, Observation]]:
        """Run programs without judging them, yielding (index of the run, what was seen) as they finish.

        Raises SandboxError when a server cannot be started, and InputError for a call that is not Python.
        """
        return self._shared(runs, self._observe_one)

    def _shared(self, jobs: Iterable[Any], perform: Callable[..., Any]) -> Iterator[tuple[int, Any]]:
        source, results = _Source(jobs), queue.Queue(maxsize=4 * len(self._workers))
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
                    worker.interrupt()  # whoever leaves early does not wait for what is running
            _discard(results, threads)

    def _work(self, worker: Worker, source: "_Source", results: queue.Queue, perform: Callable[..., Any]) -> None:
        try:
            while (item := source.next()) is not None:
                index, job = item
                results.put((index, perform(worker, job, source)))
            results.put(None)
        except BaseException as error:  # travels to the consumer's thread, which raises it
            results.put(error)

    def _grade_one(self, worker: Worker, job: Job, source: "_Source") -> Verdict:
        problem, program = job
        planned = self._plan(problem)
        try:
            return self._twice(worker, source, partial(self._run, worker, problem, planned, program))
        except ServerDied as error:
            return Verdict(
                task_id=problem.task_id, status="crashed", tests_total=planned.total, tests_run=0, tests_passed=0,
                detail=f"took the fork server down twice ({error})",
            )  # fmt: skip

    def _observe_one(self, worker: Worker, run: Run, source: "_Source") -> Observation:
        planned = plan_run(run)
        try:
            return self._twice(worker, source, partial(self._watch, worker, run, planned))
        except ServerDied as error:
            return Observation("crashed", message=f"took the fork server down twice ({error})")

    def _watch(self, worker: Worker, run: Run, planned: Plan) -> Observation:
        nonce = secrets.token_hex(16)
        mode, stdin = ("calls", None) if run.stdin is None else ("stdin", run.stdin.encode("utf-8", "surrogatepass"))
        job = frame(nonce, mode, run.program, planned, self._limits, stdin)
        return describe(run, worker.run(job, self._limits["wall_seconds"]), nonce, self._limits)

    def _twice(self, worker: Worker, source: "_Source", attempt: Callable[[], Any]) -> Any:
        """Try again in a new server when one dies, which may be somebody else's fault; the second death is raised."""
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
        """Run a program that cannot do harm: when that fails too, it is not the programs' fault."""
        harmless = Problem(task_id="harmless", prompt="", tests=("assert True",))
        try:
            self._run(worker, harmless, plan(harmless), "")
        except ServerDied as error:
            raise SandboxError(f"fork servers die on this machine, whatever they run: {error}") from error

    def _run(self, worker: Worker, problem: Problem, planned: Plan, program: str) -> Verdict:
        if planned.scripts and not planned.tests:
            runs = self._run_scripts(worker, planned, program)
            return judge_scripts(problem.task_id, planned, runs, self._limits)
        nonce = secrets.token_hex(16)
        outcome = worker.run(frame(nonce, "calls", program, planned, self._limits), self._limits["wall_seconds"])
        verdict = judge_calls(problem.task_id, planned, outcome, nonce, self._limits)
        if planned.scripts and verdict.status == "passed":
            runs = self._run_scripts(worker, planned, program)
            verdict = _both(verdict, judge_scripts(problem.task_id, planned, runs, self._limits))
        return verdict

    def _run_scripts(self, worker: Worker, planned: Plan, program: str) -> list[tuple[Outcome, str]]:
        runs = []
        for test in planned.scripts:
            nonce = secrets.token_hex(16)
            job = frame(nonce, "stdin", program, planned, self._limits, test.stdin.encode("utf-8", "surrogatepass"))
            runs.append((worker.run(job, self._limits["wall_seconds"]), nonce))
        return runs

    def _plan(self, problem: Problem) -> Plan:
        known = self._plans.get(id(problem))
        if known is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            known = self._plans[id(problem)] = (problem, plan(problem))  # holding the problem keeps its id taken
        return known[1]


def _both(calls: Verdict, scripts: Verdict) -> Verdict:
    return scripts.model_copy(update={
        "tests_run": calls.tests_run + scripts.tests_run,
        "tests_passed": calls.tests_passed + scripts.tests_passed,
        "cpu_seconds": calls.cpu_seconds + scripts.cpu_seconds,
    })  # fmt: skip


class _Source:
    """Numbers the jobs and hands them to one thread at a time."""

    def __init__(self, jobs: Iterable[Any]) -> None:
        self._jobs, self._lock = enumerate(jobs), threading.Lock()
        self.stopped = False

    def next(self) -> tuple[int, Any] | None:
        with self._lock:
            return None if self.stopped else next(self._jobs, None)

    def stop(self) -> None:
        self.stopped = True


def _drain(results: queue.Queue, running: int) -> Iterator[tuple[int, Verdict]]:
    while running:
        item = results.get()
        if isinstance(item, BaseException):
            raise item
        if item is None:
            running -= 1
        else:
            yield item


def _discard(results: queue.Queue, threads: list[threading.Thread]) -> None:
    while any(thread.is_alive() for thread in threads):
        with contextlib.suppress(queue.Empty):
            results.get(timeout=0.05)
    for thread in threads:
        thread.join()
