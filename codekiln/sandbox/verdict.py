"""Verdicts from the messages and the outcome of a run; nothing that the program's process sent is trusted."""

import dataclasses
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any, Literal

from codekiln.data.records import Status, StdinTest, Verdict
from codekiln.sandbox import trusted
from codekiln.sandbox.inside.messages import LimitValues
from codekiln.sandbox.inside.plain_values import Opaque, decode
from codekiln.sandbox.test_plan import ExecutionPlan, PlannedTest

_SIGKILLED = -9
"""Exit code of a process that the kernel ended, for its CPU time or its memory."""

EarlyEnding = Literal["timeout", "memory", "output", "crashed"]
"""How a run ends that did not reach its own end."""
Raised = tuple[str, str, int]
"""An exception: name of its class, message, and line of the program (0 when unknown)."""


@dataclasses.dataclass(frozen=True)
class RunOutcome:
    """The end of one run, as the server reports it.

    Attributes:
        reason: ``ended``, or the limit that the server enforced: ``timeout``, ``output`` or ``folder``.
        code: Exit code; negative: the signal that ended the process.
        cpu_seconds: CPU time of all threads.
        peak_kb: Largest resident memory, in KiB.
        results: Bytes of the result channel.
        output: Bytes of standard output.
    """

    reason: str
    code: int
    cpu_seconds: float
    peak_kb: int
    results: bytes
    output: bytes


@dataclasses.dataclass
class _Tally:
    """Counts of tests, and the first failure."""

    run: int = 0
    passed: int = 0
    status: Status = "passed"
    detail: str = ""

    def fail(self, status: Status, detail: str) -> None:
        """Record a failure, unless there is an earlier one."""
        if self.status == "passed":
            self.status, self.detail = status, detail


class _TestFailure(Exception):
    """A test did not pass."""

    def __init__(self, status: Status, detail: str) -> None:
        self.status: Status = status
        self.detail = detail
        super().__init__(detail)


@dataclasses.dataclass
class _Messages:
    """The messages of one run, checked for nonce, form and order.

    Attributes:
        steps: Kind and values of each result.
        loaded: Whether program and setup ran without an exception.
        done: Whether the last step was reached.
        problem: Status and detail of what stopped the run, or of a forged message.
        raised: The exception behind ``problem``, when there is one.
    """

    steps: list[list[Any]]
    loaded: bool = False
    done: bool = False
    problem: tuple[Status, str] | None = None
    raised: Raised | None = None


def verdict_on_calls(
    task_id: str, plan: ExecutionPlan, outcome: RunOutcome, nonce: str, limits: LimitValues
) -> Verdict:
    """Return the verdict on one run in mode ``calls``."""
    messages, tally = read_messages(outcome.results, nonce, len(plan.steps)), _Tally()
    if messages.loaded:
        for test in plan.tests:
            results = messages.steps[test.first : test.first + len(test.steps)]
            if len(results) < len(test.steps):
                break
            tally.run += 1
            _count(tally, test, results)
    if messages.problem:
        # What stopped the whole run says more than the first test that failed before it.
        tally.status = "passed"
        tally.fail(*messages.problem)
    if tally.status != "tampered" and (outcome.reason != "ended" or not messages.done):
        _record_early_ending(tally, outcome, limits, messages)
    if tally.status == "passed" and plan.in_process:
        tally.detail = f"{plan.in_process} of {plan.total} tests compared in the program's own process"
    return _verdict(task_id, plan, tally, outcome.cpu_seconds)


def verdict_on_scripts(
    task_id: str, plan: ExecutionPlan, runs: Sequence[tuple[RunOutcome, str]], limits: LimitValues
) -> Verdict:
    """Return the verdict on the runs in mode ``stdin``, one per test, each with its nonce."""
    tally = _Tally()
    for test, (outcome, nonce) in zip(plan.scripts, runs, strict=False):
        messages = read_messages(outcome.results, nonce, 0)
        if messages.problem:
            tally.fail(*messages.problem)
        elif outcome.reason != "ended" or outcome.code < 0:
            _record_early_ending(tally, outcome, limits, messages)
        else:
            tally.run += 1
            _compare_output(tally, test, outcome)
    return _verdict(task_id, plan, tally, sum(outcome.cpu_seconds for outcome, _ in runs))


