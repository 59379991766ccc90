"""From what came back out of a run to a verdict. Nothing here trusts the program's side."""

import dataclasses
from collections.abc import Sequence

from codekiln.data.records import StdinTest, Verdict
from codekiln.sandbox import trusted
from codekiln.sandbox.inside.plain_values import Opaque, decode
from codekiln.sandbox.test_plan import Plan, PlannedTest

_OWN_SIGKILL = -9


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the server reports about one run."""

    reason: str
    code: int
    cpu_seconds: float
    peak_kb: int
    results: bytes
    output: bytes


@dataclasses.dataclass
class _Tally:
    """Counts tests, and keeps the first thing that went wrong."""

    run: int = 0
    passed: int = 0
    status: str = "passed"
    detail: str = ""

    def blame(self, status: str, detail: str) -> None:
        if self.status == "passed":
            self.status, self.detail = status, detail


class _Failure(Exception):
    """A test that did not hold: status and detail."""


@dataclasses.dataclass
class _Messages:
    """The messages of one run, checked for nonce, form and order."""

    steps: list[list]
    loaded: bool = False
    done: bool = False
    problem: tuple[str, str] | None = None
    raised: tuple[str, str, int] | None = None


def judge_calls(task_id: str, plan: Plan, outcome: Outcome, nonce: str, limits: dict) -> Verdict:
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
        tally.status = "passed"
        tally.blame(*messages.problem)
    if tally.status != "tampered" and (outcome.reason != "ended" or not messages.done):
        _blame_ending(tally, outcome, limits, messages)
    if tally.status == "passed" and plan.in_process:
        tally.detail = f"{plan.in_process} of {plan.total} tests compared in the program's own process"
    return _verdict(task_id, plan, tally, outcome.cpu_seconds)


def judge_scripts(task_id: str, plan: Plan, runs: Sequence[tuple[Outcome, str]], limits: dict) -> Verdict:
    """Return the verdict on the runs of a program on standard inputs, one per test, each with its nonce."""
    tally = _Tally()
    for test, (outcome, nonce) in zip(plan.scripts, runs, strict=False):
        messages = read_messages(outcome.results, nonce, 0)
        if messages.problem:
            tally.blame(*messages.problem)
        elif outcome.reason != "ended" or outcome.code < 0:
            _blame_ending(tally, outcome, limits, messages)
        else:
            tally.run += 1
            _compare_output(tally, test, outcome)
    return _verdict(task_id, plan, tally, sum(outcome.cpu_seconds for outcome, _ in runs))


def _verdict(task_id: str, plan: Plan, tally: _Tally, cpu_seconds: float) -> Verdict:
    if not plan.total:
        tally.blame("error", "the problem has no tests")
    return Verdict(
        task_id=task_id, status=tally.status, tests_total=plan.total, tests_run=tally.run, tests_passed=tally.passed,
        detail=tally.detail[:500].encode("utf-8", "backslashreplace").decode(), cpu_seconds=round(cpu_seconds, 4),
    )  # fmt: skip


def _blame_ending(tally: _Tally, outcome: Outcome, limits: dict, messages: _Messages) -> None:
    if not messages.problem:
        tally.status, tally.detail = ending_of(outcome, limits)


def ending_of(outcome: Outcome, limits: dict) -> tuple[str, str]:
    """Return the status and, in words, the reason of a run that ended too early."""
    used = f"{outcome.cpu_seconds:.1f} s CPU"
    if outcome.reason == "timeout":
        return "timeout", f"still running after {limits['wall_seconds']:g} s ({used})"
    if outcome.reason == "output":
        return "output", f"wrote more than {limits['output_kb']} KiB"
    if outcome.reason == "folder":
        return "output", f"filled its folder: more than {limits['file_mb']} MiB or 1000 files"
    # On a busy virtual machine the kernel's limit and the usage it reports differ by a quarter of a second and more.
    if outcome.code == _OWN_SIGKILL and outcome.cpu_seconds > limits["cpu_seconds"] / 2:
        return "timeout", f"used its {limits['cpu_seconds']} s of CPU"
    if outcome.code < 0 and outcome.peak_kb > limits["memory_mb"] * 1024 * 0.8:
        return "memory", f"killed by signal {-outcome.code} at {outcome.peak_kb >> 10} MiB"
    how = f"killed by signal {-outcome.code}" if outcome.code < 0 else f"exit code {outcome.code}"
    return "crashed", f"the process ended before its tests did ({how})"


def _count(tally: _Tally, test: PlannedTest, results: list[list]) -> None:
    try:
        _check(test, results)
    except _Failure as failure:
        tally.blame(failure.args[0], f"{_short(test.text)}: {failure.args[1]}")
    else:
        tally.passed += 1


def _check(test: PlannedTest, results: list[list]) -> None:
    if test.examples:
        _check_doctest(test, results)
        return
    values = _Values(results)
    for judge in test.judges or [None]:
        try:
            held = trusted.evaluate(judge, values.needed_by(judge)) if judge else values.needed_by(None)["_0"]
        except _Failure:
            raise
        except Exception as error:  # what the assert itself would have raised
            raise _Failure("error", f"{type(error).__name__}: {error}") from error
        if not held:
            raise _Failure("failed", f"got {values.describe()}")


class _Values:
    """Results by placeholder name."""

    def __init__(self, results: list[list]) -> None:
        self._results = {f"_{index}": result for index, result in enumerate(results)}
        self._shown: object = None

    def needed_by(self, judge: object) -> dict[str, object]:
        names = [name for name in (judge.co_names if judge else ("_0",)) if name in self._results]
        return {name: self._value(self._results[name]) for name in names}

    def describe(self) -> str:
        return trusted.describe(self._shown)

    def _value(self, result: list) -> object:
        kind, *rest = result
        if kind == "raised":
            raise _Failure(_status_of(rest[0]), _raised(rest))
        if kind == "pair":
            left, right, same = rest
            self._shown = left
            return same is True if isinstance(left, Opaque) and isinstance(right, Opaque) else left == right
        self._shown = rest[0]
        return rest[0]


def _check_doctest(test: PlannedTest, results: list[list]) -> None:
    import doctest  # slow to import, and rarely needed

    checker = doctest.OutputChecker()
    for example, (kind, *rest) in zip(test.examples, results, strict=True):
        if kind != "example":
            raise _Failure("tampered", "a result of another kind than asked for")
        printed, raised = rest
        flags = sum(flag for flag, chosen in example.options.items() if chosen)
        if raised is not None:
            if example.exc_msg is None:
                raise _Failure(_status_of(raised[0]), _raised(raised))
            text = f"{raised[0]}: {raised[1]}\n" if raised[1] else f"{raised[0]}\n"
            held = checker.check_output(example.exc_msg, text, flags)
        else:
            held = (
                example.exc_msg is None
                and isinstance(printed, str)
                and checker.check_output(example.want, printed, flags)
            )
        if not held:
            raise _Failure("failed", f"{example.source.strip()} printed {trusted.describe(printed)}")


def _compare_output(tally: _Tally, test: StdinTest, outcome: Outcome) -> None:
    printed = outcome.output.decode("utf-8", "replace")
    if outcome.code != 0:
        tally.blame("error", f"input {_short(test.stdin)!r}: exit code {outcome.code}")
    elif _lines(printed) != _lines(test.stdout):
        tally.blame("failed", f"input {_short(test.stdin)!r}: printed {_short(printed)!r}")
    else:
        tally.passed += 1


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def read_messages(data: bytes, nonce: str, expected: int) -> _Messages:
    """Return the messages of one run as far as they are well formed; ``expected`` is the number of steps."""
    messages = _Messages([])
    lead = nonce.encode() + b" "
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
    message = decode(text)
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
        status = "invalid" if word == "invalid" else _status_of(message[1], in_test=False)
        messages.problem = (status, _raised(message[1:]))
        if not _is_description(message[1:]):
            raise ValueError("a malformed message")
        messages.raised = tuple(message[1:])
    elif word == "large":
        messages.problem = ("output", "a result is too large to send")
    elif word == "done":
        messages.done = True
    else:
        raise ValueError(f"unknown message {str(word)[:20]!r}")


def _checked_step(step: list) -> list:
    lengths = {"value": 2, "pair": 4, "raised": 4, "example": 3}
    if len(step) != lengths[step[0]] or (step[0] == "raised" and not _is_description(step[1:])):
        raise ValueError("a malformed result")
    if step[0] == "example" and step[2] is not None and not _is_description(step[2]):
        raise ValueError("a malformed result")
    return step


def _is_description(parts: list) -> bool:
    return len(parts) == 3 and [type(part) for part in parts] == [str, str, int]


def _status_of(name: str, in_test: bool = True) -> str:
    if name == "AssertionError" and in_test:
        return "failed"
    return {"MemoryError": "memory", "SystemExit": "crashed"}.get(name, "error")


def _raised(description: Sequence) -> str:
    name, text, line = description
    where = f" (line {line})" if line else ""
    return f"{name}: {text}{where}" if text else f"{name}{where}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:157] + "..."
