"""Rows of APPS and TACO: scripts, functions and methods, and what is refused in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from codekiln.data.readers import read_problems
from codekiln.data.records import Problem, Sample, StdinTest
from codekiln.errors import InputErrors
from codekiln.sandbox.grading import grade_samples

DOUBLE = "print(2 * int(input()))\n"
SCRIPT: dict[str, Any] = {
    "problem_id": 7, "question": "Print twice the number.", "starter_code": "", "difficulty": "introductory",
    "solutions": json.dumps(["print 2 * input()", DOUBLE]), "url": "u",
    "input_output": json.dumps({"inputs": ["3\n", ["4", "5"]], "outputs": ["6\n", ["8"]]}),
}  # fmt: skip
CALL = {
    **SCRIPT, "starter_code": "\nclass Solution:\n    def rev(self, s: str) -> str:\n        ", "solutions": "",
    "input_output": json.dumps({"fn_name": "rev", "inputs": [["ab"], ["xyz"]], "outputs": ["ba", ["zyx"]]}),
}  # fmt: skip
METHOD = "class Solution:\n    def rev(self, s: str) -> str:\n        return s[::-1]\n"


def read(tmp_path: Path, *rows: dict[str, Any]) -> list[Problem]:
    path = tmp_path / "apps.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_problems(str(path))


def statuses(problem: Problem, *programs: str) -> list[str]:
    jobs = [(problem, Sample(task_id=problem.task_id, solution=program)) for program in programs]
    return [verdict.status for verdict in grade_samples(jobs, workers=1)]


def test_scripts_get_lines_and_the_reference_is_python_3(tmp_path):
    (problem,) = read(tmp_path, SCRIPT)
    assert (problem.task_id, problem.reference, problem.difficulty) == ("APPS/7", DOUBLE, "introductory")
    assert problem.prompt.startswith("Print twice the number.\n\nRead the input from standard input")
    assert problem.tests[1] == StdinTest(stdin="4\n5", stdout="8", comparison="numbers")
    assert statuses(problem, DOUBLE, "print(6)") == ["passed", "failed"]


def test_methods_and_functions_are_called_and_a_result_may_stand_in_a_list(tmp_path):
    (problem,) = read(tmp_path, CALL)
    assert "Complete this starter code:\n```python\nclass Solution:" in problem.prompt
    listed = "def rev(s):\n    return s[::-1] if len(s) < 3 else [s[::-1]]\n"
    assert statuses(problem, METHOD, listed, METHOD.replace("::-1", "::1")) == ["passed", "passed", "failed"]


def test_keys_that_json_made_texts_are_numbers_again(tmp_path):
    cases = {"fn_name": "f", "inputs": [[{"1": "a"}], [{"x": 1}]], "outputs": [{"1": ["a"]}, {"x": [1]}]}
    (problem,) = read(tmp_path, {**CALL, "input_output": json.dumps(cases)})
    assert problem.tests == ("assert call({1: 'a'}) == {1: ['a']}", "assert call({'x': 1}) == {'x': [1]}")


def test_a_row_without_test_cases_is_a_problem_without_tests(tmp_path):
    assert [problem.tests for problem in read(tmp_path, {**SCRIPT, "input_output": "", "solutions": ""})] == [()]


def test_rows_of_taco_are_named_by_their_place(tmp_path):
    rows = [{key: value for key, value in row.items() if key != "problem_id"} for row in (SCRIPT, CALL)]
    assert [problem.task_id for problem in read(tmp_path, *rows)] == ["TACO/0", "TACO/1"]
    (tmp_path / "taco.json").write_text(json.dumps(rows))
    assert [problem.task_id for problem in read_problems(str(tmp_path / "taco.json"))] == ["TACO/0", "TACO/1"]


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ([1], "is no object with the lists"),
        ({"inputs": "1", "outputs": ["2"]}, "is no object with the lists"),
        ({"inputs": ["1"], "outputs": []}, "has 1 inputs and 0 outputs"),
        ({"inputs": [1], "outputs": ["1"]}, "an input is neither a text nor a list"),
        ({"fn_name": "f", "inputs": ["1"], "outputs": [1]}, "an input is no list of arguments"),
        ({"fn_name": "f(); x", "inputs": [[1]], "outputs": [1]}, "'fn_name' is no name of a function"),
        ({"fn_name": "f", "inputs": [[float("nan")]], "outputs": [1]}, "cannot be written as a call"),
    ],
)
def test_bad_test_cases_are_refused_with_their_place(tmp_path, cases, said):
    with pytest.raises(InputErrors, match=said) as refused:
        read(tmp_path, {**SCRIPT, "input_output": json.dumps(cases)})
    assert "apps.jsonl:1" in str(refused.value)
