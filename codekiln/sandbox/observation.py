"""Observed runs: what is evaluated in a program without grading it, and the results."""

from dataclasses import dataclass
from types import CodeType
from typing import Any, Literal, cast

from codekiln.data.python_text import compiled
from codekiln.errors import InputError
from codekiln.sandbox.inside.checks import check_description
from codekiln.sandbox.inside.endings import ending_of, split_results
from codekiln.sandbox.inside.messages import CallPlan, LimitValues, OutcomeMessage, ProblemPlan
from codekiln.sandbox.inside.plain_values import decode, parse

Ending = Literal["ended", "invalid", "raised", "timeout", "memory", "output", "crashed", "tampered"]


@dataclass(frozen=True)
class Run:
    """A run of a program, and the calls to evaluate in it.

    Attributes:
        program: Its text.
        calls: Expressions, evaluated one after the other in its namespace once it has run.
        setup: Code that runs after the program and before the calls.
        stdin: Not None: the program is run as a script with this input, and nothing is called.
        random_seed: Seed of ``random`` before the program, for which ``time.sleep`` returns at once, too; None: another
            one each time.
    """

    program: str
    calls: tuple[str, ...] = ()
    setup: str = ""
    stdin: str | None = None
    random_seed: int | None = None

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


def plan_run(run: Run) -> ProblemPlan:
    """Return the plan of a run.

    Raises:
        InputError: A call or the setup is not Python.
    """
    setup = _compile(run.setup, "exec", "setup") if run.setup.strip() else None
    calls = tuple((None, _compile(call, "eval", "call")) for call in run.calls)
    return plan_calls(calls, setup, random_seed=run.random_seed)


def plan_calls(calls: tuple[tuple[str | None, CodeType | str], ...], setup: CodeType | None = None,
               more_output: int = 0, random_seed: int | None = None) -> ProblemPlan:  # fmt: skip
    """Return the plan of calls whose results are returned, not judged."""
    called: CallPlan = {
        "calls": calls, "called": (), "names": (), "in_one_go": True, "shared": (), "classes": (), "setup": setup,
        "entry_point": None, "observed": True, "relays": False, "more_output": more_output, "digests": False,
        "random_seed": random_seed,
    }  # fmt: skip
    return {
        "kind": "observe", "calls": called, "setup": None, "tests": (), "scripts": (), "references": (),
        "expected": b"", "digest": b"", "substitutes": (), "seed": b"",
    }  # fmt: skip


def describe(run: Run, answer: dict[str, Any], limits: LimitValues) -> Observation:
    """Return what one run did, from its outcome and results; these need not be well formed."""
    outcome = cast(OutcomeMessage, answer)
    head, lines, problem = split_results(answer["results"])
    printed = outcome["output"].decode("utf-8", "replace") if run.stdin is not None else ""
    results: tuple[Result, ...] = ()
    if head is not None and run.stdin is None and problem is None:
        try:
            results = tuple(map(_result, lines))
            if len(results) > len(run.calls):
                raise ValueError("more results than calls")
        except (ValueError, TypeError) as error:
            problem, results = ("tampered", f"the results are not written by the rules: {error}"), ()
    if problem is not None:
        return _stopped(problem, answer["results"], printed, outcome["code"])
    ended = outcome["reason"] == "ended" and outcome["code"] >= 0 and head is not None
    if ended and (run.stdin is not None or outcome["code"] == 0 and len(results) == len(run.calls)):
        return Observation("ended", printed=printed, code=outcome["code"], results=results)
    early, detail = ending_of(outcome, limits)
    return Observation(cast(Ending, early), message=detail, printed=printed, code=outcome["code"], results=results)


def _stopped(problem: tuple[str, str], data: bytes, printed: str, code: int) -> Observation:
    status, detail = problem
    if status != "tampered" and status != "output":
        _, error, message, line = parse(data.split(b"\n")[0])
        ending: Ending = "invalid" if status == "invalid" else "memory" if status == "memory" else "raised"
        return Observation(ending, error, message, line, printed, max(code, 1))
    return Observation(cast(Ending, status), message=detail, printed=printed)


def _result(line: bytes) -> Result:
    if line[:1] == b"x":
        described = parse(line[1:])
        check_description(described)
        name, text, number = described
        return Result(error=name, message=text, line=number)
    if line[:1] != b"v":
        raise ValueError("a result of another kind than asked for")
    return Result(value=decode(line[1:]))


def _compile(source: str, mode: Literal["eval", "exec"], what: str) -> CodeType:
    try:
        return compiled(source, f"<{what}>", mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not Python: {error}", where=f"{what} {source[:60]!r}", fix="correct it") from error
