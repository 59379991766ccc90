"""Which samples a recipe scores, and on what."""

import pytest

from codekiln import recipes
from codekiln.code import metrics
from codekiln.data.records import Graded, Problem, Sample, Verdict

PROBLEM = Problem(task_id="t", prompt="Add one.", tests=("assert f(1) == 2",))
CODES = {"right": "def f(x):\n    return x + 1\n", "wrong": "def f(x):\n    return x - 1 * 2\n", "prose": "I cannot."}


def recipe(metric: str = metrics.DEFAULT, name: str = "maintainability"):
    kind = recipes.get(name)
    return kind(kind.Settings(), metric=metric, seed=0)


def graded() -> list[Graded]:
    return [
        Graded(
            sample=Sample(task_id="t", solution=code),
            verdict=Verdict(
                task_id="t", status="passed" if name == "right" else "failed", tests_total=1, tests_run=1,
                tests_passed=int(name == "right"),
            ),
        )
        for name, code in CODES.items()
    ]  # fmt: skip


def test_training_data_has_scores_of_passing_programs_only():
    right, wrong, prose = recipe().score([PROBLEM], graded())
    assert [score.metric for score in right.scores] == list(metrics.names())
    assert wrong.scores == prose.scores == ()


def test_an_evaluation_scores_every_sample_on_the_target():
    right, wrong, prose = recipe().score([PROBLEM], graded(), every=True)
    assert [score.metric for score in right.scores] == list(metrics.names())
    assert [score.metric for score in wrong.scores] == [metrics.DEFAULT]
    assert wrong.score(metrics.DEFAULT) == metrics.get(metrics.DEFAULT).score(CODES["wrong"]).value
    assert [(score.value, score.reason) for score in prose.scores] == [(None, "not-python")]


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [
        ("lines", ("lines",)),
        ("maintainability_index", ("maintainability_index", "structural_maintainability")),
        ("pass@1", ()),
    ],
)
def test_the_target_and_its_guard_are_averaged_over_all_samples(metric, wanted):
    assert recipe(metric, "difficulty").over_all_samples == wanted


def test_a_recipe_with_measures_of_its_own_has_its_scores_already():
    own = recipe("realism", "debugging")
    assert own.over_all_samples == ()
    assert own.score([PROBLEM], graded(), every=True) == graded()


def test_counts_of_the_difficulty_recipe_stay_behind_the_scores():
    from codekiln.recipes.difficulty.grading import SOLVED, TRIED, add_counts

    counted = add_counts(graded())
    own = recipe(name="difficulty")
    for every, names in ((False, []), (True, [metrics.DEFAULT])):
        right, wrong, _ = own.score([PROBLEM], counted, every=every)
        assert [score.metric for score in right.scores] == [*metrics.names(), TRIED, SOLVED]
        assert [score.metric for score in wrong.scores] == [*names, TRIED, SOLVED]