def _verdict(task_id: str, plan: ExecutionPlan, tally: _Tally, cpu_seconds: float) -> Verdict:
    if not plan.total:
        tally.fail("error", "the problem has no tests")
    return Verdict(
        task_id=task_id, status=tally.status, tests_total=plan.total, tests_run=tally.run, tests_passed=tally.passed,
        detail=tally.detail[:500].encode("utf-8", "backslashreplace").decode(), cpu_seconds=round(cpu_seconds, 4),
    )  # fmt: skip


def _record_early_ending(tally: _Tally, outcome: RunOutcome, limits: LimitValues, messages: _Messages) -> None:
    if not messages.problem:
        tally.status, tally.detail = ending_of(outcome, limits)


def ending_of(outcome: RunOutcome, limits: LimitValues) -> tuple[EarlyEnding, str]:
    """Return the status of a run that ended too early, and the reason in words."""
    used = f"{outcome.cpu_seconds:.1f} s CPU"
    if outcome.reason == "timeout":
        return "timeout", f"still running after {limits['wall_seconds']:g} s ({used})"
    if outcome.reason == "output":
        return "output", f"wrote more than {limits['output_kb']} KiB"
    if outcome.reason == "folder":
        return "output", f"filled its folder: more than {limits['file_mb']} MiB or 1000 files"
    # On a busy virtual machine the kernel's limit and the usage it reports differ by a quarter of a second and more.
    if outcome.code == _SIGKILLED and outcome.cpu_seconds > limits["cpu_seconds"] / 2:
        return "timeout", f"used its {limits['cpu_seconds']} s of CPU"
    # The limit is on the address space, which the resident memory that is reported never quite reaches.
    if outcome.code < 0 and outcome.peak_kb > limits["memory_mb"] * 1024 * 0.8:
        return "memory", f"killed by signal {-outcome.code} at {outcome.peak_kb >> 10} MiB"
    how = f"killed by signal {-outcome.code}" if outcome.code < 0 else f"exit code {outcome.code}"
    return "crashed", f"the process ended before its tests did ({how})"


def _count(tally: _Tally, test: PlannedTest, results: Sequence[list[Any]]) -> None:
    try:
        _check(test, results)
    except _TestFailure as failure:
        tally.fail(failure.status, f"{_short(test.text)}: {failure.detail}")
    else:
        tally.passed += 1


def _check(test: PlannedTest, results: Sequence[list[Any]]) -> None:
    """Raise _TestFailure unless all checks of a test hold."""
    if test.examples:
        _check_doctest(test, results)
        return
    values = _Values(results)
    for check in test.checks or [None]:
        try:
            held = trusted.evaluate(check, values.needed_by(check)) if check else values.needed_by(None)["_0"]
        except _TestFailure:
            raise
        except Exception as error:  # the assert itself would have raised it
            raise _TestFailure("error", f"{type(error).__name__}: {error}") from error
        if not held:
            raise _TestFailure("failed", f"got {values.describe()}")


class _Values:
    """Results by placeholder name."""

    def __init__(self, results: Sequence[list[Any]]) -> None:
        self._results = {f"_{index}": result for index, result in enumerate(results)}
        self._shown: object = None

    def needed_by(self, check: CodeType | None) -> Mapping[str, object]:
        """Return the results that a check names; without a check, the first.

        Only these are read: an assert does not raise for what it does not evaluate.
        """
        names = [name for name in (check.co_names if check else ("_0",)) if name in self._results]
        return {name: self._value(self._results[name]) for name in names}

    def describe(self) -> str:
        return trusted.describe(self._shown)

    def _value(self, result: list[Any]) -> object:
        kind, *rest = result
        if kind == "raised":
            raise _TestFailure(_status_of(rest[0]), _raised(rest))
        if kind == "pair":
            left, right, same = rest
            self._shown = left
            return same is True if isinstance(left, Opaque) and isinstance(right, Opaque) else left == right
        self._shown = rest[0]
        return rest[0]


