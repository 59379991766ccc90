"""What is asked of a program that is only watched, and what was seen of it."""

from dataclasses import dataclass
from typing import Literal

from codekiln.errors import InputError
from codekiln.sandbox.test_plan import Plan, PlannedTest
from codekiln.sandbox.verdict import Outcome, ending_of, read_messages

Ending = Literal["ended", "invalid", "raised", "timeout", "memory", "output", "crashed", "tampered"]


@dataclass(frozen=True)
class Run:
    """A program, and what is asked of it.

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
    """What a call gave: a plain value (or an ``Opaque``, which equals nothing), or an exception by class name."""

    value: object = None
    error: str = ""
    message: str = ""
    line: int = 0


@dataclass(frozen=True)
class Observation:
    """What was seen of one run.

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


def plan_run(run: Run) -> Plan:
    """Return the steps of a run.

    Raises:
        InputError: A call or the setup is not Python.
    """
    calls = tuple(("value", _compile(call, "eval", "call")) for call in run.calls)
    setup = _compile(run.setup, "exec", "setup") if run.setup.strip() else None
    return Plan(setup=setup, tests=(PlannedTest("", 0, calls),), scripts=(), in_process=0)


def describe(run: Run, outcome: Outcome, nonce: str, limits: dict) -> Observation:
    """Return what one run did, from what came back; nothing the program wrote is trusted to be well formed."""
    messages = read_messages(outcome.results, nonce, len(run.calls))
    results = tuple(_result(*step) for step in messages.steps)
    printed = outcome.output.decode("utf-8", "replace") if run.stdin is not None else ""
    if messages.raised:
        ending = messages.problem[0] if messages.problem[0] in ("invalid", "memory") else "raised"
        error, message, line = messages.raised
        return Observation(ending, error, message, line, printed, max(outcome.code, 1))
    if messages.problem:
        return Observation(messages.problem[0], message=messages.problem[1], printed=printed, results=results)
    if outcome.reason == "ended" and messages.done and len(results) == len(run.calls):
        return Observation("ended", printed=printed, code=outcome.code, results=results)
    if messages.done and len(results) < len(run.calls):
        return Observation("tampered", message="it said that it was done before it was", results=results)
    status, detail = ending_of(outcome, limits)
    return Observation(status, message=detail, printed=printed, code=outcome.code, results=results)


def _result(kind: str, *rest: object) -> Result:
    return Result(error=rest[0], message=rest[1], line=rest[2]) if kind == "raised" else Result(value=rest[0])


def _compile(source: str, mode: str, what: str) -> object:
    try:
        return compile(source, f"<{what}>", mode, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not Python: {error}", where=f"{what} {source[:60]!r}", fix="correct it") from error
