"""Types of the messages between controller, tester and fork server; all sides import them for type checks only."""

from types import CodeType
from typing import Any, Literal, TypedDict

AssertPlan = tuple[int, int, str, tuple[str, ...]]
"""First line, last line, text and names of an assert."""


class ProcessLimits(TypedDict):
    """The limits that the kernel enforces on a process."""

    cpu_seconds: int
    memory_mb: int
    file_mb: int


class LimitValues(ProcessLimits):
    """The fields of `codekiln.sandbox.limits.Limits`; the server enforces these two from outside."""

    wall_seconds: float
    output_kb: int


class CallPlan(TypedDict):
    """What the fork server knows of a problem: what is called, and no expected value.

    Attributes:
        calls: What is evaluated in one go, each with the name that the program itself must define: an expression, or
            the encoded arguments of that name, which the fork server reads.
        called: Names that the expressions call.
        names: Names whose objects the tester asks for.
        in_one_go: Whether the calls are all there is, unless the program redefines a built-in among the names.
        shared: Imports and classes of the setup, executed one by one after the program.
        classes: Names of those classes.
        setup: Code executed after the program.
        entry_point: The function under test.
        observed: Whether results are sent one by one, objects by name, and random numbers have the seed below.
        relays: Whether printed text is sent with each answer.
        more_output: Bytes of results beyond the limit that the reference's own results need.
        digests: Whether one digest of all results is sent first, and the results only if they are asked for.
        random_seed: Seed of the random numbers of what is observed; None: another one in each run.
    """

    calls: tuple[tuple[str | None, CodeType | str | list[Any]], ...]
    called: tuple[str, ...]
    names: tuple[str, ...]
    in_one_go: bool
    shared: tuple[CodeType, ...]
    classes: tuple[str, ...]
    setup: CodeType | None
    entry_point: str | None
    observed: bool
    relays: bool
    more_output: int
    digests: bool
    random_seed: int | None


class TestPlan(TypedDict):
    """One test as the tester runs it.

    Attributes:
        text: The test as people read it.
        first: Index of its first call among the calls of the plan, and their number.
        count: Number of its calls; 0: the code is executed instead.
        checks: Expressions over the results ``_0``, ``_1`` ...; without any, the result is compared with ``expected``.
        code: The test as a statement, for tests that are not made of plain calls.
        asserts: The asserts of the code: first line, last line, text, names that they read.
        doctest: An interactive session instead.
        own: Built-in names that are the program's in this test, because it calls nothing else.
        builtins: Built-in names that it reads: where the program redefines one, the test has to hold with both.
        follows: Whether it may ask nothing itself, because it uses what an earlier statement asked for.
        prepares: Whether it only defines names, for later tests.
        mentions_stop: Whether it mentions StopIteration.
        suite: The suite it counts for.
        expected: The line that the program's process sends for a right result.
        arguments: Encoded arguments of a call whose expected result is that of the reference.
        comparison: How such results are compared, with ``atol``.
    """

    text: str
    first: int
    count: int
    checks: tuple[CodeType, ...]
    code: CodeType | None
    asserts: tuple[AssertPlan, ...]
    doctest: str
    own: tuple[str, ...]
    builtins: tuple[str, ...]
    follows: bool
    prepares: bool
    mentions_stop: bool
    suite: str
    comparison: str
    expected: bytes
    arguments: str
    atol: float


class ReferencePlan(TypedDict):
    """Calls whose results are compared with those of the reference.

    Attributes:
        suite: The suite that they count for.
        comparison: How results are compared, with ``atol``.
        first: Index of the first call.
        count: Number of calls.
        entry_point: What is called.
    """

    suite: str
    comparison: str
    atol: float
    first: int
    count: int
    entry_point: str


class ProblemPlan(TypedDict):
    """What the tester knows of a problem.

    Attributes:
        kind: ``calls``: all calls are made in one go; ``questions``: the tests ask while they run; ``observe``: results
            are returned, not judged.
        calls: What the fork server may know.
        setup: Code that the tests need, executed in the tester.
        tests: The tests.
        references: Further tests, whose arguments are those of ``calls``.
        expected: Results of these in order, one per line, compressed.
        digest: The digest of these, or nothing where there is none.
        scripts: Input, expected output and comparison of each run as a script.
        substitutes: Modules that the tests mention and some functions of which are replaced.
        seed: Seed of the random numbers of the tests, which the program must not be able to guess.
    """

    kind: Literal["calls", "questions", "observe"]
    calls: CallPlan
    setup: CodeType | None
    tests: tuple[TestPlan, ...]
    references: tuple[ReferencePlan, ...]
    expected: bytes
    digest: bytes
    scripts: tuple[tuple[str, str, str], ...]
    substitutes: tuple[str, ...]
    seed: bytes


class JobMessage(TypedDict):
    """One program to grade or observe: what the controller sends to the tester.

    Attributes:
        given_lines: Lines of the problem's own code before the program, which lines in verdicts do not count.
    """

    key: int
    plan: bytes | None
    program: str
    given_lines: int
    stdin: bytes | None
    limits: LimitValues
    forget: bool


class RunMessage(TypedDict):
    """One run of a program: what the tester sends to the fork server."""

    key: int
    plan: bytes | None
    program: str
    given_lines: int
    stdin: bytes | None
    limits: LimitValues
    forget: bool


class OutcomeMessage(TypedDict):
    """The end of a run: what the fork server answers."""

    reason: str
    code: int
    cpu_seconds: float
    peak_kb: int
    output: bytes


class VerdictMessage(TypedDict):
    """The verdict on a program: what the tester answers."""

    status: str
    detail: str
    run: int
    passed: int
    forgeable: int
    suites: dict[str, str]
    cpu_seconds: float
    first_failed: int
