"""Results of a problem's reference, computed once in the sandbox and kept by content."""

import hashlib
import json
import marshal
import os
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from codekiln import __version__
from codekiln.data.files import write_atomic
from codekiln.data.programs import with_preamble
from codekiln.data.records import Problem, ReferenceTest
from codekiln.errors import InputError
from codekiln.sandbox.inside.checks import raised
from codekiln.sandbox.inside.endings import split_results
from codekiln.sandbox.inside.messages import ProblemPlan
from codekiln.sandbox.inside.plain_values import decode, parse
from codekiln.sandbox.inside.program import RESULT_FORMAT
from codekiln.sandbox.observation import plan_calls

_LARGEST, _LARGEST_RESULT = 192 << 20, 64 << 20
"""Bytes of all results of one reference, and of one of them. Programs send as much, within their limit of memory."""
_SECONDS = 900.0
"""Time for the inputs of a reference that has to be run once for each."""
_LEFT_OUT = b"-"
"""First byte of the line of an input that has no result, before the reason."""
_ANYTHING = ("not-none", "any-result")
"""Comparisons for which the result need not be plain data."""
_FILE_FORMAT, _CHECK_BYTES = 3, 4
RunReference = Callable[[ProblemPlan, str], dict[str, Any]]
"""Runs a program by a plan, and returns what the tester answers."""


@dataclass(frozen=True)
class Expected:
    """Results of a problem's reference on the inputs of all its tests, in their order.

    They stay compressed: a program that returns the same needs their digest only.

    Attributes:
        lines: The results, one per line, compressed, without those left out.
        size: Bytes of the results before compression, without line ends.
        digest: What a program sends whose results are the same, or nothing where the results have no such digest.
        left_out: Reason by number of the input, for each input whose result does not fit into the limits.
        cpu_seconds: CPU time that the reference took for all these inputs, on the machine that computed the results.
    """

    lines: bytes
    size: int
    digest: bytes
    left_out: dict[int, str]
    cpu_seconds: float


class ExpectedResults:
    """Results by problem, below a folder.

    Args:
        folder: Where results are kept between runs; default: ``CODEKILN_CACHE``, or the user's cache folder.
        limits: What the results depend on beside the problem: the limits of programs.
    """

    def __init__(self, folder: Path | None = None, limits: str = "") -> None:
        base = os.environ.get("CODEKILN_CACHE") or Path.home() / ".cache" / "codekiln"
        self._folder = folder or Path(base) / "expected"
        self._limits = limits

    def of(self, problem: Problem, run: RunReference) -> Expected:
        """Return the results of a problem's reference.

        An input whose result does not fit into the limits is left out, and named on standard error: programs could not
        send the result either.

        Raises:
            InputError: The problem has no reference, or this does not return a plain value for each other input.
        """
        tests = [test for test in problem.tests if isinstance(test, ReferenceTest)]
        if problem.reference is None or not problem.entry_point:
            raise InputError(
                "tests by reference need a reference and the name of its function",
                where=problem.task_id, fix="give reference and entry_point",
            )  # fmt: skip
        path = self._folder / _key(problem, tests, self._limits)
        expected = _read(path)
        if expected is None:
            inputs = [_Input(line, test.comparison in _ANYTHING) for test in tests for line in test.inputs]
            reference = _Reference(problem, inputs, run)
            expected = _packed(reference.results(), reference.cpu_seconds)
            try:
                write_atomic(path, _file_of(expected))
            except OSError as error:
                print(f"codekiln: expected results are not kept: {error}", file=sys.stderr)
        if expected.left_out:
            _name_left_out(problem, expected, sum(len(test.inputs) for test in tests))
        return expected


class _Input(NamedTuple):
    arguments: str
    takes_anything: bool


class _NoResults(Exception):
    """The reference did not get through its inputs within the limits."""


