"""Rows of PrimeIntellect's verifiable problems and of DeepCoder, and what is refused in them."""

import json
from typing import Any

import pytest

from codekiln.data.records import StdinTest
from codekiln.errors import InputErrors
from tests.data.test_apps import DOUBLE, METHOD, read, statuses

CASE = {"fn_name": None, "input": "3\n", "output": "6\n", "type": "stdin_stdout"}
CALLED = {"fn_name": "rev", "input": ["ab"], "output": ["ba"], "type": "function_call"}
ROW: dict[str, Any] = {
    "source": "taco", "task_type": "verifiable_code", "in_source_id": "9", "problem_id": "vfc_1",
    "problem_statement": "Print twice the number.", "gold_standard_solution": f"Like so:\n```python\n{DOUBLE}```",
    "metadata": {"difficulty": "EASY"}, "verification_info": {"language": "python", "test_cases": [CASE]},
}  # fmt: skip
DEEPCODER = {"problem": "Print twice the number.", "solutions": [f"```python\n{DOUBLE}```"]}


def of(**info: Any) -> dict[str, Any]:
    return {**ROW, "verification_info": {**ROW["verification_info"], **info}}


def test_objects_and_json_of_them_are_read_alike_and_the_reference_stands_in_a_fence(tmp_path):
    (problem,) = read(tmp_path, ROW)
    texts = {key: json.dumps(ROW[key]) for key in ("verification_info", "metadata")}
    older = {**ROW, **texts, "prompt": ROW["problem_statement"]}
    del older["problem_statement"]
    assert read(tmp_path, older) == [problem]
    assert (problem.task_id, problem.difficulty, problem.reference) == ("vfc_1", "EASY", DOUBLE.strip())
    assert problem.tests == (StdinTest(stdin="3\n", stdout="6\n", comparison="numbers"),)
    assert statuses(problem, DOUBLE, "print(7)") == ["passed", "failed"]


def test_calls_have_arguments_as_values_or_as_json(tmp_path):
    as_texts = {**CALLED, "input": '["ab"]', "output": '["ba"]'}
    for case in (CALLED, as_texts):
        (problem,) = read(tmp_path, of(test_cases=[case]))
        assert problem.entry_point == "rev"
        assert statuses(problem, METHOD, METHOD.replace("::-1", "::1")) == ["passed", "failed"]


@pytest.mark.parametrize(
    "tests", [[CASE], {"inputs": ["3\n"], "outputs": ["6\n"]}, {"inputs": [["3"]], "outputs": [["6"]]}]
)
def test_deepcoders_rows_are_called_by_their_place(tests, tmp_path):
    (_, problem) = read(
        tmp_path, {**DEEPCODER, "problem": "x", "tests": "[]"}, {**DEEPCODER, "tests": json.dumps(tests)}
    )
    assert (problem.task_id, problem.reference) == ("DeepCoder/1", DOUBLE.strip())
    assert statuses(problem, DOUBLE, "print(7)") == ["passed", "failed"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (of(language="javascript"), "x.jsonl:1.verification_info: wants a program in javascript"),
        ({**ROW, "verification_info": "{}"}, "x.jsonl:1.verification_info: is no object with the list 'test_cases'"),
        (of(test_cases=[{"stdin": "1"}]), "a test case is no object with 'input' and 'output'"),
        (of(test_cases=[CASE, CALLED]), "its test cases call different functions"),
        (of(test_cases=[{**CALLED, "fn_name": None}]), "a call has no 'fn_name'"),
        (of(test_cases=[{**CALLED, "input": "ab"}]), "an input is no list of arguments"),
    ],
)
def test_what_cannot_be_read_is_named(row, said, tmp_path):
    with pytest.raises(InputErrors) as error:
        read(tmp_path, row)
    assert said.replace("x.jsonl", str(tmp_path / "apps.jsonl")) in str(error.value)
