"""Decides single tests from results, and counts them; runs in the tester, never with a program in its process."""

import json
import os
import re
import zlib

from codekiln.sandbox.inside import expressions
from codekiln.sandbox.inside.exceptions import describe
from codekiln.sandbox.inside.plain_values import Foreign, parse, read
from codekiln.sandbox.inside.reference_comparison import agrees

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any

    from codekiln.sandbox.inside.messages import ProblemPlan, TestPlan

Failure = tuple[str, str]
"""Status and detail of a test that did not pass."""


# What a terminal obeys, and what changes the direction of text.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Tally:
    """Counts of tests and the first failure; with ``report``, each is also written there as a line of JSON.

    ``first_failed`` is the number of the test that failed first, counted from one; 0 where none did.
    """

    def __init__(self, report: int | None = None) -> None:
        self.run = self.passed = self.forgeable = self.first_failed = 0
        self.status, self.detail = "passed", ""
        self.suites: dict[str, str] = {}
        self.lost: str | None = None
        self.ended = False
        self._report = report

    def add(self, test: "TestPlan", failure: Failure | None, forgeable: bool) -> None:
        """Count one test that ran to its end."""
        self.count(test["suite"], failure and (failure[0], f"{short(test['text'])}: {failure[1]}"), forgeable)
        if self._report is not None:
            self._write(["test", test["suite"], failure and [failure[0], f"{short(test['text'])}: {failure[1]}"],
                         forgeable])  # fmt: skip

    def add_all(self, plan: "ProblemPlan") -> None:
        """Count all tests by reference of a plan as passed."""
        for reference in plan["references"]:
            self.run += reference["count"]
            self.passed += reference["count"]
            self.suites.setdefault(reference["suite"], "passed")

    def count(self, suite: str, failure: "Failure | None", forgeable: bool) -> None:
        """Count one test by what was reported of it."""
        self.run += 1
        self.forgeable += forgeable
        status = failure[0] if failure else "passed"
        if suite and self.suites.get(suite, "passed") == "passed":
            self.suites[suite] = status
        if failure is None:
            self.passed += 1
        else:
            # Where something else failed before, the detail is of that.
            self.first_failed = self.first_failed or (self.run if self.status == "passed" else 0)
            self.fail(*failure)

    def fail(self, status: str, detail: str) -> None:
        """Record a failure, unless there is an earlier one."""
        if self.status == "passed":
            self.status, self.detail = status, _CONTROLS.sub(_escaped, detail)

    def stop(self, status: str, detail: str, where: str) -> None:
        """Record a failure outside the tests, after which none is run."""
        self.fail(status, f"{where}: {detail}")
        if self._report is not None:
            self._write(["stop", status, f"{where}: {detail}"])

    def lose(self, reason: str) -> None:
        """Record that the program is gone, or, with a reason, what it did against the rules."""
        self._write(["lost", reason])

    def end(self) -> None:
        """Record that all tests ran."""
        self._write(["end"])

    def take(self, lines: bytes) -> None:
        """Count what a test run has reported."""
        for line in lines.split(b"\n"):
            if not line:
                continue
            try:
                kind, *rest = json.loads(line)
            except ValueError:
                continue  # cut when the process was killed
            if kind == "test":
                suite, failure, forgeable = rest
                self.count(suite, tuple(failure) if failure else None, forgeable)
            elif kind == "stop":
                self.fail(*rest)
                self.ended = True
            elif kind == "lost":
                self.lost = rest[0]
            else:
                self.ended = True

    def _write(self, line: "list[Any]") -> None:
        if self._report is not None:
            os.write(self._report, json.dumps(line).encode() + b"\n")


def _escaped(control: "re.Match[str]") -> str:
    return ascii(control[0])[1:-1]


def reference_tests(plan: "ProblemPlan") -> "list[TestPlan]":
    """Return the tests by reference of a plan, one per call."""
    if not plan["references"]:
        return []
    lines = iter(zlib.decompress(plan["expected"]).split(b"\n"))
    calls = [str(call) for _, call in plan["calls"]["calls"]]
    tests: list[TestPlan] = []
    for reference in plan["references"]:
        for index in range(reference["first"], reference["first"] + reference["count"]):
            tests.append({
                "text": f"{reference['entry_point']}(*{short(calls[index])})", "first": index, "count": 1,
                "checks": (), "code": None, "asserts": (), "doctest": "", "own": (), "builtins": (), "follows": False,
                "prepares": False,
                "mentions_stop": False, "suite": reference["suite"], "comparison": reference["comparison"],
                "expected": next(lines), "arguments": calls[index], "atol": reference["atol"],
            })  # fmt: skip
    return tests


def failure_of(error: BaseException, in_test: bool = True) -> Failure:
    """Return status and detail of a test that raised."""
    described = getattr(error, "_codekiln_description", None)
    if described is None:
        name, text, line = describe(error)
    else:
        name, text, line = described
    if name == "AssertionError" and in_test and described is None:
        return "failed", text or "the assertion does not hold"
    return status_of(name, in_test), raised([name, text, line])


