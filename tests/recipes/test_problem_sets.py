"""Which training problems are asked without their tests."""

import pytest

from codekiln.data.prompts import messages
from codekiln.data.records import CallTest, Problem
from codekiln.recipes.problem_sets import build, hide_tests
from codekiln.settings.resolve import resolve

SHOWN, HIDDEN = CallTest(call=[1], expect=2), CallTest(call=[3], expect=4)


def problems(prompt="Write add_one(n).", entry_point="add_one", count=400):
    return [
        Problem(task_id=f"t/{number}", prompt=prompt, entry_point=entry_point, tests=(HIDDEN,), visible_tests=(SHOWN,))
        for number in range(count)
    ]


def shown(row):
    return "assert" in messages(row)[-1].content


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_prompts_shows_no_test_and_each_test_still_grades(share):
    given = problems()
    found = hide_tests(given, share, 0)
    assert abs(sum(not shown(row) for row in found) / len(found) - share) < 0.1
    assert all(row.tests == ((HIDDEN,) if shown(row) else (SHOWN, HIDDEN)) for row in found)
    assert found == hide_tests(given, share, 0)
    assert share != 0.3 or found != hide_tests(given, share, 1)


def test_which_ones_does_not_depend_on_the_other_problems():
    assert hide_tests(problems()[100:], 0.3, 0) == hide_tests(problems(), 0.3, 0)[100:]


@pytest.mark.parametrize(
    ("prompt", "entry_point"), [("Add one.", "add_one"), ("Write add_one_more.", "add_one"), ("Print it.", None)]
)
def test_a_prompt_keeps_its_tests_where_it_does_not_name_the_function(prompt, entry_point):
    given = problems(prompt, entry_point, 20)
    assert hide_tests(given, 1.0, 0) == given


def test_a_method_is_named_by_its_own_name():
    assert not any(map(shown, hide_tests(problems("Write the method add.", "Solution().add", 3), 1.0, 0)))


def test_evaluation_problems_are_asked_with_their_tests():
    sets = build(resolve("laptop", {"problems": {"train": 30, "evaluation": 30, "asked_without_tests": 1.0}}, []))
    assert not any(map(shown, sets.train))
    assert all(map(shown, sets.evaluation))