class _Reference:
    """Runs a reference: for all inputs at once, or for each if it does not get through."""

    def __init__(self, problem: Problem, inputs: list[_Input], run: RunReference) -> None:
        self._problem, self._inputs, self._run = problem, inputs, run
        self.cpu_seconds = 0.0
        """CPU time of the last run, which is that of all inputs that are kept."""

    def results(self) -> list[bytes]:
        everything = list(range(len(self._inputs)))
        try:
            lines = dict(zip(everything, self._together(everything, _LARGEST), strict=True))
        except _NoResults:
            lines = self._within_limits(self._one_by_one())
        if not any(not line.startswith(_LEFT_OUT) for line in lines.values()) and lines:
            reason = lines[0][len(_LEFT_OUT) :].decode()
            raise self._error(f"the reference gives no results: {reason}")
        return [lines[number] for number in everything]

    def _one_by_one(self) -> dict[int, bytes]:
        """Return a line for each input, from a run of its own."""
        lines: dict[int, bytes] = {}
        deadline = time.monotonic() + _SECONDS
        for number in range(len(self._inputs)):
            if time.monotonic() > deadline:
                raise self._error(f"the reference needs more than {_SECONDS:g} s for its inputs")
            try:
                (lines[number],) = self._together([number], _LARGEST_RESULT)
            except _NoResults as reason:
                lines[number] = _LEFT_OUT + str(reason).encode()
        return lines

    def _within_limits(self, lines: dict[int, bytes]) -> dict[int, bytes]:
        """Leave out the largest results until the rest can be sent in one go, as programs have to."""
        while left := [number for number, line in lines.items() if not line.startswith(_LEFT_OUT)]:
            try:
                return lines | dict(zip(left, self._together(left, _LARGEST), strict=True))
            except _NoResults as reason:
                left.sort(key=lambda number: len(lines[number]))
                room = sum(len(lines[number]) for number in left) // 4
                while left and room >= 0:
                    room -= len(lines[left[-1]])
                    lines[left.pop()] = _LEFT_OUT + f"with all others: {reason}".encode()
        return lines

    def _together(self, numbers: list[int], more_output: int) -> list[bytes]:
        """Return the lines of some inputs from one run; raises _NoResults when it does not get through."""
        calls = tuple((self._problem.entry_point, self._inputs[number].arguments) for number in numbers)
        program = with_preamble(self._problem, self._problem.reference or "")
        answer = self._run(plan_calls(calls, more_output=more_output), program)
        self.cpu_seconds = answer["cpu_seconds"]
        head, lines, failure = split_results(answer["results"])
        if failure is not None and failure[0] not in ("output", "memory"):
            raise self._error(f"the reference gives no results: {failure[1]}")
        if failure is not None or head is None or len(lines) != len(numbers):
            how = failure[1] if failure else f"it ended early ({answer['reason']}, code {answer['code']})"
            raise _NoResults(how)
        for number, line in zip(numbers, lines, strict=True):
            self._check(number, line)
        return lines

    def _check(self, number: int, line: bytes) -> None:
        if line[:1] == b"x":
            what = raised(parse(line[1:]))
            if what.startswith("MemoryError"):
                raise _NoResults("the result needs too much memory")
        elif line[:1] != b"v" or b'{"opaque"' in line and not self._inputs[number].takes_anything:
            what = "a result that is not plain data"
        else:
            return
        raise self._error(f"the reference fails on input {number}: {what}", "correct or remove the input")

    def _error(self, what: str, fix: str = "correct the reference") -> InputError:
        return InputError(what, where=self._problem.task_id, fix=fix)


def _name_left_out(problem: Problem, expected: Expected, inputs: int) -> None:
    left_out = sorted(expected.left_out)
    shown = ", ".join(map(str, left_out[:10])) + (" ..." if len(left_out) > 10 else "")
    print(
        f"codekiln: {problem.task_id}: {len(left_out)} of {inputs} inputs are left out, because what the "
        f"reference returns does not fit into the limits of programs: {shown} ({expected.left_out[left_out[0]]})",
        file=sys.stderr,
    )


def _packed(lines: Sequence[bytes], cpu_seconds: float) -> Expected:
    left_out = {
        number: line[len(_LEFT_OUT) :].decode() for number, line in enumerate(lines) if line.startswith(_LEFT_OUT)
    }
    kept = [line for number, line in enumerate(lines) if number not in left_out]
    return Expected(zlib.compress(b"\n".join(kept), 1), sum(map(len, kept)), _digest(kept), left_out, cpu_seconds)


def _digest(lines: Sequence[bytes]) -> bytes:
    """Return the digest that the program's process sends for these results, or nothing where it sends the lines."""
    digest = hashlib.sha256()
    try:
        for line in lines:
            digest.update(marshal.dumps(cast(Any, decode(line[1:])), RESULT_FORMAT))
    except ValueError:
        return b""  # a result such as a Decimal
    return digest.digest()


def _key(problem: Problem, tests: Sequence[ReferenceTest], limits: str) -> str:
    """Return the name of the file of results: a digest of what they depend on."""
    parts = [__version__, str(sys.version_info[:2]), f"{_FILE_FORMAT} {RESULT_FORMAT}", limits]
    parts += [problem.entry_point or "", with_preamble(problem, problem.reference or "")]
    for test in tests:
        parts += test.inputs
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _file_of(expected: Expected) -> bytes:
    """Return the bytes of a file of results: a check value, a line of JSON, and the compressed results."""
    left_out = list(expected.left_out.items())
    head = json.dumps([expected.size, expected.digest.hex(), left_out, expected.cpu_seconds]).encode() + b"\n"
    return _check(head, expected.lines) + head + expected.lines


def _read(path: Path) -> Expected | None:
    """Return the results in a file, or None where there is none or it is damaged."""
    try:
        with path.open("rb") as file:
            # The results are many megabytes in some files, so nothing copies them.
            check, head, lines = file.read(_CHECK_BYTES), file.readline(), file.read()
    except OSError:
        return None
    if not head or check != _check(head, lines):
        return None
    size, digest, left_out, cpu_seconds = json.loads(head)
    return Expected(lines, size, bytes.fromhex(digest), dict(left_out), cpu_seconds)


def _check(head: bytes, lines: bytes) -> bytes:
    return zlib.crc32(lines, zlib.crc32(head)).to_bytes(_CHECK_BYTES)
