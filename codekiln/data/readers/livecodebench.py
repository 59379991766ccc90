"""LiveCodeBench's problems: programs that read standard input, and methods or functions that are called.

Facts from LiveCodeBench (``lcb_runner/benchmarks/code_generation.py``, ``lcb_runner/evaluation/testing_util.py``,
``lcb_runner/prompts/code_generation.py``): test cases are JSON in a string, the private ones may be compressed; the
input of a call has one JSON value a line; a tuple counts as the list of its items; what a program prints is compared
line by line, numbers as decimals; and programs may use the names of a number of modules without importing them.
"""

import base64
import io
import pickle
import zlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.places import item_name, name_of_test
from codekiln.data.readers.contest import PREAMBLE, assertion, call_of, json_value, prompt_of, row_error
from codekiln.data.readers.files import FIX
from codekiln.data.readers.grouping import group_of
from codekiln.data.records import Problem, StdinTest
from codekiln.errors import InputErrors

_MOST_BYTES = 2**30
"""Size of decompressed test cases at which a row is refused: no problem's come near it, and a bomb does."""


class _Case(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    input: str
    output: str
    testtype: Literal["stdin", "functional"]


class LiveCodeBench(BaseModel):
    """One row of LiveCodeBench's code generation, also of its lite versions."""

    model_config = ConfigDict(extra="ignore", strict=True)

    question_title: str = ""
    question_content: str
    question_id: str
    starter_code: str = ""
    difficulty: str = ""
    public_test_cases: str
    private_test_cases: str = Field(description="JSON, or base64 of zlib of a pickled string of JSON")
    metadata: str = "{}"


def from_livecodebench(row: LiveCodeBench, where: str, show: int) -> Problem:
    """Make a problem of a row; public and private test cases are hidden and grade, as the statement has examples."""
    cases = _cases(row, where)
    if not cases:
        raise row_error("has no test case", f"{where}.public_test_cases")
    functional = [case.testtype == "functional" for case in cases]
    if any(functional) and not all(functional):
        raise row_error("test cases of both types", f"{where}.public_test_cases")
    common: dict[str, Any] = {
        "task_id": row.question_id if "/" in row.question_id else f"LiveCodeBench/{row.question_id}",
        "prompt": prompt_of(row.question_content, row.starter_code),
        "preamble": PREAMBLE,
        "difficulty": row.difficulty or None,
        "group": group_of(row.question_content),
        "source": "livecodebench",
    }
    if not functional[0]:
        tests = tuple(StdinTest(stdin=case.input, stdout=case.output, comparison="numbers") for case in cases)
        return Problem(**common, tests=tests)
    name = _function_name(row, where)
    calls = tuple(
        _assertion(case, f"{where}, {name_of_test(number, len(cases), 'test case')}")
        for number, case in enumerate(cases, start=1)
    )
    return Problem(**common, entry_point=name, setup=call_of(name), tests=calls)


def _cases(row: LiveCodeBench, where: str) -> list[_Case]:
    found = []
    for field in ("public_test_cases", "private_test_cases"):
        place = f"{where}.{field}"
        values = json_value(getattr(row, field), place) if field.startswith("public") else _private(row, place)
        if not isinstance(values, list):
            raise row_error("is no list of test cases", place)
        for number, value in enumerate(values):
            try:
                found.append(_Case.model_validate(value))
            except ValidationError as error:
                at = f"{where}, {item_name(field, number, values)}"
                raise InputErrors(validation_errors(error, at, FIX)) from None
    return found


def _private(row: LiveCodeBench, where: str) -> Any:
    """Return the private test cases, which may be compressed; nothing of a pickle is run."""
    text = row.private_test_cases
    if text.lstrip()[:1] in ("[", "{", '"'):
        return json_value(text, where)
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(text, validate=True), _MOST_BYTES)
        if inflate.unconsumed_tail or not inflate.eof:
            raise ValueError("it is cut, or decompresses to more than a gigabyte")
        value = _OnlyText(io.BytesIO(data)).load()
    except (ValueError, zlib.error, pickle.UnpicklingError, EOFError, IndexError, KeyError, MemoryError) as error:
        raise row_error(f"neither JSON nor compressed test cases: {error}", where) from None
    if not isinstance(value, str | bytes):
        raise row_error("its pickle holds no text", where)
    return json_value(value, where)


class _OnlyText(pickle.Unpickler):
    """Reads pickles of built-in values: what would import or call anything is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, and test cases are plain text")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to objects outside")


def _function_name(row: LiveCodeBench, where: str) -> str:
    metadata = json_value(row.metadata or "{}", f"{where}.metadata")
    name = metadata.get("func_name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name.isidentifier():
        raise row_error("names no function (func_name), and the test cases call one", f"{where}.metadata")
    return name


def _assertion(case: _Case, where: str) -> str:
    arguments = [json_value(line, f"{where}: input") for line in case.input.split("\n")]
    return assertion(arguments, [json_value(case.output, f"{where}: output")], where)