def _check_doctest(test: PlannedTest, results: Sequence[list[Any]]) -> None:
    import doctest  # slow to import, and rarely needed

    checker = doctest.OutputChecker()
    for example, (kind, *rest) in zip(test.examples, results, strict=True):
        if kind != "example":
            raise _TestFailure("tampered", "a result of another kind than asked for")
        printed, raised = rest
        flags = sum(flag for flag, chosen in example.options.items() if chosen)
        if raised is not None:
            if example.exc_msg is None:
                raise _TestFailure(_status_of(raised[0]), _raised(raised))
            text = f"{raised[0]}: {raised[1]}\n" if raised[1] else f"{raised[0]}\n"
            held = checker.check_output(example.exc_msg, text, flags)
        else:
            held = (
                example.exc_msg is None
                and isinstance(printed, str)
                and checker.check_output(example.want, printed, flags)
            )
        if not held:
            raise _TestFailure("failed", f"{example.source.strip()} printed {trusted.describe(printed)}")


def _compare_output(tally: _Tally, test: StdinTest, outcome: RunOutcome) -> None:
    printed = outcome.output.decode("utf-8", "replace")
    if outcome.code != 0:
        tally.fail("error", f"input {_short(test.stdin)!r}: exit code {outcome.code}")
    elif _lines(printed) != _lines(test.stdout):
        tally.fail("failed", f"input {_short(test.stdin)!r}: printed {_short(printed)!r}")
    else:
        tally.passed += 1


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def read_messages(data: bytes, nonce: str, expected: int) -> _Messages:
    """Return the messages of one run as far as they are well formed; ``expected`` is the number of steps."""
    messages = _Messages([])
    lead = nonce.encode() + b" "
    # The last piece is empty, or a line that was cut when the process was killed.
    for line in data.split(b"\n")[:-1]:
        try:
            if not line.startswith(lead):
                raise ValueError("a line without the nonce")
            _take(messages, line[len(lead) :], expected)
        except (ValueError, IndexError, KeyError, TypeError) as error:
            messages.problem = ("tampered", f"the result channel was written by the program: {error}"[:200])
            break
        if messages.problem:
            break
    return messages


def _take(messages: _Messages, text: bytes, expected: int) -> None:
    """Add one message; raises an error for one that the program's process cannot have sent by the rules."""
    message: Any = decode(text)
    word = message[0]
    if messages.done:
        raise ValueError("a message after the last")
    if word == "loaded":
        messages.loaded = True
    elif word == "step":
        if not messages.loaded or message[1] != len(messages.steps) or message[1] >= expected:
            raise ValueError("a result out of order")
        messages.steps.append(_checked_step(message[2:]))
    elif word in ("invalid", "raised"):
        status: Status = "invalid" if word == "invalid" else _status_of(message[1], in_test=False)
        messages.problem = (status, _raised(message[1:]))
        if not _is_description(message[1:]):
            raise ValueError("a malformed message")
        name, description, line = message[1:]
        messages.raised = (name, description, line)
    elif word == "large":
        messages.problem = ("output", "a result is too large to send")
    elif word == "done":
        messages.done = True
    else:
        raise ValueError(f"unknown message {str(word)[:20]!r}")


def _checked_step(step: list[Any]) -> list[Any]:
    lengths = {"value": 2, "pair": 4, "raised": 4, "example": 3}
    if len(step) != lengths[step[0]] or (step[0] == "raised" and not _is_description(step[1:])):
        raise ValueError("a malformed result")
    if step[0] == "example" and step[2] is not None and not _is_description(step[2]):
        raise ValueError("a malformed result")
    return step


def _is_description(parts: list[Any]) -> bool:
    return len(parts) == 3 and [type(part) for part in parts] == [str, str, int]


def _status_of(name: str, in_test: bool = True) -> Status:
    """Return the status that an exception gives, by the name of its class."""
    if name == "AssertionError" and in_test:
        return "failed"
    statuses: dict[str, Status] = {"MemoryError": "memory", "SystemExit": "crashed"}
    return statuses.get(name, "error")


def _raised(description: Sequence[Any]) -> str:
    name, text, line = description
    where = f" (line {line})" if line else ""
    return f"{name}: {text}{where}" if text else f"{name}{where}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:157] + "..."
