"""Splits and cells: whatever is held out, nothing that is evaluated on is trained on."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.data import near_duplicates
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.course import Course, StreamKey
from codekiln.recipes.student.questions import Question
from codekiln.recipes.student.schema import PastStream
from codekiln.recipes.student.source import CourseData
from codekiln.recipes.student.split import (
    CELLS,
    TRAIN,
    HoldOut,
    assign_streams,
    balanced_sample,
    own_text,
    problem_families,
    split_rows,
)
from codekiln.recipes.student.variants import PUBLISHED_VARIANTS, Variant, VariantRow
from tests.recipes.student.small_course import QUESTIONS, RIGHT, WRONG, course, next_row, stream

WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima"]


def questions(count):
    return {
        f"q{number}": Question(instructions=" ".join(f"{word}{number}" for word in WORDS)) for number in range(count)
    }


def streams(students, problems):
    return [(StreamKey(f"s{one}", f"q{other}"), f"t{one % 2}") for one in range(students) for other in range(problems)]


@given(
    st.integers(3, 9),
    st.integers(3, 6),
    st.floats(0.05, 0.6),
    st.floats(0.05, 0.6),
    st.floats(0.0, 0.6),
    st.integers(0, 99),
)
@settings(max_examples=60)
def test_training_has_old_students_on_old_problems_alone(students, problems, new, unseen, held, seed):
    split_of = assign_streams(streams(students, problems), questions(problems), HoldOut(new, unseen, held), seed)
    trained = [key for key, split in split_of.items() if split == TRAIN]
    old_students, old_problems = {key[0] for key in trained}, {key[1] for key in trained}
    for (student, problem), split in split_of.items():
        if split.startswith("new-student"):
            assert student not in old_students
        if split.endswith("new-problem"):
            assert problem not in old_problems
    assert trained
    assert set(split_of) == {key for key, _ in streams(students, problems)}


def test_every_cell_has_streams_and_shares_are_as_asked():
    split_of = assign_streams(streams(10, 8), questions(8), HoldOut(0.2, 0.25, 0.25), 0)
    assert Counter(split_of.values()) == {
        TRAIN: 36,
        "old-student-old-problem": 12,
        "old-student-new-problem": 16,
        "new-student-old-problem": 12,
        "new-student-new-problem": 4,
    }


def test_the_same_seed_gives_the_same_split_and_another_gives_others():
    hold_out = HoldOut(0.3, 0.3, 0.3)
    once, again, other = (assign_streams(streams(10, 8), questions(8), hold_out, seed) for seed in (1, 1, 2))
    assert once == again != other
    assert assign_streams(streams(10, 8)[::-1], questions(8), hold_out, 1) == once


def test_semesters_and_problems_can_be_named():
    split_of = assign_streams(streams(6, 4), questions(4), HoldOut(0.5, 0.5, 0.0, ("t1",), ("q3",)), 0)
    assert {key[0] for key, split in split_of.items() if split.startswith("new-student")} == {"s1", "s3", "s5"}
    assert {key[1] for key, split in split_of.items() if split.endswith("new-problem")} == {"q3"}


def test_names_that_do_not_exist_are_all_reported():
    with pytest.raises(InputErrors) as caught:
        assign_streams(streams(4, 3), questions(3), HoldOut(0.2, 0.2, 0.2, ("t7",), ("q9", "q0")), 0)
    assert [error.where for error in caught.value.errors] == [
        "recipes.student.new_semesters",
        "recipes.student.new_problem_names",
    ]


def test_nothing_left_to_train_on_is_an_error():
    with pytest.raises(InputError, match="no stream is left"):
        assign_streams(streams(4, 3), questions(3), HoldOut(1.0, 0.2, 0.2), 0)


def test_a_problem_that_nearly_repeats_another_is_new_together_with_it():
    known = questions(3)
    known["q2"] = known["q0"].model_copy(update={"assignment_name": "again"})
    assert problem_families(["q0", "q1", "q2"], known) == {"q0": "q0", "q1": "q1", "q2": "q0"}
    split_of = assign_streams(streams(4, 3), known, HoldOut(0.25, 0.5, 0.0, (), ("q2",)), 0)
    assert {key[1] for key, split in split_of.items() if split.endswith("new-problem")} == {"q0", "q2"}


@given(st.integers(1, 60), st.integers(0, 9))
def test_rows_are_chosen_evenly_from_cells_and_streams(size, seed):
    keys = [(f"s{cell}", f"q{number % 3}") for cell in range(4) for number in range(12)]
    cells = {key: CELLS[int(key[0][1:])] for key in keys}
    chosen = balanced_sample(keys, cells, size, seed)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(size, 48)
    by_cell = Counter(cells[keys[index]] for index in chosen)
    assert max(by_cell.values()) - min((by_cell[cell] for cell in CELLS), default=0) <= 1
    by_stream = Counter(keys[index] for index in chosen)
    assert max(by_stream.values()) - min(by_stream[key] for key in set(keys)) <= 1 + (size < 12)


def test_without_a_size_all_rows_are_chosen():
    assert balanced_sample([("a", "q")] * 3, {("a", "q"): TRAIN}, None, 0) == [0, 1, 2]


HELD = HoldOut(0.2, 0.34, 0.25)


def located(row, number=0):
    return VariantRow(f"t{number}", row, number, ())


@given(st.integers(0, 50), st.sampled_from(PUBLISHED_VARIANTS), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_training_shows_training_streams_only_as_target_and_as_context(seed, variant, past):
    found = split_rows(CourseData(course(8)), variant, HELD, past, 0.8, seed)
    trained = {key for key, split in found.split_of.items() if split == TRAIN}
    assert found.train
    assert found.evaluation
    for row in found.train:
        assert row.key in trained
        assert {(row.key[0], old.question_name) for old in row.row.INPUT.past_problem_submissions} <= trained
    for row in found.evaluation:
        assert row.key not in trained
        assert row.key[1] not in {old.question_name for old in row.row.INPUT.past_problem_submissions}
    assert len({row.task_id for row in [*found.train, *found.evaluation]}) == len(found.train) + len(found.evaluation)


@given(st.integers(0, 50), st.sampled_from(PUBLISHED_VARIANTS))
@settings(max_examples=15, deadline=None)
def test_no_training_row_nearly_repeats_an_evaluation_rows_code(seed, variant):
    found = split_rows(CourseData(course(8)), variant, HELD, 1, 0.8, seed)
    train, judging = ([own_text(row.row) for row in rows] for rows in (found.train, found.evaluation))
    close = near_duplicates.similar_pairs(train, judging, 0.8)
    assert not [pair for pair in close if found.train[pair[0]].key[1] == found.evaluation[pair[1]].key[1]]


def test_a_copied_stream_is_turned_away_from_training():
    copied = [stream("ann", "double", WRONG, RIGHT), stream("bob", "double", WRONG, RIGHT)]
    others = [stream("cleo", "last", "def last(items):\n    return items.pop()")]
    hold_out = HoldOut(0.0, 0.0, 0.34)
    for seed in range(20):
        found = split_rows(CourseData(Course(QUESTIONS, (*copied, *others))), Variant(2, False), hold_out, 1, 0.8, seed)
        held = [key for key, split in found.split_of.items() if split != TRAIN]
        if held[0][1] == "double":
            assert Counter(item.reason for item in found.rejected) == {"near-duplicate": 2}
            assert {row.key for row in found.train} == {("cleo", "last")}
            return
    pytest.fail("no seed held a copied stream out")


def test_equal_rows_and_code_with_markers_are_turned_away():
    rows = [
        next_row(student="a"),
        next_row(student="a"),
        next_row("x = '</code>'", student="a"),
        next_row(WRONG, student="b"),
    ]
    source = CourseData(Course(QUESTIONS), tuple(located(row, number) for number, row in enumerate(rows)))
    found = split_rows(source, Variant(2, False), HoldOut(0.5, 0.0, 0.0), 1, 1.0, 0)
    assert Counter(item.reason for item in found.rejected) == {"duplicate": 1, "marker-in-code": 1}
    assert len(found.train) + len(found.evaluation) == 2


def test_contexts_that_came_with_rows_are_rid_of_what_gives_an_answer_away():
    def shows(name):
        return (PastStream(question_name=name, submissions=("x = 1",)),)

    rows = [
        next_row(student="a", question="double", past=shows("last") + shows("double")),
        next_row("y = 1", student="a", question="last"),
    ]
    source = CourseData(Course(QUESTIONS), tuple(located(row, number) for number, row in enumerate(rows)))
    found = split_rows(source, Variant(2, True), HoldOut(0.0, 0.0, 0.0, (), ("last",)), 1, 0.8, 0)
    (row,) = found.train
    assert row.key == ("a", "double")
    assert row.row.INPUT.past_problem_submissions == ()


def test_without_context_none_is_shown_even_where_rows_bring_it():
    past = (PastStream(question_name="last", submissions=("x = 1",)),)
    rows = [next_row(student=name, past=past) for name in "ab"] + [next_row("z = 3", student="a", question="last")]
    source = CourseData(Course(QUESTIONS), tuple(located(row, number) for number, row in enumerate(rows)))
    found = split_rows(source, Variant(2, False), HoldOut(0.5, 0.0, 0.0), 1, 1.0, 0)
    assert not any(row.row.INPUT.past_problem_submissions for row in [*found.train, *found.evaluation])
