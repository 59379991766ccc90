"""Which programs are chosen: verified, best first, built differently, and nothing but the solution."""

import pytest

from codekiln.data.records import Graded, Problem, Sample, Score, StdinTest, Verdict
from codekiln.recipes.difficulty.solutions import SelectionCriteria, flaw_of, is_verified, select

METRIC = "structural_maintainability"
PROBLEM = Problem(task_id="t1", prompt="Add up x.", entry_point="f", tests=("assert f([1]) == 1", "assert f([]) == 0"))
CALL = "def f(x):\n    return sum(x)"
OTHER_NAMES = "def f(values):\n    # add\n    return sum(values)"
LOOP = "def f(x):\n    t = 0\n    for y in x:\n        t += y\n    return t"
NEARLY = "def f(x):\n    t = 0.0\n    for y in x:\n        t += y\n    return t"


def graded(code, score=50.0, status="passed", ran=2, passed=2):
    verdict = Verdict(task_id="t1", status=status, tests_total=2, tests_run=ran, tests_passed=passed)
    scores = (Score(metric=METRIC, value=score), Score(metric="cognitive_complexity", value=score))
    return Graded(sample=Sample(task_id="t1", solution=code, model="m"), verdict=verdict, scores=scores)


def chosen(rows, metric=METRIC, count=3, apart=0.2, objection=lambda problem, row: None):
    found, rejected = select(PROBLEM, rows, SelectionCriteria(metric, count, apart), objection)
    assert [solution.rank for solution in found] == list(range(len(found)))
    return [solution.code for solution in found], [item.reason for item in rejected]


def test_the_best_by_the_metric_comes_first_whichever_way_is_better():
    rows = [graded(LOOP, 40.0), graded(CALL, 90.0)]
    assert chosen(rows)[0] == [CALL, LOOP]
    assert chosen(rows, metric="cognitive_complexity")[0] == [LOOP, CALL]


def test_a_program_without_a_value_comes_last():
    assert chosen([graded(CALL, None), graded(LOOP, 1.0)])[0] == [LOOP, CALL]


def test_renamed_and_nearly_equal_programs_are_left_out_with_the_reason():
    codes, reasons = chosen([graded(CALL, 90.0), graded(OTHER_NAMES, 80.0), graded(LOOP, 70.0), graded(NEARLY, 60.0)])
    assert codes == [CALL, LOOP]
    assert reasons == ["twin", "alike"]


def test_no_more_than_asked_for():
    codes, reasons = chosen([graded(CALL, 90.0), graded(LOOP, 70.0)], count=1)
    assert (codes, reasons) == ([CALL], ["enough"])


@pytest.mark.parametrize(
    "row",
    [
        graded(CALL, status="failed", passed=1),
        graded(CALL, status="crashed", ran=0, passed=0),
        Graded(
            sample=Sample(task_id="t1", solution=CALL),
            verdict=Verdict(task_id="t1", status="passed", tests_total=0, tests_run=0, tests_passed=0),
        ),
    ],
)
def test_only_what_passed_every_hidden_test_is_chosen(row):
    assert not is_verified(row)
    assert chosen([row]) == ([], [])


def test_the_next_best_takes_the_place_of_one_that_may_not_be_used():
    def objection(problem, row):
        return "placeholder" if row.sample.solution == CALL else None

    codes, reasons = chosen([graded(CALL, 90.0), graded(LOOP, 70.0)], objection=objection)
    assert (codes, reasons) == ([LOOP], ["placeholder"])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (CALL + "\nassert f([1]) == 1\n", "pasted-asserts"),
        (CALL + "\nprint(f([1, 2]))\n", "runs-on-import"),
        (CALL.replace("\n", "\r\n"), "carriage-return"),
        ("def f(:", "not-python"),
        ('"""Adds."""\nimport math\n\n' + CALL + "\nif __name__ == '__main__':\n    print(f([1]))\n", None),
        ("def f(x):\n    assert x is not None\n    return sum(x)\n", None),
    ],
)
def test_an_output_is_the_solution_and_nothing_else(code, reason):
    assert flaw_of(PROBLEM, code) == reason


def test_a_script_may_run():
    script = PROBLEM.model_copy(update={"tests": (StdinTest(stdin="1", stdout="1"),)})
    assert flaw_of(script, "print(input())") is None
    assert flaw_of(PROBLEM, "print(input())") == "runs-on-import"
