"""The problems of APPS and TACO: scripts, and functions or methods that are called.

Facts from APPS (``eval/testing_util.py``, the card of ``codeparrot/apps``) and TACO (the card of ``BAAI/TACO``): the
test cases are JSON in ``input_output``, with ``fn_name`` where something is called; JSON made texts of the whole
numbers that are keys; a result may stand alone or as the only item of a list; an input may be a list of its lines.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.places import name_of_test
from codekiln.data.python_text import syntax_tree
from codekiln.data.readers.contest import PREAMBLE, assertion, call_of, json_value, prompt_of, row_error
from codekiln.data.readers.grouping import group_of
from codekiln.data.records import Problem, StdinTest


class Apps(BaseModel):
    """One row of APPS or TACO."""

    model_config = ConfigDict(extra="ignore", strict=True)

    problem_id: int | str | None = None
    id: int | str | None = None
    question: str
    solutions: str | list[str] | None = Field("", description="JSON: a list of programs")
    input_output: str | dict[str, Any] = Field(description="JSON: inputs, outputs, and fn_name of a call")
    starter_code: str | None = None
    difficulty: str | None = None


def from_apps(row: Apps, where: str, show: int) -> Problem:
    """Make a problem of a row; its test cases are hidden and grade, as the statement has examples.

    A row without test cases, as APPS has some, is a problem without tests. The reference is the first solution that is
    Python 3. TACO's rows have no name and get their place in the file.
    """
    given = row.input_output
    if isinstance(given, str):
        given = json_value(given, f"{where}.input_output") if given.strip() else {}
    common: dict[str, Any] = {
        "task_id": _task_id(row, where),
        "prompt": prompt_of(row.question, row.starter_code or ""),
        "reference": _reference(row, where),
        "difficulty": row.difficulty or None,
        "group": group_of(row.question),
        "source": "apps",
    }
    return problem_of(common, given, where, "input_output")


def problem_of(common: Mapping[str, Any], given: Any, where: str, field: str) -> Problem:
    """Make a problem of the test cases in ``given``, an object with inputs, outputs, and fn_name of a call.

    Args:
        common: The problem's other fields.
        given: The test cases.
        where: The place of the row.
        field: The row's field that has the test cases.

    Raises:
        InputErrors: The object does not have that form, or a value cannot be written as a call.
    """
    name, inputs, outputs = _cases(given, f"{where}.{field}")
    if not name:
        tests = [
            StdinTest(stdin=_lines(given), stdout=_lines(wanted), comparison="numbers")
            for given, wanted in zip(inputs, outputs, strict=True)
        ]
        return Problem(**common, preamble=PREAMBLE, tests=tuple(tests))
    calls = [
        assertion(
            [_with_numbers(value) for value in given],
            _allowed(_with_numbers(wanted)),
            f"{where}, {name_of_test(number, len(inputs), 'test case')}",
        )
        for number, (given, wanted) in enumerate(zip(inputs, outputs, strict=True), start=1)
    ]
    return Problem(**common, preamble=PREAMBLE, entry_point=name, setup=call_of(name), tests=tuple(calls))


def _task_id(row: Apps, where: str) -> str:
    given = next((name for name in (row.problem_id, row.id) if name is not None), None)
    if isinstance(given, str) and "/" in given:
        return given
    return f"TACO/{place_of(where)}" if given is None else f"APPS/{given}"


def place_of(where: str) -> int:
    """Return which row of its file a row without a name is, from zero."""
    # Lines are counted from one, and the rows of an array or of the Hub from zero.
    place = re.search(r"(?P<kind>[:\[])(?P<number>\d+)\]?$", where)
    return int(place["number"]) - (place["kind"] == ":") if place else 0


def _cases(given: Any, at: str) -> tuple[str | None, list[Any], list[Any]]:
    """Return what is called, if anything is, and the inputs and outputs."""
    cases: dict[str, Any] = given if isinstance(given, dict) else {"inputs": None}
    inputs, outputs = (cases.get(field, []) for field in ("inputs", "outputs"))
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        raise row_error("is no object with the lists 'inputs' and 'outputs'", at)
    if len(inputs) != len(outputs):
        raise row_error(f"has {len(inputs)} inputs and {len(outputs)} outputs", at)
    name = cases.get("fn_name")
    if name and (not isinstance(name, str) or not name.isidentifier()):
        raise row_error(f"'fn_name' is no name of a function: {name!r}", at)
    kinds: tuple[type, ...] = (list,) if name else (str, list)
    if not all(isinstance(values, kinds) for values in inputs):
        wanted = "is no list of arguments" if name else "is neither a text nor a list of lines"
        raise row_error(f"an input {wanted}", at)
    return name or None, inputs, outputs


def _lines(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _allowed(wanted: Any) -> list[Any]:
    return [wanted, wanted[0]] if isinstance(wanted, list) and len(wanted) == 1 else [wanted]


def _with_numbers(value: Any) -> Any:
    """Return a value; of a dictionary whose keys are all whole numbers, with numbers for keys."""
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    if isinstance(value, dict) and value and all(re.fullmatch(r"-?\d+", key) for key in value):
        return {int(key): _with_numbers(item) for key, item in value.items()}
    return value


def _reference(row: Apps, where: str) -> str | None:
    given = row.solutions or []
    programs = json_value(given, f"{where}.solutions") if isinstance(given, str) else given
    return first_python(programs if isinstance(programs, list) else ())


def first_python(programs: Iterable[Any]) -> str | None:
    """Return the first program that is Python 3."""
    for program in programs:
        try:
            syntax_tree(program)
        except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
            continue
        return str(program)
    return None
