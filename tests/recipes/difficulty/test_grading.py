"""Verdicts come from the sandbox, and counts of a problem travel with its samples."""

import pytest

from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.errors import InputError
from codekiln.recipes.difficulty.grading import add_counts, rate_of
from codekiln.recipes.difficulty.rates import SolveRate
from codekiln.sandbox import Limits
from tests.recipes.difficulty.making import recipe


def graded(task_id, passed):
    verdict = Verdict(
        task_id=task_id, status="passed" if passed else "failed", tests_total=1, tests_run=1, tests_passed=int(passed)
    )
    return Graded(sample=Sample(task_id=task_id, solution="x = 1"), verdict=verdict)


def test_counts_travel_with_each_sample_so_that_filters_change_no_rate():
    rows = add_counts([graded("a", True), graded("a", False), graded("a", False), graded("b", True)])
    assert rate_of([rows[0]]) == rate_of(rows[1:3]) == SolveRate(3, 1)
    assert rate_of([rows[3]]) == SolveRate(1, 1)
    assert rate_of([graded("a", True), graded("a", False)]) == SolveRate(2, 1)
    assert rate_of([]) == SolveRate(0, 0)


@pytest.mark.parametrize(
    "code",
    [
        "print('Test 1 PASS')\nprint('Test 2 PASS')\ndef f(x):\n    return 0\n",
        "import sys\nprint('assert ')\nsys.exit(0)\n",
        "import os\nprint('PASS')\nos._exit(0)\n",
        "def f(x):\n    raise ValueError('PASS')\n",
        "class Yes:\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return Yes()\n",
    ],
)
def test_a_program_that_says_pass_or_ends_early_is_no_solution(code):
    tests = ("assert f([1, 2]) == 3", "assert f([]) == 0")
    problem = Problem(task_id="t1", prompt="Add up x.", entry_point="f", tests=tests)
    one = recipe(least_samples=1)
    samples = [Sample(task_id="t1", solution=code, model="m")] * 5
    (row, *_) = found = one.score([problem], one.grade([problem], samples, workers=1, limits=Limits(), label="test"))
    assert not row.verdict.passed
    with pytest.raises(InputError, match="1 unsolved"):
        one.rows([problem], found)


def test_a_verdict_in_a_run_file_is_not_believed(tmp_path, train):
    problem = train[0]
    verdict = Verdict(task_id=problem.task_id, status="passed", tests_total=1, tests_run=1, tests_passed=1)
    row = Graded(sample=Sample(task_id=problem.task_id, solution="def f():\n    pass\n"), verdict=verdict)
    path = tmp_path / "run.jsonl"
    path.write_text(row.model_dump_json() + "\n")
    one = recipe(runs=(str(path),))
    samples = [sample for _, found in one.generate([problem], None) for sample in found]
    (again,) = one.grade([problem], samples, workers=1, limits=Limits(), label="test")
    assert not again.verdict.passed
