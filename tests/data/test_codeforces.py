"""Rows of open-r1/codeforces: their statement, their tests, and which are refused."""

from typing import Any

import pytest

from codekiln.data.records import StdinTest
from codekiln.errors import InputErrors
from tests.data.test_apps import DOUBLE, read, statuses

ROW: dict[str, Any] = {
    "id": "1873/A", "title": "Twice", "description": "Print twice the number.", "input_format": "A number n.",
    "output_format": "Twice n.", "note": None, "interaction_format": None, "rating": 800, "time_limit": 1.0,
    "examples": [{"input": "3", "output": "6"}], "official_tests": [{"input": "4\n", "output": "8\n"}],
    "generated_checker": None, "input_mode": "stdio", "contest_id": "1873", "tags": ["math"],
}  # fmt: skip


def test_the_statement_has_its_parts_and_the_official_tests_grade(tmp_path):
    (problem,) = read(tmp_path, ROW)
    assert (problem.task_id, problem.difficulty, problem.source) == ("1873/A", "800", "codeforces")
    assert problem.prompt.startswith(
        "Twice\n\nPrint twice the number.\n\nInput\nA number n.\n\nOutput\nTwice n.\n\n"
        "Examples\nInput:\n3\nOutput:\n6\n\nRead the input from standard input"
    )
    assert problem.tests == (StdinTest(stdin="4\n", stdout="8\n", comparison="numbers"),)
    assert statuses(problem, DOUBLE, "print(7)") == ["passed", "failed"]


@pytest.mark.parametrize("official", [None, []])
def test_where_codeforces_shows_no_test_whole_the_examples_grade(tmp_path, official):
    (problem,) = read(tmp_path, {**ROW, "official_tests": official})
    assert problem.tests == (StdinTest(stdin="3", stdout="6", comparison="numbers"),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"generated_checker": "import sys"}, "1.generated_checker: is judged by a program, which is not run"),
        ({"interaction_format": "Print ?"}, "1.interaction_format: is judged in a dialogue with the program"),
        ({"input_mode": "file"}, "1.input_mode: wants a program that reads a file"),
        ({"official_tests": [{"input": "1"}]}, "official_tests.0.output: the field is missing"),
    ],
)
def test_what_is_judged_otherwise_is_named(tmp_path, change, said):
    with pytest.raises(InputErrors) as error:
        read(tmp_path, {**ROW, **change})
    assert said in str(error.value)
