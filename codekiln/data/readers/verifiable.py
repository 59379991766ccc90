"""The problems of PrimeIntellect's verifiable-coding-problems, of SYNTHETIC-1, and of DeepCoder's training set.

Facts from the cards of ``open-r1/verifiable-coding-problems-python`` and ``agentica-org/DeepCoder-Preview-Dataset``:
the rows are of APPS, TACO and contests, and the test cases a list of objects with input, output, type
(``stdin_stdout``, or ``function_call`` with fn_name), or one object as in TACO; solutions stand in fences.
"""

import contextlib
import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.readers.apps import first_python, place_of, problem_of
from codekiln.data.readers.contest import prompt_of, row_error, value_of
from codekiln.data.readers.grouping import group_of
from codekiln.data.records import Problem
from codekiln.data.replies import extract_code

_CASES = "test_cases"


class Verifiable(BaseModel):
    """One row of PrimeIntellect's set, of open-r1's copies of it, or of SYNTHETIC-1."""

    model_config = ConfigDict(extra="ignore", strict=True)

    problem_id: str
    problem_statement: str = ""
    prompt: str = Field("", description="the statement, where problem_statement is empty")
    gold_standard_solution: str | None = None
    verification_info: str | dict[str, Any] = Field(description="language and test_cases; JSON or an object")
    metadata: Any = None


class DeepCoder(BaseModel):
    """One row of DeepCoder's training set."""

    model_config = ConfigDict(extra="ignore", strict=True)

    problem: str
    tests: str | list[Any] | dict[str, Any] = Field(description="test cases; JSON or a value")
    solutions: list[str] | None = None
    starter_code: str | None = None


def from_verifiable(row: Verifiable, where: str, show: int) -> Problem:
    """Make a problem of a row whose programs are Python; its test cases are hidden and grade."""
    info, at = value_of(row.verification_info, f"{where}.verification_info"), f"{where}.verification_info"
    if not isinstance(info, dict) or not isinstance(info.get(_CASES), list):
        raise row_error(f"is no object with the list '{_CASES}'", at)
    if (language := str(info.get("language") or "python").lower()) not in ("python", "python3", "py"):
        raise row_error(f"wants a program in {language}", at)
    metadata = value_of(row.metadata or {}, f"{where}.metadata")
    difficulty = metadata.get("difficulty") if isinstance(metadata, dict) else None
    statement, solutions = row.problem_statement or row.prompt, [row.gold_standard_solution or ""]
    return problem_of_cases(
        row.problem_id, statement, "", info[_CASES], solutions, where, "verification_info",
        source="verifiable-coding-problems", difficulty=str(difficulty) if difficulty else None,
    )  # fmt: skip


def from_deepcoder(row: DeepCoder, where: str, show: int) -> Problem:
    """Make a problem of a row; rows have no name and get their place in the file."""
    cases = value_of(row.tests, f"{where}.tests")
    return problem_of_cases(
        f"DeepCoder/{place_of(where)}", row.problem, row.starter_code or "", cases, row.solutions or [], where, "tests",
        source="deepcoder",
    )  # fmt: skip


def problem_of_cases(
    task_id: str,
    statement: str,
    starter: str,
    cases: Any,
    solutions: Iterable[str],
    where: str,
    field: str,
    **others: Any,
) -> Problem:
    """Make a problem of a statement and its test cases: a list of objects, or one object as in TACO.

    Args:
        task_id: The problem's name.
        statement: What is asked.
        starter: Code to complete; may be empty.
        cases: The test cases.
        solutions: Known solutions, which may stand in fences; the first that is Python 3 is the reference.
        where: The place of the row.
        field: The row's field that has the test cases.
        others: Further fields of the problem.

    Raises:
        InputErrors: The test cases do not have that form.
    """
    cases = _as_in_apps(cases, f"{where}.{field}") if isinstance(cases, list) else cases
    name = cases.get("fn_name") if isinstance(cases, dict) else None
    common = {
        "task_id": task_id,
        "prompt": prompt_of(statement, starter),
        "reference": first_python(filter(None, (extract_code(text, name, not name) for text in solutions))),
        "group": group_of(statement),
        **others,
    }
    return problem_of(common, cases, where, field)


def _as_in_apps(cases: list[Any], at: str) -> dict[str, Any]:
    """Return test cases that are an object each as the one object that APPS has of them."""
    if not all(isinstance(case, dict) and {"input", "output"} <= case.keys() for case in cases):
        raise row_error("a test case is no object with 'input' and 'output'", at)
    names = {case.get("fn_name") or None for case in cases}
    if len(names) > 1:
        raise row_error("its test cases call different functions", at)
    name = next(iter(names), None)
    if not name and any(case.get("type") == "function_call" for case in cases):
        raise row_error("a call has no 'fn_name'", at)
    inputs, outputs = ([case[key] for case in cases] for key in ("input", "output"))
    if name:
        inputs, outputs = ([_decoded(value) for value in values] for values in (inputs, outputs))
    return {"inputs": inputs, "outputs": outputs, "fn_name": name}


def _decoded(value: Any) -> Any:
    """Return an argument or a result; as a text it is JSON where it can be, because a table's column is of one kind."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(value)
    return value
