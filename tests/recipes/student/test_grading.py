"""Scores of replies against the real submission."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.records import Sample
from codekiln.evaluation.summary import evaluate
from codekiln.recipes.student.grading import verdict_on
from codekiln.recipes.student.templates import TEMPLATES
from tests.recipes.student.helpers import (
    grade,
    of_question,
    problems_of,
    recipe_for,
    replies,
)
from tests.recipes.student.small_course import RIGHT, WRONG


def test_real_submissions_are_a_contender_without_error_against_themselves(plain):
    recipe, sets = plain
    (name, samples), = recipe.references(sets.evaluation).items()  # fmt: skip
    assert name == "real"
    for row in grade(recipe, sets.evaluation, samples):
        assert row.verdict.passed
        assert row.score("ast_distance") == row.score("pass_rate_error") == 0
        assert row.score("error_class_match") == row.score("submit_match") == 1
        assert row.score("coverage") in (1, None)
        assert all(score.value in (0, None) for score in row.scores if score.metric.endswith("_error"))


def test_every_reply_has_a_score_of_every_measure_or_a_reason(plain):
    recipe, sets = plain
    problem = of_question(sets, "double")
    codes = [RIGHT, WRONG, "def double(x)", "while True:\n    pass"]
    broken = Sample(task_id=problem.task_id, solution="", model="sft")
    names = {measure.name for measure in recipe.measures}
    for row in grade(recipe, sets.evaluation, [*replies(problem, codes), broken]):
        assert {score.metric for score in row.scores} == names
        assert all(score.value is not None or score.reason for score in row.scores)
    assert {share for shares in recipe.distances.values() for share in shares} <= names


def test_a_reply_that_fails_takes_no_value_from_the_real_submission(plain):
    recipe, sets = plain
    problem = of_question(sets, "double", "none")
    names = [measure.name for measure in recipe.measures]
    crash = grade(recipe, sets.evaluation, replies(problem, ["import os\nos._exit(1)"]))
    real = grade(recipe, sets.evaluation, recipe.references([problem])["real"])
    result = evaluate({"real": real, "sft": crash}, names, reference="real", resamples=100)
    values = result.per_problem.get(problem.task_id, result.per_problem)
    assert values["real"][problem.task_id]["pass_rate"] == 1
    assert values["sft"][problem.task_id]["pass_rate"] == 0
    assert values["sft"][problem.task_id]["runtime_errors"] == 1


def test_error_classes_are_shares_that_add_up_and_match_the_real_class(plain):
    recipe, sets = plain
    problem = of_question(sets, "double", "none")
    rows = grade(recipe, sets.evaluation, replies(problem, [RIGHT, WRONG, "def double(x)"]))
    shares = recipe.distances["error_class_distance"]
    for row in rows:
        assert sum(row.score(share) for share in shares) == 1
    assert [row.score("error_class_match") for row in rows] == [1, 0, 0]
    assert [row.score("pass_rate_error") for row in rows] == [0, 0.5, 1]


def test_coverage_and_diversity_belong_to_the_replies_of_a_row_and_model(plain):
    recipe, sets = plain
    problem = of_question(sets, "double", "none")
    far = "class A:\n    def b(self):\n        with c as d:\n            yield from d"
    real = problem.grading_context["real"]["code"]
    one = replies(problem, [real, far], "one")
    other = replies(problem, [far, far], "other")
    found = grade(recipe, sets.evaluation, [one[0], other[0], one[1], other[1]])
    assert [row.score("coverage") for row in found] == [1, 0, 1, 0]
    assert found[0].score("diversity") == found[2].score("diversity") > 0
    assert found[1].score("diversity") == 0


def test_replies_that_break_the_form_are_not_valid_but_measured(plain):
    recipe, sets = plain
    problem = of_question(sets, "double", "none")
    (row,) = grade(recipe, sets.evaluation, [Sample(task_id=problem.task_id, solution=RIGHT, model="base")])
    assert (row.verdict.status, row.score("valid"), row.score("pass_rate")) == ("invalid", 0, 1)
    assert "code block" in row.verdict.detail


def test_the_step_is_measured_from_the_submission_before(plain):
    recipe, sets = plain
    problem = next(row for row in sets.evaluation if row.grading_context["real"]["before"])
    before = problem.grading_context["real"]["before"]
    (same,) = grade(recipe, sets.evaluation, replies(problem, [before]))
    assert same.score("edit_distance") == 0
    assert same.score("edit_distance_error") > 0
    first = next(row for row in sets.evaluation if not row.grading_context["real"]["before"])
    (none,) = grade(recipe, sets.evaluation, replies(first, [RIGHT]))
    assert none.score("edit_distance") is none.score("edit_distance_error") is None


def test_embeddings_can_measure_distance(folder):
    recipe = recipe_for(folder, embedding_model="tiny")
    sets = problems_of(recipe, train=4, evaluation=6)
    rows = grade(recipe, sets.evaluation, recipe.references(sets.evaluation)["real"])
    assert all(row.score("ast_distance") == pytest.approx(0, abs=1e-4) for row in rows)
    assert all(row.grading_context["real"]["radius"] is not None for row in sets.evaluation)


@given(st.text(max_size=200))
def test_no_reply_breaks_the_verdict(text):
    verdict = verdict_on("t", TEMPLATES["tags"].parse_reply(text))
    assert verdict.passed == (not verdict.detail)
