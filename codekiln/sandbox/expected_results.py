"""Results of a problem's reference, computed once in the sandbox and kept by content."""

import hashlib
import os
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codekiln import __version__
from codekiln.data.files import write_atomic
from codekiln.data.records import Problem, ReferenceTest
from codekiln.errors import InputError
from codekiln.sandbox.inside.checks import raised
from codekiln.sandbox.inside.endings import split_results
from codekiln.sandbox.inside.plain_values import parse
from codekiln.sandbox.observation import plan_calls
from codekiln.sandbox.test_plan import encode_plan

_LARGEST = 1 << 29
"""Bytes of all results of one reference."""
RunReference = Callable[[bytes, str], dict[str, Any]]
"""Runs a program by an encoded plan, and returns what the tester answers."""


class ExpectedResults:
    """Results by problem, in memory and below a folder.

    Args:
        folder: Where results are kept between runs; default: ``CODEKILN_CACHE``, or the user's cache folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        base = os.environ.get("CODEKILN_CACHE") or Path.home() / ".cache" / "codekiln"
        self._folder = folder or Path(base) / "expected"

    def of(self, problem: Problem, run: RunReference) -> dict[str, list[bytes]]:
        """Return the results of a problem's reference by suite, one line per input.

        Raises:
            InputError: The problem has no reference, or it does not return a plain value for each input.
        """
        tests = [test for test in problem.tests if isinstance(test, ReferenceTest)]
        if problem.reference is None or not problem.entry_point:
            raise InputError(
                "tests by reference need a reference and the name of its function",
                where=problem.task_id, fix="give reference and entry_point",
            )  # fmt: skip
        inputs = [line for test in tests for line in test.inputs]
        path = self._folder / _digest(problem, inputs)
        lines = _read(path, len(inputs))
        if lines is None:
            lines = _compute(problem, inputs, run)
            try:
                write_atomic(path, zlib.compress(b"\n".join(lines), 1))
            except OSError as error:
                print(f"codekiln: expected results are not kept: {error}", file=sys.stderr)
        found: dict[str, list[bytes]] = {}
        for test in tests:
            found.setdefault(test.suite, []).extend(lines[: len(test.inputs)])
            lines = lines[len(test.inputs) :]
        return found


def _digest(problem: Problem, inputs: list[str]) -> str:
    parts = [__version__, str(sys.version_info[:2]), problem.entry_point or "", problem.reference or "", *inputs]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path, count: int) -> list[bytes] | None:
    try:
        lines = zlib.decompress(path.read_bytes()).split(b"\n") if count else []
    except (OSError, zlib.error):
        return None
    return lines if len(lines) == count else None


def _compute(problem: Problem, inputs: list[str], run: RunReference) -> list[bytes]:
    calls = tuple((problem.entry_point, line) for line in inputs)
    answer = run(encode_plan(plan_calls(calls, more_output=_LARGEST)), problem.reference or "")
    head, lines, failure = split_results(answer["results"])
    if head is None or len(lines) != len(inputs):
        what = failure[1] if failure else f"it ended early ({answer['reason']}, code {answer['code']})"
        raise InputError(f"the reference gives no results: {what}", where=problem.task_id, fix="correct the reference")
    for number, line in enumerate(lines):
        if line[:1] != b"v" or b'{"opaque"' in line:
            what = raised(parse(line[1:])) if line[:1] == b"x" else "a result that is not plain data"
            raise InputError(
                f"the reference fails on input {number}: {what}",
                where=problem.task_id,
                fix="correct or remove the input",
            )
    return lines
