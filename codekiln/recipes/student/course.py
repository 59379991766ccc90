"""A course: its problems with their tests, in order, and the streams of submissions of its students."""

import doctest
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError, field_validator

from codekiln.data.files import validation_errors
from codekiln.data.records import DoctestTest, Record, Test
from codekiln.data.text import read_text
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.schema import read_json, split_submit


class Question(Record):
    """A problem of a course with the tests that grade submissions to it.

    ``doctests`` is text with ``>>>`` examples; every example with an expected output is one test, statements run before
    the next example, and all share a namespace. ``tests`` takes any form of test of `codekiln.data.records.Problem`.
    """

    assignment_name: str = ""
    instructions: str = ""
    skeleton_code_fixed: str = ""
    skeleton_code_todo: str = ""
    entry_point: str | None = None
    setup: str = Field("", description="code run after the submission and before the tests")
    doctests: str = ""
    tests: tuple[Test, ...] = ()

    @field_validator("doctests")
    @classmethod
    def _readable(cls, value: str) -> str:
        split_doctest(value)
        return value

    @property
    def all_tests(self) -> tuple[Test, ...]:
        """The doctests, one per example, followed by the other tests."""
        return (*split_doctest(self.doctests), *self.tests)


class StreamKey(NamedTuple):
    """Identifies a stream: each student has at most one per problem."""

    student: str
    question: str


@dataclass(frozen=True)
class Stream:
    """A student's submissions for one problem, in order.

    Attributes:
        submitted: Whether the last submission was the final attempt; False where the student gave up.
        feedback: The grader's feedback on each submission, where it is known.
    """

    student: str
    semester: str
    question: str
    submissions: tuple[str, ...]
    submitted: bool = True
    feedback: tuple[str, ...] | None = None

    @property
    def key(self) -> StreamKey:
        """Student and problem."""
        return StreamKey(self.student, self.question)


@dataclass(frozen=True)
class Course:
    """Problems by name, in the order of the course, and the streams of the students."""

    questions: dict[str, Question] = field(default_factory=dict)
    streams: tuple[Stream, ...] = ()


class StreamRow(Record):
    """A line of a streams file."""

    student_id: str
    semester: str
    question_name: str
    submissions: tuple[str, ...] = Field(min_length=1)
    submitted: bool = True
    feedback: tuple[str, ...] | None = None

    @field_validator("student_id")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty")
        return value

    @field_validator("submissions")
    @classmethod
    def _some_code(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if empty := [str(number) for number, text in enumerate(value, start=1) if not split_submit(text)[0].strip()]:
            raise ValueError(f"has nothing in submission {', '.join(empty)} of {len(value)}")
        return value


def split_doctest(text: str) -> list[DoctestTest]:
    """Split interactive text into tests, each of which ends with an example that has an expected output.

    A statement without output (``>>> purse = Purse(5)``) belongs to the test after it and runs first.

    Raises:
        ValueError: The text is not a doctest.
    """
    found: list[DoctestTest] = []
    lines: list[str] = []
    # Each expected output is a test of its own, so that a submission can pass a share of a doctest.
    for example in doctest.DocTestParser().get_examples(text):
        lines.append(_example(example))
        if example.want or example.exc_msg:
            found.append(DoctestTest(doctest="".join(lines)))
            lines = []
    if lines:
        found.append(DoctestTest(doctest="".join(lines)))
    return found


def read_questions(path: Path) -> dict[str, Question]:
    """Read a problems file: a JSON object from question name to `Question`.

    Raises:
        InputErrors: Every wrong field, at once.
        InputError: The file does not exist, or is no JSON object.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        raise InputError("is not a JSON object", where=str(path), fix="write {question name: {tests ...}}")
    found: dict[str, Question] = {}
    errors: list[InputError] = []
    for name, value in values.items():
        try:
            found[name] = Question.model_validate_json(json.dumps(value))
        except ValidationError as error:
            errors += validation_errors(error, f"{path}: {name}", "correct the problem")
    if errors:
        raise InputErrors(errors)
    return found


def write_questions(questions: dict[str, Question]) -> str:
    """Return problems as the text of a problems file."""
    content = {name: question.model_dump(mode="json") for name, question in questions.items()}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_streams(path: Path, questions: dict[str, Question]) -> Course:
    """Read a streams file, which has one JSON object per line, as a course with these problems.

    Raises:
        InputErrors: Every wrong field and unknown problem, at once.
    """
    streams: list[Stream] = []
    errors: list[InputError] = []
    seen: dict[StreamKey, int] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        try:
            row = StreamRow.model_validate_json(line)
        except ValidationError as error:
            errors += validation_errors(error, where, "correct or remove the line")
            continue
        # Rows with mistakes are kept until the end, so that all mistakes are reported at once.
        streams.append(_stream(row))
        first = seen.setdefault(streams[-1].key, number)
        errors += _row_errors(row, where, questions, first if first != number else None)
    if errors:
        raise InputErrors(errors)
    return Course(questions, drop_repeats(streams))


def write_streams(streams: Sequence[Stream]) -> str:
    """Return streams as the text of a streams file."""
    rows = (
        StreamRow(
            student_id=stream.student,
            semester=stream.semester,
            question_name=stream.question,
            submissions=stream.submissions,
            submitted=stream.submitted,
            feedback=stream.feedback,
        )
        for stream in streams
    )
    return "".join(row.model_dump_json(exclude_none=True) + "\n" for row in rows)


def drop_repeats(streams: Sequence[Stream]) -> tuple[Stream, ...]:
    """Return the streams without submissions that repeat the one before, such as a second click on the button."""
    return tuple(_without_repeats(stream) for stream in streams)


def _without_repeats(stream: Stream) -> Stream:
    texts = stream.submissions
    keep = [index for index, text in enumerate(texts) if index == 0 or text.strip() != texts[index - 1].strip()]
    feedback = None if stream.feedback is None else tuple(stream.feedback[index] for index in keep)
    return replace(stream, submissions=tuple(texts[index] for index in keep), feedback=feedback)


def _stream(row: StreamRow) -> Stream:
    """Return a line as a stream.

    The marker of a final attempt is removed from the last submission, because `Stream.submitted` says the same.
    """
    *before, last = row.submissions
    code, marked = split_submit(last)
    submissions = (*before, code if marked else last)
    return Stream(row.student_id, row.semester, row.question_name, submissions, row.submitted, row.feedback)


def _row_errors(row: StreamRow, where: str, questions: dict[str, Question], first: int | None) -> list[InputError]:
    errors: list[InputError] = []
    if first is not None:
        what = f"{row.student_id} has a stream for {row.question_name} on line {first} already"
        errors.append(InputError(what, where=f"{where}.question_name", fix="put all submissions on one line"))
    if row.question_name not in questions:
        fix = "add it to recipes.student.problems_file, with instructions and skeletons"
        errors.append(InputError(f"no problem '{row.question_name}'", where=f"{where}.question_name", fix=fix))
    if row.feedback is not None and len(row.feedback) != len(row.submissions):
        what = f"has {len(row.feedback)} texts for {len(row.submissions)} submissions"
        errors.append(InputError(what, where=f"{where}.feedback", fix="give one text per submission"))
    return errors


def _example(example: doctest.Example) -> str:
    first, *rest = example.source.rstrip("\n").split("\n")
    return f">>> {first}\n" + "".join(f"... {line}\n" for line in rest) + example.want
