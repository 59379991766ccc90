"""A course: its problems, in order, and the streams of submissions of its students."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError, field_validator

from codekiln.data.files import validation_errors
from codekiln.data.records import Record
from codekiln.data.text import read_text
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.questions import Question
from codekiln.recipes.student.schema import split_submit


class StreamKey(NamedTuple):
    """What decides on which side of the split a stream is: its student, and its problem in whichever semester."""

    student: str
    question: str


@dataclass(frozen=True)
class Stream:
    """A student's submissions for one problem, in order.

    Attributes:
        submitted: Whether the last submission was the final attempt; False where the student gave up.
        feedback: The grader's feedback on each submission, where it is known.
        thoughts: What the student thought before each submission, where it is known; empty where it is not.
    """

    student: str
    semester: str
    question: str
    submissions: tuple[str, ...]
    submitted: bool = True
    feedback: tuple[str, ...] | None = None
    thoughts: tuple[str, ...] | None = None

    @property
    def key(self) -> StreamKey:
        """Student and problem."""
        return StreamKey(self.student, self.question)


@dataclass(frozen=True)
class Course:
    """Problems by name, in the order of the course, and the streams of the students."""

    questions: dict[str, Question] = field(default_factory=dict)
    streams: tuple[Stream, ...] = ()

    def question(self, stream: Stream) -> Question:
        """Return the problem of a stream, as it was set in the stream's semester."""
        return self.questions[stream.question].of(stream.semester)


class StreamRow(Record):
    """A line of a streams file."""

    student_id: str
    semester: str
    question_name: str
    submissions: tuple[str, ...] = Field(min_length=1)
    submitted: bool = True
    feedback: tuple[str, ...] | None = None
    thoughts: tuple[str, ...] | None = None

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


def read_streams(path: Path, questions: dict[str, Question]) -> Course:
    """Read a streams file, which has one JSON object per line, as a course with these problems.

    Raises:
        InputErrors: Every wrong field and unknown problem, at once.
    """
    streams: list[Stream] = []
    errors: list[InputError] = []
    seen: dict[tuple[StreamKey, str], int] = {}
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
        first = seen.setdefault((streams[-1].key, row.semester), number)
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
            thoughts=stream.thoughts,
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

    def kept(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if values is None else tuple(values[index] for index in keep)

    submissions = tuple(texts[index] for index in keep)
    return replace(stream, submissions=submissions, feedback=kept(stream.feedback), thoughts=kept(stream.thoughts))


def _stream(row: StreamRow) -> Stream:
    """Return a line as a stream.

    The marker of a final attempt is removed from the last submission, because `Stream.submitted` says the same.
    """
    *before, last = row.submissions
    code, marked = split_submit(last)
    submissions = (*before, code if marked else last)
    return Stream(
        row.student_id, row.semester, row.question_name, submissions, row.submitted, row.feedback, row.thoughts
    )


def _row_errors(row: StreamRow, where: str, questions: dict[str, Question], first: int | None) -> list[InputError]:
    errors: list[InputError] = []
    if first is not None:
        what = f"{row.student_id} has a stream for {row.question_name} in {row.semester} on line {first} already"
        errors.append(InputError(what, where=f"{where}.question_name", fix="put all submissions on one line"))
    if row.question_name not in questions:
        fix = "add it to recipes.student.problems_file, with instructions and skeletons"
        errors.append(InputError(f"no problem '{row.question_name}'", where=f"{where}.question_name", fix=fix))
    for name, texts in (("feedback", row.feedback), ("thoughts", row.thoughts)):
        if texts is not None and len(texts) != len(row.submissions):
            what = f"has {len(texts)} texts for {len(row.submissions)} submissions"
            errors.append(InputError(what, where=f"{where}.{name}", fix="give one text per submission"))
    return errors
