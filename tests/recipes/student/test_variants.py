"""Rows of each variant from streams: which submissions, how many before, and which past work."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.recipes.student.course import Course
from codekiln.recipes.student.schema import SUBMIT
from codekiln.recipes.student.variants import (
    PUBLISHED_VARIANTS,
    Variant,
    aligned_index,
    build_rows,
    parse_variant,
    stage_indices,
)
from tests.recipes.student.small_course import QUESTIONS, stream

FIVE = stream("ann", "stack", "s0", "s1", "s2", "s3", "s4")
THREE = stream("ann", "double", "d0", "d1", "d2")
COURSE = Course(QUESTIONS, (THREE, FIVE))


def rows(variant, streams=(FIVE,), past=(THREE, FIVE), count=1):
    return [located.row for located in build_rows(COURSE, variant, streams, past, count)]


def test_the_six_data_sets_have_the_names_of_the_text():
    assert [f"train_{variant.name}.json" for variant in PUBLISHED_VARIANTS] == [
        "train_exp1_without_context.json",
        "train_exp1_with_context.json",
        "train_exp2_without_context_k1.json",
        "train_exp2_without_context_k3.json",
        "train_exp2_with_context_k1.json",
        "train_exp2_with_context_k3.json",
    ]


@given(st.integers(1, 2), st.booleans(), st.integers(1, 99))
def test_a_name_says_which_variant_it_is(experiment, context, k):
    variant = Variant(experiment, context, k if experiment == 2 else 1)
    assert parse_variant(f"train_{variant.name}") == variant
    assert parse_variant(f"test_{variant.name}_new-student-old-problem") == variant


@pytest.mark.parametrize(
    "name", ["train_exp2_with_context", "train_exp1_with_context_k1", "train_exp3_with_context", "x"]
)
def test_other_names_are_of_no_variant(name):
    assert parse_variant(name) is None


@pytest.mark.parametrize("k", [1, 2, 3, 9])
def test_experiment_2_asks_for_every_submission_after_the_last_k(k):
    found = rows(Variant(2, False, k))
    assert [row.code for row in found] == ["s0", "s1", "s2", "s3", "s4"]
    everything = ("s0", "s1", "s2", "s3")
    assert [row.INPUT.curr_problem_prior_submissions for row in found] == [
        everything[max(0, index - k) : index] for index in range(5)
    ]
    assert [row.submitted for row in found] == [False] * 4 + [True]


def test_experiment_1_asks_for_the_first_middle_and_last_submission():
    found = rows(Variant(1, False))
    assert [(row.INPUT.stage, row.code) for row in found] == [
        ("submission_first", "s0"),
        ("submission_mid", "s2"),
        ("submission_last", "s4"),
    ]
    assert found[-1].submitted
    assert not any(row.INPUT.past_problem_submissions for row in found)


def test_short_streams_have_fewer_stages():
    assert stage_indices(1) == {"submission_last": 0}
    assert stage_indices(2) == {"submission_first": 0, "submission_last": 1}


def test_context_of_experiment_1_is_the_past_problem_at_the_same_stage():
    found = rows(Variant(1, True))
    shown = [row.INPUT.past_problem_submissions[0].submission for row in found]
    assert shown == ["d0", "d1", f"d2\n{SUBMIT}"]


@pytest.mark.parametrize("k", [1, 3])
def test_context_of_experiment_2_is_a_segment_as_far_along(k):
    found = rows(Variant(2, True, k))
    shown = [row.INPUT.past_problem_submissions[0].submissions for row in found]
    past = ("d0", "d1", f"d2\n{SUBMIT}")
    assert shown == [past[max(0, index - k) : index + 1] for index in (0, 0, 1, 2, 2)]
    assert all(len(segment) <= k + 1 for segment in shown)


def test_only_problems_set_before_are_shown_and_never_the_one_that_is_asked():
    assert all(not row.INPUT.past_problem_submissions for row in rows(Variant(2, True), streams=(THREE,)))
    last = stream("ann", "last", "l0")
    course = Course(QUESTIONS, (THREE, FIVE, last))
    (row,) = [located.row for located in build_rows(course, Variant(2, True), [last], course.streams, 5)]
    assert [old.question_name for old in row.INPUT.past_problem_submissions] == ["stack", "double"]


def test_another_students_work_is_never_shown():
    other = stream("bob", "double", "b0")
    assert all(not row.INPUT.past_problem_submissions for row in rows(Variant(2, True), past=(other,)))


@given(st.integers(1, 20), st.integers(1, 20), st.data())
def test_positions_map_ends_to_ends_and_keep_their_order(length, other, data):
    position = data.draw(st.integers(0, length - 1))
    assert 0 <= aligned_index(position, length, other) < other
    assert aligned_index(length - 1, length, other) == other - 1
    if position:
        assert aligned_index(position - 1, length, other) <= aligned_index(position, length, other)
