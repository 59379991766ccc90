"""Rows on their sides: no target, context or near-copy of what judges is trained on."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.data import near_duplicates
from codekiln.recipes.student.course import Course
from codekiln.recipes.student.partition import divide, own_text
from codekiln.recipes.student.schema import PastStream
from codekiln.recipes.student.source import Source, pseudonymous
from codekiln.recipes.student.split import TRAIN, Fractions
from codekiln.recipes.student.variants import STANDARD, Located, Variant
from tests.recipes.student.small_course import QUESTIONS, RIGHT, WRONG, course, next_row, stream

HELD = Fractions(0.2, 0.34, 0.25)


def located(row, number=0):
    return Located(f"t{number}", row, number, ())


@given(st.integers(0, 50), st.sampled_from(STANDARD), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_training_shows_training_streams_only_as_target_and_as_context(seed, variant, past):
    made = divide(Source(course(8)), variant, HELD, past, 0.8, seed)
    trained = {key for key, side in made.sides.items() if side == TRAIN}
    assert made.train
    assert made.evaluation
    for row in made.train:
        assert row.key in trained
        assert {(row.key[0], old.question_name) for old in row.row.INPUT.past_problem_submissions} <= trained
    for row in made.evaluation:
        assert row.key not in trained
        assert row.key[1] not in {old.question_name for old in row.row.INPUT.past_problem_submissions}
    assert len({row.task_id for row in [*made.train, *made.evaluation]}) == len(made.train) + len(made.evaluation)


@given(st.integers(0, 50), st.sampled_from(STANDARD))
@settings(max_examples=15, deadline=None)
def test_no_training_row_nearly_repeats_an_evaluation_rows_code(seed, variant):
    made = divide(Source(course(8)), variant, HELD, 1, 0.8, seed)
    train, judging = ([own_text(row.row) for row in rows] for rows in (made.train, made.evaluation))
    close = near_duplicates.near(train, judging, 0.8)
    assert not [pair for pair in close if made.train[pair[0]].key[1] == made.evaluation[pair[1]].key[1]]


def test_a_copied_stream_is_turned_away_from_training():
    copied = [stream("ann", "double", WRONG, RIGHT), stream("bob", "double", WRONG, RIGHT)]
    others = [stream("cleo", "last", "def last(items):\n    return items.pop()")]
    sides = Fractions(0.0, 0.0, 0.34)
    for seed in range(20):
        made = divide(Source(Course(QUESTIONS, (*copied, *others))), Variant(2, False), sides, 1, 0.8, seed)
        held = [key for key, side in made.sides.items() if side != TRAIN]
        if held[0][1] == "double":
            assert Counter(item.reason for item in made.rejected) == {"near-duplicate": 2}
            assert {row.key for row in made.train} == {("cleo", "last")}
            return
    pytest.fail("no seed held a copied stream out")


def test_equal_rows_and_code_with_markers_are_turned_away():
    rows = [
        next_row(student="a"),
        next_row(student="a"),
        next_row("x = '</code>'", student="a"),
        next_row(WRONG, student="b"),
    ]
    source = Source(Course(QUESTIONS), tuple(located(row, number) for number, row in enumerate(rows)))
    made = divide(source, Variant(2, False), Fractions(0.5, 0.0, 0.0), 1, 1.0, 0)
    assert Counter(item.reason for item in made.rejected) == {"duplicate": 1, "marker-in-code": 1}
    assert len(made.train) + len(made.evaluation) == 2


def test_contexts_that_came_with_rows_are_rid_of_what_gives_an_answer_away():
    def shows(name):
        return (PastStream(question_name=name, submissions=("x = 1",)),)

    rows = [
        next_row(student="a", question="double", past=shows("last") + shows("double")),
        next_row("y = 1", student="a", question="last"),
    ]
    source = Source(Course(QUESTIONS), tuple(located(row, number) for number, row in enumerate(rows)))
    made = divide(source, Variant(2, True), Fractions(0.0, 0.0, 0.0, (), ("last",)), 1, 0.8, 0)
    (row,) = made.train
    assert row.key == ("a", "double")
    assert row.row.INPUT.past_problem_submissions == ()


def test_without_context_none_is_shown_even_where_rows_bring_it():
    past = (PastStream(question_name="last", submissions=("x = 1",)),)
    rows = [next_row(student=name, past=past) for name in "ab"] + [next_row("z = 3", student="a", question="last")]
    source = Source(Course(QUESTIONS), tuple(located(row, number) for number, row in enumerate(rows)))
    made = divide(source, Variant(2, False), Fractions(0.5, 0.0, 0.0), 1, 1.0, 0)
    assert not any(row.row.INPUT.past_problem_submissions for row in [*made.train, *made.evaluation])


def test_pseudonyms_replace_every_id_alike_and_change_nothing_else():
    named = course()
    hidden = pseudonymous(Source(named), 3).course
    pairs = {(one.student, other.student) for one, other in zip(named.streams, hidden.streams, strict=True)}
    assert len(pairs) == len({stream.student for stream in named.streams})
    assert not {old for old, _ in pairs} & {new for _, new in pairs}
    assert [stream.submissions for stream in hidden.streams] == [stream.submissions for stream in named.streams]


def test_pseudonyms_of_rows_are_in_their_ids_too():
    source = Source(Course(QUESTIONS), (located(next_row(student="ann.smith")),))
    (row,) = pseudonymous(source, 0).rows
    assert "ann.smith" not in row.task_id + row.row.model_dump_json()
