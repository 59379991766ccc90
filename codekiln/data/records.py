"""The rows that travel between stages: frozen, strict, one JSON object a line."""

import re
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Record(BaseModel):
    """Base of all rows: unknown fields are an error, values are never coerced."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )
    version: ClassVar[int] = 1


class CallTest(Record):
    """Call the entry point with ``call`` as positional arguments; the result equals ``expect``."""

    call: list[Any]
    expect: Any


class StdinTest(Record):
    """Run the program with ``stdin``; it prints ``stdout``.

    By default white space at the ends of lines and of the text is ignored. With ``comparison`` "numbers" white space at
    the start of lines is too, and lines of numbers agree when the numbers are equal, such as 1.0 and 1.00.
    """

    stdin: str
    stdout: str
    comparison: Literal["text", "numbers"] = "text"


class DoctestTest(Record):
    """An interactive session in doctest form, run in the solution's namespace."""

    doctest: str


Comparison = Literal[
    "equal",
    "same-elements",
    "not-none",
    "any-result",
    "equal-or-zero",
    "polynomial-root",
    "pyramid-surface",
    "digit-distance",
]
"""How the result of a call and the reference's are compared; ``sandbox/inside/reference_comparison.py`` says what each
means."""


class ReferenceTest(Record):
    """Call the entry point with each input; the result agrees with what the problem's reference returns there.

    The expected results are computed in the sandbox, once per reference and inputs. Each input counts as one test.
    """

    inputs: tuple[str, ...] = Field(
        description="the positional arguments of each call: a list, as sandbox/inside/plain_values.py encodes it"
    )
    suite: str = Field("base", description="results are reported per suite too: EvalPlus has base and plus")
    comparison: Comparison = Field("equal", description="how a result and the expected one are compared")
    atol: float = Field(
        0.0, description="absolute tolerance; 0: none, and 1e-6 where the expected result is a float or floats"
    )


Test = str | CallTest | StdinTest | DoctestTest | ReferenceTest


class Message(Record):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Problem(Record):
    """A task with what decides whether a reply is right: hidden tests, or a context that its recipe grades by."""

    task_id: str
    prompt: str
    entry_point: str | None = None
    preamble: str = Field("", description="code run before the solution, such as imports that it may take for granted")
    setup: str = Field("", description="code run after the solution and before the tests")
    tests: tuple[Test, ...] = Field((), description="hidden: they grade, and are never shown to a model")
    visible_tests: tuple[Test, ...] = Field((), description="shown in the prompt, never used to grade")
    reference: str | None = None
    difficulty: str | None = None
    group: str | None = Field(None, description="rows of one group never straddle a split")
    source: str = ""
    licence: str = ""
    messages: tuple[Message, ...] = Field((), description="how it is shown; empty: the prompt and the visible tests")
    reply: Literal["code", "text"] = Field("code", description="what is taken from a reply: its program, or all of it")
    stratum: str | None = Field(None, description="results are reported per stratum too")
    benchmark: str = Field("", description="the further benchmark that it is evaluated in; empty: the main evaluation")
    # Files call it ``facts``, as they always did.
    grading_context: dict[str, Any] = Field(
        {}, alias="facts", description="what the recipe grades replies by; never shown to a model"
    )

    @property
    def has_scripts(self) -> bool:
        """Whether a test runs the program as a script, which reads the standard input."""
        return any(isinstance(test, StdinTest) for test in self.tests)

    @field_validator("entry_point")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is None:
            return value
        # A method is named as it is reached: Solution().add.
        *owners, function = value.split(".")
        if value and not all(part.isidentifier() for part in (function, *(each.removesuffix("()") for each in owners))):
            name = re.match(r"\s*(?:(?:async\s+)?def\s+)?(\w*)", value)
            meant = f", such as {name[1]!r}" if name and name[1].isidentifier() else ""
            raise ValueError(f"{value[:60]!r} is no name: give the function's name alone{meant}")
        return value


class Sample(Record):
    """One reply to a problem; a ``completion`` continues the prompt, a ``solution`` (program or text) stands alone."""

    task_id: str
    solution: str | None = None
    completion: str | None = None
    model: str | None = None
    seed: int | None = None
    extraction: str | None = Field(None, description="the rule that took the program from the reply")

    @model_validator(mode="after")
    def _one_text(self) -> "Sample":
        if (self.solution is None) == (self.completion is None):
            raise ValueError("give exactly one of 'solution' and 'completion'")
        return self


Status = Literal["passed", "failed", "error", "timeout", "memory", "output", "crashed", "tampered", "invalid"]


class Verdict(Record):
    """What the sandbox found out about one sample.

    ``failed``: a test ran and did not hold; ``error``: the program or a test raised; ``timeout``, ``memory``,
    ``output``: a limit was hit; ``crashed``: the process ended before its tests did; ``tampered``: the channel
    was written by someone without the nonce; ``invalid``: the source does not compile. Only ``passed`` with
    ``tests_passed == tests_total > 0`` counts as correct.
    """

    task_id: str
    status: Status
    tests_total: int
    tests_run: int
    tests_passed: int
    detail: str = ""
    cpu_seconds: float = 0.0
    forgeable: int = Field(0, description="tests that an operator of the program's own decided, such as its ==")
    suites: dict[str, Status] = Field({}, description="status per suite, where the tests are in several")

    @property
    def passed(self) -> bool:
        """True when every test ran and held."""
        return self.status == "passed"


class Score(Record):
    """One metric's value for one program; ``None`` when the metric has no signal, with the reason."""

    metric: str
    value: float | None
    reason: str = ""


class Graded(Record):
    """A sample with its verdict and its scores; one that fails may have none, or those of some metrics only."""

    sample: Sample
    verdict: Verdict
    scores: tuple[Score, ...] = ()

    def score(self, metric: str) -> float | None:
        """Return the value of ``metric``, or None when it was not scored or has no signal."""
        return next((score.value for score in self.scores if score.metric == metric), None)


class Example(Record):
    """A row for supervised fine-tuning, in TRL's conversational prompt-completion form."""

    prompt: tuple[Message, ...]
    completion: tuple[Message, ...]
    task_id: str
    group: str | None = None


class Labelled(Record):
    """A row for KTO, in TRL's conversational unpaired preference form: a reply that is good, or one that is bad."""

    prompt: tuple[Message, ...]
    completion: tuple[Message, ...]
    label: bool = Field(description="whether more replies like this one are wanted")
    task_id: str
    group: str | None = None


class Pair(Record):
    """A row for DPO, in TRL's conversational preference form, with the scores that ordered it."""

    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    task_id: str
    group: str | None = None
    stratum: Literal["correctness", "quality"]
    metric: str
    chosen_score: float | None
    rejected_score: float | None
