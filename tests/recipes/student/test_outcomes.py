"""What tests say of submissions, each program in the sandbox and each test by itself."""

import pytest

from codekiln.data.records import Problem
from codekiln.recipes.student import outcomes as outcomes_module
from codekiln.recipes.student.ground_truth import gradable_problem
from codekiln.recipes.student.outcomes import run_submissions
from codekiln.sandbox.limits import Limits
from tests.recipes.student.small_course import HANGS, NO_COLON, QUESTIONS, RAISES, RIGHT, STACK_RIGHT, WRONG

LIMITS = Limits(cpu_seconds=1, wall_seconds=5.0)


def outcomes(*jobs):
    submissions = [(gradable_problem(name, QUESTIONS[name]), code) for name, code in jobs]
    return run_submissions(submissions, workers=1, limits=LIMITS, label="")


def test_every_class_of_error_is_told_apart_and_passing_tests_are_counted():
    found = outcomes(*(("double", code) for code in (RIGHT, NO_COLON, RAISES, WRONG, HANGS, "x = 1", "exit()")))
    assert [outcome.error for outcome in found] == [
        "none", "compilation", "runtime", "logical", "timeout", "runtime", "runtime",
    ]  # fmt: skip
    assert [outcome.passed for outcome in found] == [2, 0, 0, 1, 0, 0, 0]
    assert {outcome.total for outcome in found} == {2}
    assert found[3].rate == 0.5
    assert found[3].feedback.startswith("1 of 2 tests pass. ")
    assert found[0].feedback == "2 of 2 tests pass."


def test_doctests_with_statements_and_code_that_is_given_work():
    right, wrong = outcomes(("stack", STACK_RIGHT), ("stack", STACK_RIGHT.replace("first_of(self.items)", "None")))
    assert (right.error, right.passed, right.total) == ("none", 1, 1)
    assert (wrong.error, wrong.passed) == ("logical", 0)


@pytest.mark.parametrize(
    ("code", "error", "line"),
    [
        ("class Stack:\n    x = (", "SyntaxError", 2),
        ("class Stack:\n    def top(self):\n        return missing", "AttributeError", 0),
        (STACK_RIGHT.replace("return first_of", "return second_of"), "NameError", 9),
        # The given code raises, and what the student can see is the call.
        (STACK_RIGHT.replace("[item] + self.items", "[]"), "IndexError", 9),
        ("import math\nraise ValueError('line 3')", "ValueError", 2),
    ],
)
def test_lines_are_those_of_the_students_file_not_of_the_code_that_is_given(code, error, line):
    (outcome,) = outcomes(("stack", code))
    assert error in outcome.detail
    assert outcome.detail.endswith(f"(line {line})") == bool(line)
    assert outcome.detail.count("(line ") == bool(line)


def test_calls_and_asserts_work_too():
    (right, wrong) = outcomes(
        ("last", "def last(items):\n    return items[-1]"), ("last", "def last(items):\n    return items[1]")
    )
    assert (right.passed, right.total) == (2, 2)
    assert wrong.error == "none"  # the tests cannot tell


def test_nothing_a_program_does_takes_another_ones_outcome_away():
    found = outcomes(("double", RIGHT), ("double", HANGS), ("double", "import os\nos._exit(0)"), ("double", RIGHT))
    assert [outcome.error for outcome in found] == ["none", "timeout", "runtime", "none"]


def test_a_program_cannot_reach_this_machine(tmp_path):
    target = tmp_path / "reached"
    (outcome,) = outcomes(("double", f"open({str(target)!r}, 'w').write('x')\n{RIGHT}"))
    assert outcome.error == "runtime"
    assert not target.exists()


def test_equal_programs_for_equal_tests_are_run_once(monkeypatch):
    asked = []
    real = outcomes_module.grade_samples
    monkeypatch.setattr(outcomes_module, "grade_samples", lambda jobs, *rest: asked.extend(jobs) or real(jobs, *rest))
    found = outcomes(*[("double", RIGHT)] * 20, *[("double", WRONG)] * 20, ("last", RIGHT))
    assert [outcome.error for outcome in found] == ["none"] * 20 + ["logical"] * 20 + ["runtime"]
    assert len(asked) == 3


@pytest.mark.parametrize("code", [RIGHT, NO_COLON])
def test_without_tests_there_is_no_outcome(code):
    assert run_submissions([(Problem(task_id="q", prompt=""), code)], workers=1, limits=LIMITS, label="") == [None]
