"""The tester: a confined process with the tests and expected values, which judges programs that run elsewhere.

The controller sends it programs; it has the fork server run each, reads the results, and answers with a verdict. Tests
that are more than calls and comparisons run in a forked child of this process, one per program.
"""

import json
import marshal
import os
import select
import signal
import time

from codekiln.sandbox.inside import checks, endings
from codekiln.sandbox.inside.channel import MessageTooLarge, read_frame, write_frame
from codekiln.sandbox.inside.confine import confine_test_child
from codekiln.sandbox.inside.fork_server import RunningProgram
from codekiln.sandbox.inside.plain_values import Foreign, NeedsLimits, parse
from codekiln.sandbox.inside.test_run import TestRun, silence

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codekiln.sandbox.inside.messages import (
        JobMessage,
        LimitValues,
        OutcomeMessage,
        ProblemPlan,
        RunMessage,
        TestPlan,
        VerdictMessage,
    )

_CHUNK = 1 << 16
_SIMPLE = 1 << 16
"""Bytes of results up to which checks are evaluated in this process, which is not limited in time."""
_ANSWERS = 64
"""All answers of a conversation may have this many times the size of one result."""


class _Unlimited(Foreign):
    """Values that may be large when they are iterated over are not read in this process."""

    is_limited = False


_NO_OBJECTS = _Unlimited()
_TOO_LARGE, _MALFORMED = b'["large"]', b"[]"
"""What stands for messages that are not read."""


