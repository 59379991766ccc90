"""A course: its problems with their tests, in order, and what its students handed in for them."""

import doctest
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from codekiln.data.files import validation_errors
from codekiln.data.records import DoctestTest, Record, Test
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.schema import read_json, split_submit


class Question(Record):
    """A problem of a course, and what decides whether a submission to it is right.

    ``doctests`` is text with ``>>>`` examples, statements among them; every example with an expected output is one
    test, and examples share a namespace. ``tests`` are tests in any form that `codekiln.data.records.Problem` takes.
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
        """Doctests, an example each, then the other tests."""
        return (*split_doctest(self.doctests), *self.tests)


@dataclass(frozen=True)
class Stream:
    """A student's submissions for one problem, first to last; ``submitted``: the last one was the final attempt."""

    student: str
    semester: str
    question: str
    submissions: tuple[str, ...]
    submitted: bool = True
    feedback: tuple[str, ...] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells streams apart: student and problem."""
        return (self.student, self.question)


@dataclass(frozen=True)
class Course:
    """Problems by name, in the order in which they were set, and the streams of the students."""

    questions: dict[str, Question] = field(default_factory=dict)
    streams: tuple[Stream, ...] = ()


class StreamRow(Record):
    """A line of a file of streams."""

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
    """Split interactive text into tests: each ends with an example that says what it prints.

    A statement (``>>> purse = Purse(5)``) belongs to the test after it, so that it runs first.

    Raises:
        ValueError: The text is not a doctest.
    """
    found: list[DoctestTest] = []
    lines: list[str] = []
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
        InputError: The file is not there, or is no JSON object.
    """
    values = read_json(path)
    if not isinstance(values, dict):
        raise InputError("is not a JSON object", where=str(path), fix="write {question name: {tests ...}}")
    found, errors = {}, []
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
    """Read a file of streams, a JSON object a line, for problems that have instructions and skeletons.

    Raises:
        InputErrors: Every wrong field and unknown problem, at once.
    """
    streams: list[Stream] = []
    errors: list[InputError] = []
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(_lines(path), start=1):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        try:
            row = StreamRow.model_validate_json(line)
        except ValidationError as error:
            errors += validation_errors(error, where, "correct or remove the line")
            continue
        streams.append(_stream(row))
        first = seen.setdefault(streams[-1].key, number)
        errors += _mistakes(row, where, questions, first if first != number else None)
    if errors:
        raise InputErrors(errors)
    return Course(questions, collapsed(streams))


def write_streams(streams: Sequence[Stream]) -> str:
    """Return streams as the text of a file of streams."""
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


def collapsed(streams: Sequence[Stream]) -> tuple[Stream, ...]:
    """Return the streams without submissions that repeat the one before: nobody learns from a second click."""
    return tuple(_collapse(stream) for stream in streams)


def _collapse(stream: Stream) -> Stream:
    texts = stream.submissions
    keep = [index for index, text in enumerate(texts) if index == 0 or text.strip() != texts[index - 1].strip()]
    values: dict[str, Any] = {"submissions": tuple(texts[index] for index in keep)}
    if stream.feedback is not None:
        values["feedback"] = tuple(stream.feedback[index] for index in keep)
    return Stream(**(vars(stream) | values))


def _stream(row: StreamRow) -> Stream:
    """Return a line as a stream; a marker that the last submission bears already is not said twice."""
    *before, last = row.submissions
    code, marked = split_submit(last)
    submissions = (*before, code if marked else last)
    return Stream(row.student_id, row.semester, row.question_name, submissions, row.submitted, row.feedback)


def _mistakes(row: StreamRow, where: str, questions: dict[str, Question], first: int | None) -> list[InputError]:
    errors = []
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


def _lines(path: Path) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), fix="check the path") from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", where=str(path), fix="save the file as UTF-8") from None


def _example(example: doctest.Example) -> str:
    first, *rest = example.source.rstrip("\n").split("\n")
    return f">>> {first}\n" + "".join(f"... {line}\n" for line in rest) + example.want
