"""Observed runs: what is evaluated in a program without grading it, and the results."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any, Literal

from codekiln.data.records import Status
from codekiln.errors import InputError
from codekiln.sandbox.inside.messages import LimitValues
from codekiln.sandbox.test_plan import ExecutionPlan, PlannedTest
from codekiln.sandbox.verdict import RunOutcome, ending_of, read_messages

Ending = Literal["ended", "invalid", "raised", "timeout", "memory", "output", "crashed", "tampered"]
# The endings of runs that a message stopped; every other status comes from an exception.
_ENDINGS: Mapping[Status, Ending] = {
    "invalid": "invalid", "memory": "memory", "output": "output", "tampered": "tampered",
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A run of a program, and the calls to evaluate in it.

    Attributes:
        program: Its text.
        calls: Expressions, evaluated one after the other in its namespace once it has run.
        setup: Code that runs after the program and before the calls.
        stdin: Not None: the program is run as a script with this input, and nothing is called.
    """

    program: str
    calls: tuple[str, ...] = ()
    setup: str = ""
    stdin: str | None = None

    def __post_init__(self) -> None:
        if self.stdin is not None and (self.calls or self.setup):
            raise ValueError("a script is run with its input alone: no calls and no setup")


@dataclass(frozen=True)
class Result:
    """The result of a call: a plain value (or an ``Opaque``, which equals nothing), or an exception by class name."""

    value: object = None
    error: str = ""
    message: str = ""
    line: int = 0


@dataclass(frozen=True)
class Observation:
    """What one run did.

    Attributes:
        ending: How it ended; ``invalid``: it does not compile, ``raised``: loading it, or the script, raised.
        error: Class name of the exception of those two.
        message: Its message, or what happened, in words.
        line: Line of the program that raised, 0 when none is known.
        printed: What a script wrote to standard output.
        code: Exit code of a script.
        results: One per call, as far as they came.
    """

    ending: Ending
    error: str = ""
    message: str = ""
    line: int = 0
    printed: str = ""
    code: int = 0
    results: tuple[Result, ...] = ()


def plan_run(run: Run) -> ExecutionPlan:
    """Return the plan of a run.

    Raises:
        InputError: A call or the setup is not Python.
    """
    # One test of all calls: a plan's steps are those of its tests.
    calls = tuple(("value", _compile(call, "eval", "call")) for call in run.calls)
    setup = _compile(run.setup, "exec", "setup") if run.setup.strip() else None
    return ExecutionPlan(setup=setup, tests=(PlannedTest("", 0, calls),), scripts=(), in_process=0)


def describe(run: Run, outcome: RunOutcome, nonce: str, limits: LimitValues) -> Observation:
    """Return what one run did, from its outcome and messages; these need not be well formed."""
    messages = read_messages(outcome.results, nonce, len(run.calls))
    results = tuple(_result(*step) for step in messages.steps)
    printed = outcome.output.decode("utf-8", "replace") if run.stdin is not None else ""
    if messages.problem:
        status, detail = messages.problem
        ending = _ENDINGS.get(status, "raised")
        if messages.raised:
            error, message, line = messages.raised
            return Observation(ending, error, message, line, printed, max(outcome.code, 1))
        return Observation(ending, message=detail, printed=printed, results=results)
    if outcome.reason == "ended" and messages.done and len(results) == len(run.calls):
        return Observation("ended", printed=printed, code=outcome.code, results=results)
    if messages.done and len(results) < len(run.calls):
        return Observation("tampered", message="it said that it was done before it was", results=results)
    early, detail = ending_of(outcome, limits)
    return Observation(early, message=detail, printed=printed, code=outcome.code, results=results)


def _result(kind: str, *rest: Any) -> Result:
    return Result(error=rest[0], message=rest[1], line=rest[2]) if kind == "raised" else Result(value=rest[0])


def _compile(source: str, mode: Literal["eval", "exec"], what: str) -> CodeType:
    try:
        return compile(source, f"<{what}>", mode, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not Python: {error}", where=f"{what} {source[:60]!r}", fix="correct it") from error