class Tester:
    """Judges one program at a time.

    Args:
        control: Socket to the controller.
        programs: The fork server.
        read_only: Whether no file may be changed, because the private folder cannot be told from others.
    """

    def __init__(self, control: int, programs: RunningProgram, read_only: bool) -> None:
        self._control, self._programs, self._read_only = control, programs, read_only
        self._plans: dict[int, tuple[ProblemPlan, bytes]] = {}

    def serve(self) -> None:
        """Judge programs until the controller closes its end."""
        while (frame := read_frame(self._control)) is not None:
            job: JobMessage = marshal.loads(frame)
            write_frame(self._control, marshal.dumps(self._handle(job)))

    def _handle(self, job: "JobMessage") -> "dict[str, Any]":
        if job["plan"] is not None:
            plan: ProblemPlan = marshal.loads(job["plan"])
            self._plans[job["key"]] = plan, marshal.dumps(dict(plan["calls"]))
            if any(test["doctest"] for test in plan["tests"]):
                import doctest  # noqa: F401 - slow to import; the children that run tests inherit it
        plan, calls = self._plans.pop(job["key"]) if job["forget"] else self._plans[job["key"]]
        if plan["kind"] == "observe":
            return self._observe(job, calls, plan["calls"]["more_output"])
        return dict(self._judge(job, plan, calls))

    def _observe(self, job: "JobMessage", calls: bytes, more_output: int) -> "dict[str, Any]":
        results, outcome = self._run(job, calls, job["stdin"], more_output)
        return {**outcome, "results": results}

    def _run(
        self, job: "JobMessage", calls: bytes, stdin: bytes | None, more_output: int = 0
    ) -> "tuple[bytes, OutcomeMessage]":
        """Run a program that is asked nothing further; return its messages as lines, and its end."""
        channel = self._start(job, calls, stdin)
        lines: list[bytes] = []
        left = endings.largest(job["limits"]) + 4 * more_output
        while line := self._first_message(channel, job["limits"], more_output):
            lines.append(line)
            left -= len(line)
            if left < 0:
                self._programs.stop()
                line = _TOO_LARGE
            if line in (_TOO_LARGE, _MALFORMED):
                lines = [line]
                break
        os.close(channel)
        return b"\n".join(lines), self._programs.outcome()

    def _start(self, job: "JobMessage", calls: bytes, stdin: bytes | None) -> int:
        message: RunMessage = {
            "key": job["key"], "plan": None, "program": job["program"], "given_lines": job["given_lines"],
            "stdin": stdin, "limits": job["limits"], "forget": job["forget"],
        }  # fmt: skip
        return self._programs.start(message, calls)

    def _first_message(self, channel: int, limits: "LimitValues", more_output: int = 0) -> bytes:
        """Return what the program's process sends when its calls are done; nothing if it ends before."""
        try:
            frame = read_frame(channel, endings.largest(limits) + 4 * more_output)
        except OSError:
            return b""
        except MessageTooLarge:
            self._programs.stop()
            return _TOO_LARGE
        except ValueError:
            self._programs.stop()
            return _MALFORMED
        return frame or b""

    def _judge(self, job: "JobMessage", plan: "ProblemPlan", calls: bytes) -> "VerdictMessage":
        tally, seconds = checks.Tally(), 0.0
        has_calls = bool(plan["tests"] or plan["references"])
        if has_calls:
            if plan["kind"] == "calls":
                outcome = self._judge_calls(job, plan, calls, tally)
            else:
                outcome = self._judge_by_questions(job, plan, calls, tally)
            seconds = outcome["cpu_seconds"]
        for given, wanted, comparison in plan["scripts"]:
            if tally.status != "passed" and has_calls:
                break
            results, outcome = self._run(job, calls, given.encode("utf-8", "surrogatepass"))
            seconds += outcome["cpu_seconds"]
            endings.count_script(tally, results, outcome, job["limits"], (given, wanted, comparison))
        return {
            "status": tally.status, "detail": tally.detail, "run": tally.run, "passed": tally.passed,
            "forgeable": tally.forgeable, "suites": tally.suites, "cpu_seconds": seconds,
            "first_failed": tally.first_failed,
        }  # fmt: skip

    def _judge_calls(
        self, job: "JobMessage", plan: "ProblemPlan", calls: bytes, tally: checks.Tally
    ) -> "OutcomeMessage":
        channel = self._start(job, calls, None)
        results = self._first_message(channel, job["limits"], plan["calls"]["more_output"])
        if results.startswith(b'["digest"'):
            if plan["digest"] and parse(results) == ["digest", plan["digest"].hex()]:
                return self._end_with_all(job, plan, channel, tally)
            results = self._ask_for_lines(channel, job, plan)
        if results[:1] == b"{":  # it redefines a built-in that the tests use
            return self._ask(job, plan, channel, tally, results)
        return self._judge_lines(job, plan, channel, tally, results)

    def _judge_lines(
        self, job: "JobMessage", plan: "ProblemPlan", channel: int, tally: checks.Tally, results: bytes
    ) -> "OutcomeMessage":
        head, lines, problem = endings.split_results(results)
        tests = [*plan["tests"], *checks.reference_tests(plan)]
        failures = None
        if head is not None and len(lines) != sum(test["count"] for test in tests):
            head, problem = None, ("tampered", "sent another number of results than asked for")
        if head is not None:
            failures = None if head else _failures(tests, lines, len(results) <= _SIMPLE)
            if failures is None:
                return self._ask(job, plan, channel, tally, (head, lines))
        os.close(channel)
        outcome = self._programs.outcome()
        if problem is not None:
            tally.fail(*problem)
        elif head is None or not endings.ended_well(outcome):
            tally.fail(*endings.ending_of(outcome, job["limits"]))
        for test, failure in zip(tests, failures or (), strict=failures is not None):
            tally.add(test, failure and checks.with_setup_hint(failure, plan["setup"]), False)
        return outcome

    def _end_with_all(
        self, job: "JobMessage", plan: "ProblemPlan", channel: int, tally: checks.Tally
    ) -> "OutcomeMessage":
        """Count all tests by reference as passed, unless the program ends badly."""
        os.close(channel)
        outcome = self._programs.outcome()
        tally.add_all(plan)
        if not endings.ended_well(outcome):
            tally.fail(*endings.ending_of(outcome, job["limits"]))
        return outcome

    def _ask_for_lines(self, channel: int, job: "JobMessage", plan: "ProblemPlan") -> bytes:
        try:
            write_frame(channel, b"lines")
        except OSError:
            return b""
        return self._first_message(channel, job["limits"], plan["calls"]["more_output"])

    def _judge_by_questions(
        self, job: "JobMessage", plan: "ProblemPlan", calls: bytes, tally: checks.Tally
    ) -> "OutcomeMessage":
        channel = self._start(job, calls, None)
        first = self._first_message(channel, job["limits"])
        if first[:1] == b"{":
            return self._ask(job, plan, channel, tally, first)
        os.close(channel)
        outcome = self._programs.outcome()
        head, _, problem = endings.split_results(first)
        if head is not None:
            problem = ("tampered", "sent results before it was asked")
        tally.fail(*(problem or endings.ending_of(outcome, job["limits"])))
        return outcome

    def _ask(
        self,
        job: "JobMessage",
        plan: "ProblemPlan",
        channel: int,
        tally: checks.Tally,
        first: "bytes | tuple[list[Any], list[bytes]]",
    ) -> "OutcomeMessage":
        """Run tests in a forked child, which asks the program, and count what it reports."""
        report, report_in = os.pipe()
        tester = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(report)
            self._become_test_run(job, plan, channel, report_in, first, tester)
        os.close(report_in)
        os.close(channel)
        text, in_time = self._collect(report, job["limits"])
        os.close(report)
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        if not in_time:
            self._programs.stop()
        outcome = self._programs.outcome()
        tally.take(text)
        code = os.waitstatus_to_exitcode(status)
        seconds = usage.ru_utime + usage.ru_stime
        if in_time and code == -signal.SIGKILL and seconds < job["limits"]["cpu_seconds"] / 2:
            # The kernel does that when the machine is out of memory. The program is tried again with another tester.
            raise EOFError("the process that ran the tests was killed")
        endings.count_end(tally, outcome, job["limits"], in_time, code)
        return outcome

    def _become_test_run(
        self,
        job: "JobMessage",
        plan: "ProblemPlan",
        channel: int,
        report: int,
        first: "bytes | tuple[list[Any], list[bytes]]",
        tester: int,
    ) -> None:
        try:
            limits = job["limits"]
            confine_test_child(
                limits["cpu_seconds"], limits["memory_mb"], self._read_only, limits["file_mb"], (channel, report)
            )
            if os.getppid() != tester:  # it ended before the kernel was told to end this process with it
                return
            silence()
            run = TestRun(plan, channel, report, _ANSWERS * endings.largest(limits))
            if isinstance(first, bytes):
                run.from_questions(first)
            run.from_results(*first)
        except MemoryError:
            os.write(report, b'["stop", "memory", "the tests ran out of memory with what the program answered"]\n')
        except BaseException as error:
            text = f"the tests failed with what the program answered: {type(error).__name__}: {error}"
            os.write(report, json.dumps(["stop", "crashed", text[:300]]).encode() + b"\n")
        finally:
            os._exit(70)  # EX_SOFTWARE: reached only when the run failed

    def _collect(self, report: int, limits: "LimitValues") -> tuple[bytes, bool]:
        """Return what the test run reports, and whether it ended within the limits of the program."""
        text, deadline = bytearray(), time.monotonic() + limits["wall_seconds"] + limits["cpu_seconds"]
        poll = select.poll()
        poll.register(report, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            if poll.poll(left * 1000 + 1):
                part = os.read(report, _CHUNK)
                if not part:
                    return bytes(text), True
                text += part
        return bytes(text), False


def _failures(tests: "list[TestPlan]", lines: list[bytes], are_short: bool) -> "list[checks.Failure | None] | None":
    """Return the failure of each test by its results, or None where deciding may need limits of time and memory."""
    if not are_short and not all(_is_plain(test, lines) for test in tests):
        return None
    try:
        return [
            checks.check_results(test, lines[test["first"] : test["first"] + test["count"]], _NO_OBJECTS)
            for test in tests
        ]
    except NeedsLimits:
        return None


def _is_plain(test: "TestPlan", lines: list[bytes]) -> bool:
    return bool(test["expected"]) and lines[test["first"]] == test["expected"]
