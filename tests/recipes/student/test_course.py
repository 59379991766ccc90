"""Problems with their tests, and streams, as users bring them."""

import json

import pytest

from codekiln.data.records import DoctestTest
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.course import drop_repeats, read_streams, write_streams
from codekiln.recipes.student.questions import read_questions, split_doctest, write_questions
from tests.recipes.student.small_course import QUESTIONS, RIGHT, WRONG, course, stream

SESSION = """Some words.

>>> s = Stack()
>>> for i in [1]:
...     s.push(i)
>>> s.top()
1
>>> 1 / 0
Traceback (most recent call last):
  ...
ZeroDivisionError: division by zero
"""


def test_every_example_that_prints_is_a_test_and_statements_go_with_the_next():
    first, second = split_doctest(SESSION)
    assert first == DoctestTest(doctest=">>> s = Stack()\n>>> for i in [1]:\n...     s.push(i)\n>>> s.top()\n1\n")
    assert "ZeroDivisionError" in second.doctest


def test_a_statement_at_the_end_is_a_test_of_not_raising():
    assert [test.doctest for test in split_doctest(">>> f()\n1\n>>> g()\n")] == [">>> f()\n1\n", ">>> g()\n"]


def test_problems_go_to_a_file_and_back(tmp_path):
    path = tmp_path / "problems.json"
    path.write_text(write_questions(QUESTIONS))
    assert read_questions(path) == QUESTIONS


def test_every_mistake_in_a_problems_file_is_named(tmp_path):
    path = tmp_path / "problems.json"
    path.write_text(json.dumps({"a": {"doctest": ">>> 1\n1"}, "b": {"doctests": ">>>x\n"}, "c": {"tests": [3]}}))
    with pytest.raises(InputErrors) as caught:
        read_questions(path)
    places = {error.where.removeprefix(f"{path}: ") for error in caught.value.errors}
    assert {"a.doctest", "b.doctests"} <= places
    assert any(place.startswith("c.tests.0") for place in places)


def test_streams_go_to_a_file_and_back(tmp_path):
    path = tmp_path / "streams.jsonl"
    path.write_text(write_streams(course().streams))
    assert read_streams(path, QUESTIONS) == course()


def test_mistakes_in_a_file_of_streams_are_named_by_line(tmp_path):
    path = tmp_path / "streams.jsonl"
    good = {"student_id": "a", "semester": "s", "question_name": "double", "submissions": [RIGHT]}
    lines = [
        good,
        good,
        {**good, "question_name": "nope"},
        {**good, "student_id": "b", "feedback": []},
        {"student_id": 1},
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(InputErrors) as caught:
        read_streams(path, QUESTIONS)
    places = [error.where.removeprefix(f"{path}:") for error in caught.value.errors]
    assert {"2.question_name", "3.question_name", "4.feedback", "5.submissions", "5.student_id"} <= set(places)
    assert not any(place.startswith("1.") for place in places)


def test_a_missing_file_of_streams_is_the_users_mistake(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_streams(tmp_path / "no.jsonl", QUESTIONS)


def test_submissions_that_repeat_the_one_before_are_left_out_with_their_feedback():
    twice = stream(
        "a", "double", WRONG, WRONG + "\n", RIGHT, WRONG, feedback=("1", "2", "3", "4"), thoughts=tuple("abcd")
    )
    (once,) = drop_repeats([twice])
    assert once.submissions == (WRONG, RIGHT, WRONG)
    assert once.feedback == ("1", "3", "4")
    assert once.thoughts == ("a", "c", "d")


def test_somebody_who_takes_the_course_again_has_a_stream_in_each_semester(tmp_path):
    path = tmp_path / "streams.jsonl"
    path.write_text(write_streams([stream("a", "double", RIGHT), stream("a", "double", WRONG, semester="spring")]))
    found = read_streams(path, QUESTIONS).streams
    assert len(found) == 2
    assert found[0].key == found[1].key  # both are on one side of the split


def written(tmp_path, **fields):
    row = {"student_id": "ann", "semester": "autumn", "question_name": "double", "submissions": [WRONG, RIGHT]}
    path = tmp_path / "streams.jsonl"
    path.write_text(json.dumps(row | fields) + "\n")
    return path


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"student_id": " "}, "student_id"),
        ({"submissions": [WRONG, " \n", RIGHT]}, "submissions"),
        ({"submissions": [WRONG, "<SUBMIT>"]}, "submissions"),
    ],
)
def test_a_stream_without_a_name_or_with_nothing_handed_in_is_named(tmp_path, fields, field):
    with pytest.raises(InputErrors) as caught:
        read_streams(written(tmp_path, **fields), QUESTIONS)
    assert [error.where for error in caught.value.errors] == [f"{tmp_path / 'streams.jsonl'}:1.{field}"]


def test_a_marker_that_a_stream_bears_already_is_not_said_twice(tmp_path):
    found = read_streams(written(tmp_path, submissions=[WRONG, f"{RIGHT}\n<SUBMIT>"]), QUESTIONS)
    assert found.streams[0].submissions == (WRONG, RIGHT)
    assert found.streams[0].submitted