def with_setup_hint(failure: Failure, setup: "CodeType | None") -> Failure:
    """Add to a failure that the program lacked a name which the setup has, and keeps."""
    missing = re.search(r"NameError: name '(\w+)' is not defined", failure[1])
    if setup is None or missing is None or missing[1] not in setup.co_names:
        return failure
    return failure[0], f"{failure[1]} (the setup's functions and values stay with the tests; its classes do not)"


def status_of(name: str, in_test: bool = True) -> str:
    """Return the status that an exception gives, by the name of its class."""
    if name == "AssertionError" and in_test:
        return "failed"
    return {"MemoryError": "memory", "SystemExit": "crashed"}.get(name, "error")


def raised(description: "list[Any]") -> str:
    """Return an exception as text."""
    name, text, line = description
    name = name[:80]
    where = f" (line {line})" if line else ""
    return f"{name}: {text[:1000]}{where}" if text else f"{name}{where}"


def short(text: str) -> str:
    """Return a test as one line of at most 160 characters."""
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:157] + "..."


class _TestFailure(Exception):
    def __init__(self, status: str, detail: str) -> None:
        self.failure = (status, detail)
        super().__init__(detail)


class _Results:
    """Results of calls by placeholder name, read when a check needs them."""

    def __init__(self, lines: list[bytes], foreign: Foreign) -> None:
        self._lines = {f"_{index}": line for index, line in enumerate(lines)}
        self._foreign = foreign
        self._shown: list[object] = []

    def needed_by(self, check: "CodeType") -> "Mapping[str, object]":
        """Return the results that a check names; an assert does not raise for what it does not evaluate."""
        self._shown = []
        return {name: self.value(self._lines[name]) for name in check.co_names if name in self._lines}

    def describe(self) -> str:
        return " and ".join(map(expressions.describe, self._shown))

    def value(self, line: bytes) -> object:
        """Return one result; raises _TestFailure when the call raised, or the line is not written by the rules."""
        try:
            tree = parse(line[1:])
            if line[:1] == b"x":
                check_description(tree)
                raise _TestFailure(status_of(tree[0]), raised(tree))
            if line[:1] != b"v":
                raise ValueError("a result of another kind than asked for")
            value = read(tree, self._foreign)
        except ValueError as error:
            raise _TestFailure("tampered", f"a result is not written by the rules: {error}") from error
        self._shown.append(value)
        return value


def check_description(parts: "Any") -> None:
    """Raise ValueError unless ``parts`` describe an exception: name, message and line."""
    if type(parts) is not list or [type(part) for part in parts] != [str, str, int]:
        raise ValueError("a malformed description of an exception")
    parts[0].encode(), parts[1].encode()  # a lone surrogate could not be printed


def check_results(test: "TestPlan", lines: list[bytes], foreign: Foreign) -> "Failure | None":
    """Decide a test by the results of its calls; returns its failure, or None when it holds."""
    if test["expected"] and lines[0] == test["expected"]:
        return None  # equal text is an equal value, which need not be read
    results = _Results(lines, foreign)
    try:
        if test["arguments"]:
            return check_reference(test, results.value(lines[0]))
        for check in test["checks"]:
            if not expressions.evaluate(check, results.needed_by(check)):
                return "failed", f"got {results.describe()}"
    except _TestFailure as failure:
        return failure.failure
    except Exception as error:  # the assert itself would have raised it
        return failure_of(error)
    return None


def check_reference(test: "TestPlan", result: object) -> "Failure | None":
    """Compare a result with that of the reference; returns the failure, or None when they agree."""
    expected = read(parse(test["expected"][1:]), Foreign())
    arguments = read(parse(test["arguments"]), Foreign())
    if agrees(test["comparison"], arguments, result, expected, test["atol"]):
        return None
    return "failed", f"got {expressions.describe(result)}, not {expressions.describe(expected)}"


def run_doctest(text: str, namespace: "dict[str, Any]") -> "Failure | None":
    """Run an interactive session with the standard library's own runner; returns its first failure."""
    import doctest

    failures: list[str] = []

    class Runner(doctest.DocTestRunner):
        def report_failure(self, out: "Any", test: "Any", example: "Any", got: str) -> None:
            failures.append(f"{example.source.strip()} printed {expressions.describe(got)}")

        def report_unexpected_exception(self, out: "Any", test: "Any", example: "Any", exc_info: "Any") -> None:
            failures.append(f"{example.source.strip()} raised {failure_of(exc_info[1])[1]}")

        def report_start(self, out: "Any", test: "Any", example: "Any") -> None:
            pass

    session = doctest.DocTestParser().get_doctest(text, namespace, "test", None, None)
    session.globs = namespace  # the parser makes a copy, which the next test would not see
    Runner(verbose=False).run(session, out=lambda part: None, clear_globs=False)
    if failures:
        return ("error" if re.search(r" raised ", failures[0]) else "failed"), failures[0]
    return None
