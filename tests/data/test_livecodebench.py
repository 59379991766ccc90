"""LiveCodeBench's rows: scripts and calls, private test cases that are compressed, and what is refused in them."""

import base64
import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from codekiln.data.readers import read_problems
from codekiln.data.records import Problem, Sample, StdinTest
from codekiln.errors import InputError, InputErrors
from codekiln.sandbox.grading import grade_samples

SCRIPT: dict[str, Any] = {
    "question_title": "A. Sum", "question_content": "Print the sum.", "platform": "codeforces",
    "question_id": "1873_A", "contest_id": "1873", "contest_date": "2023-08-21T00:00:00", "starter_code": "",
    "difficulty": "easy", "metadata": "{}",
    "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3.0\n", "testtype": "stdin"}]),
}  # fmt: skip
CALL: dict[str, Any] = {
    **SCRIPT, "platform": "leetcode", "question_id": "2777", "question_content": "Return the two indices.",
    "starter_code": "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n        ",
    "metadata": json.dumps({"func_name": "twoSum"}),
    "public_test_cases": json.dumps([{"input": "[1, 2]\n3", "output": "[0, 1]", "testtype": "functional"}]),
}  # fmt: skip
METHOD = (
    "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n"
    "        seen = defaultdict(int)\n"
    "        for place, number in enumerate(nums):\n            if target - number in seen:\n"
    "                return seen[target - number], place\n            seen[number] = place\n"
)


def cases(*pairs: tuple[str, str], kind: str) -> list[dict[str, str]]:
    return [{"input": given, "output": wanted, "testtype": kind} for given, wanted in pairs]


def compressed(value: Any) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


def read(tmp_path: Path, row: dict[str, Any], private: str) -> Problem:
    path = tmp_path / "lcb.jsonl"
    path.write_text(json.dumps({**row, "private_test_cases": private}) + "\n")
    (problem,) = read_problems(str(path))
    return problem


def statuses(problem: Problem, *programs: str) -> list[str]:
    jobs = [(problem, Sample(task_id=problem.task_id, solution=program)) for program in programs]
    return [verdict.status for verdict in grade_samples(jobs, workers=1)]


def test_scripts_are_graded_by_what_they_print(tmp_path):
    problem = read(tmp_path, SCRIPT, compressed(json.dumps(cases(("4 5\n", "9\n"), kind="stdin"))))
    assert problem.task_id == "LiveCodeBench/1873_A"
    assert problem.prompt.startswith("Print the sum.\n\nRead the input from standard input")
    assert problem.tests == (
        StdinTest(stdin="1 2\n", stdout="3.0\n", comparison="numbers"),
        StdinTest(stdin="4 5\n", stdout="9\n", comparison="numbers"),
    )
    right = "print(sum(map(int, input().split())))"
    future = "from __future__ import annotations\nimport sys\nprint(sum(map(int, sys.stdin.read().split())))"
    unspoken = "print(reduce(add, map(int, stdin.read().split())))"  # names that nobody imports
    assert statuses(problem, right, future, unspoken, "print(3)") == ["passed", "passed", "passed", "failed"]


def test_methods_and_functions_are_called_and_tuples_are_lists(tmp_path):
    problem = read(tmp_path, CALL, json.dumps(cases(("[1, 2, 4]\n6", "[1, 2]"), kind="functional")))
    assert "Complete this starter code:\n```python\nclass Solution:" in problem.prompt
    plain = "def twoSum(nums, target):\n    return METHOD(nums, target)\n".replace("METHOD", "Other().twoSum")
    assert statuses(
        problem, METHOD, METHOD.replace("Solution", "Other") + plain, METHOD.replace("place\n", "0\n", 1), "x = 1"
    ) == ["passed", "passed", "failed", "error"]


def test_numbers_are_equal_as_decimals_and_lines_count(tmp_path):
    problem = read(
        tmp_path, {**SCRIPT, "public_test_cases": "[]"}, json.dumps(cases(("", "1.50 2\nYes"), kind="stdin"))
    )
    good = ["print('1.5  2.0')\nprint('  Yes')", "print('1.50 2\\nYes\\n')"]
    bad = ["print('1.5 2 Yes')", "print('1.5 2\\nyes')", "print('1.50001 2\\nYes')", "print('1.5 2 2\\nYes')"]
    assert statuses(problem, *good, *bad) == ["passed"] * 2 + ["failed"] * 4


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("made-by-a-pickle",)


@pytest.mark.parametrize(
    ("private", "said"),
    [
        (compressed(Payload()), r"it asks for posix\.mkdir"),
        (compressed(b"x" * 10)[:-6], "neither JSON nor compressed"),
        (compressed([1, 2]), "holds no text"),
        ("not base64!", "neither JSON nor compressed"),
        (compressed("[{]"), "not JSON"),
        ('{"input": 1}', "is no list"),
        ('[{"input": "1", "output": "1"}]', "testtype"),
        (json.dumps(cases(("1", "1"), kind="functional")), "both types"),
    ],
)
def test_bad_private_test_cases_are_refused_with_their_place(tmp_path, monkeypatch, private, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((InputError, InputErrors), match=said) as refused:
        read(tmp_path, SCRIPT, private)
    assert "lcb.jsonl:1" in str(refused.value)
    assert not (tmp_path / "made-by-a-pickle").exists()


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path, monkeypatch):
    monkeypatch.setattr("codekiln.data.readers.livecodebench._MOST_BYTES", 10_000)
    bomb = base64.b64encode(zlib.compress(bytes(10_000_000))).decode()
    with pytest.raises(InputErrors, match="more than a gigabyte"):
        read(tmp_path, SCRIPT, bomb)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**CALL, "metadata": "{}"}, "names no function"),
        ({**CALL, "metadata": '{"func_name": "f(); import os"}'}, "names no function"),
        ({**SCRIPT, "public_test_cases": "[]"}, "has no test case"),
        (
            {**CALL, "public_test_cases": json.dumps(cases(("NaN", "1"), kind="functional"))},
            "cannot be written as a call",
        ),
    ],
)
def test_a_row_that_cannot_be_graded_is_refused(tmp_path, row, said):
    with pytest.raises(InputErrors, match=said):
        read(tmp_path, row, "[]")
