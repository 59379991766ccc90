"""Sides and cells: whatever is held out, nothing that judges is trained on."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.course import Question
from codekiln.recipes.student.split import CELLS, TRAIN, Fractions, assign, balanced, families

WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima"]


def questions(count):
    return {
        f"q{number}": Question(instructions=" ".join(f"{word}{number}" for word in WORDS)) for number in range(count)
    }


def streams(students, problems):
    return [((f"s{one}", f"q{other}"), f"t{one % 2}") for one in range(students) for other in range(problems)]


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
    sides = assign(streams(students, problems), questions(problems), Fractions(new, unseen, held), seed)
    trained = [key for key, side in sides.items() if side == TRAIN]
    old_students, old_problems = {key[0] for key in trained}, {key[1] for key in trained}
    for (student, problem), side in sides.items():
        if side.startswith("new-student"):
            assert student not in old_students
        if side.endswith("new-problem"):
            assert problem not in old_problems
    assert trained
    assert set(sides) == {key for key, _ in streams(students, problems)}


def test_every_cell_has_streams_and_shares_are_as_asked():
    sides = assign(streams(10, 8), questions(8), Fractions(0.2, 0.25, 0.25), 0)
    assert Counter(sides.values()) == {
        TRAIN: 36,
        "old-student-old-problem": 12,
        "old-student-new-problem": 16,
        "new-student-old-problem": 12,
        "new-student-new-problem": 4,
    }


def test_the_same_seed_gives_the_same_sides_and_another_gives_others():
    once, again, other = (assign(streams(10, 8), questions(8), Fractions(0.3, 0.3, 0.3), seed) for seed in (1, 1, 2))
    assert once == again != other
    assert assign(streams(10, 8)[::-1], questions(8), Fractions(0.3, 0.3, 0.3), 1) == once


def test_semesters_and_problems_can_be_named():
    sides = assign(streams(6, 4), questions(4), Fractions(0.5, 0.5, 0.0, ("t1",), ("q3",)), 0)
    assert {key[0] for key, side in sides.items() if side.startswith("new-student")} == {"s1", "s3", "s5"}
    assert {key[1] for key, side in sides.items() if side.endswith("new-problem")} == {"q3"}


def test_names_that_do_not_exist_are_all_reported():
    with pytest.raises(InputErrors) as caught:
        assign(streams(4, 3), questions(3), Fractions(0.2, 0.2, 0.2, ("t7",), ("q9", "q0")), 0)
    assert [error.where for error in caught.value.errors] == [
        "recipes.student.new_semesters",
        "recipes.student.new_problem_names",
    ]


def test_nothing_left_to_train_on_is_an_error():
    with pytest.raises(InputError, match="no stream is left"):
        assign(streams(4, 3), questions(3), Fractions(1.0, 0.2, 0.2), 0)


def test_a_problem_that_nearly_repeats_another_is_new_together_with_it():
    known = questions(3)
    known["q2"] = known["q0"].model_copy(update={"assignment_name": "again"})
    assert families(["q0", "q1", "q2"], known) == {"q0": "q0", "q1": "q1", "q2": "q0"}
    sides = assign(streams(4, 3), known, Fractions(0.25, 0.5, 0.0, (), ("q2",)), 0)
    assert {key[1] for key, side in sides.items() if side.endswith("new-problem")} == {"q0", "q2"}


@given(st.integers(1, 60), st.integers(0, 9))
def test_rows_are_chosen_evenly_from_cells_and_streams(size, seed):
    keys = [(f"s{cell}", f"q{number % 3}") for cell in range(4) for number in range(12)]
    cells = {key: CELLS[int(key[0][1:])] for key in keys}
    chosen = balanced(keys, cells, size, seed)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(size, 48)
    by_cell = Counter(cells[keys[index]] for index in chosen)
    assert max(by_cell.values()) - min((by_cell[cell] for cell in CELLS), default=0) <= 1
    by_stream = Counter(keys[index] for index in chosen)
    assert max(by_stream.values()) - min(by_stream[key] for key in set(keys)) <= 1 + (size < 12)


def test_without_a_size_all_rows_are_chosen():
    assert balanced([("a", "q")] * 3, {("a", "q"): TRAIN}, None, 0) == [0, 1, 2]
