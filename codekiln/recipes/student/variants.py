"""Variants of the data set (experiment, context, k), and the rows of each variant from the streams of a course."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypedDict

from codekiln.recipes.student.course import Course, Stream, StreamKey
from codekiln.recipes.student.questions import Question
from codekiln.recipes.student.schema import (
    SUBMIT,
    NextInput,
    NextRow,
    PastStream,
    PastSubmission,
    Row,
    Stage,
    StageInput,
    StageRow,
    join_thought,
)


@dataclass(frozen=True)
class Variant:
    """A variant of the data set.

    Attributes:
        experiment: 1 or 2.
        context: Whether rows show the student's work for earlier problems.
        k: Number of previous submissions that rows of experiment 2 show.
    """

    experiment: int
    context: bool
    k: int = 1

    @property
    def name(self) -> str:
        """The variant's part of a file name, as in ``train_exp2_with_context_k3.json``."""
        context = "with_context" if self.context else "without_context"
        return f"exp{self.experiment}_{context}" + (f"_k{self.k}" if self.experiment == 2 else "")


PUBLISHED_VARIANTS = tuple(
    Variant(experiment, context, k)
    for experiment, ks in ((1, (1,)), (2, (1, 3)))
    for context in (False, True)
    for k in ks
)
"""The six data sets of the study."""


NEIGHBOURS = 6
"""How many submissions around one are looked at for another grade."""


@dataclass(frozen=True)
class VariantRow:
    """A row of a variant, and its position in the stream it belongs to.

    Attributes:
        task_id: Problem, student and position; unique and stable.
        row: The row as it is written to the variant's file.
        attempt: Index of ``OUTPUT`` in the stream; for rows without streams, in the order of the file.
        earlier: The student's known submissions for this problem before ``OUTPUT``, oldest first.
        later: Those after it.
    """

    task_id: str
    row: Row
    attempt: int
    earlier: tuple[str, ...]
    later: tuple[str, ...] = ()

    @property
    def neighbours(self) -> tuple[str, ...]:
        """The student's nearest other submissions for the problem, at most `NEIGHBOURS`.

        Of two that are equally near the later comes first: that a student is not there yet teaches more than that
        something changes.
        """
        pairs = zip_longest(self.later, reversed(self.earlier))
        return tuple(code for pair in pairs for code in pair if code is not None)[:NEIGHBOURS]

    @property
    def semester(self) -> str:
        """Semester in which the problem was set."""
        return self.row.INPUT.semester

    @property
    def key(self) -> StreamKey:
        """Student and problem."""
        return StreamKey(self.row.INPUT.student_id, self.row.INPUT.question_name)


def build_rows(
    course: Course, variant: Variant, streams: Sequence[Stream], past: Sequence[Stream], count: int
) -> list[VariantRow]:
    """Return the rows of a variant for ``streams``.

    Args:
        course: The problems, in the order of the course.
        variant: The variant.
        streams: Streams whose submissions are the targets.
        past: Streams that may be shown as context, where they are of the same student and for an earlier problem.
        count: Number of problems in a context, the nearest first.
    """
    order = {name: index for index, name in enumerate(course.questions)}
    by_student: dict[str, list[Stream]] = defaultdict(list)
    # Latest problem first, so that a cut after ``count`` keeps the nearest ones.
    for stream in sorted(past, key=lambda stream: -order[stream.question]):
        by_student[stream.student].append(stream)
    found: list[VariantRow] = []
    for stream in streams:
        question = course.question(stream)
        # Somebody who takes the course again has streams in several semesters.
        known = [old for old in by_student[stream.student] if old.semester == stream.semester]
        before = [old for old in known if order[old.question] < order[stream.question]]
        context = before[:count] if variant.context else []
        if variant.experiment == 1:
            found += _stage_rows(question, stream, context)
        else:
            found += _next_rows(question, stream, context, variant.k)
    return found


def stage_indices(length: int) -> dict[Stage, int]:
    """Return the indices of the first, middle and last submission.

    A stream of two submissions has no middle one, and a stream of one has only a last one.
    """
    chosen: dict[Stage, int] = {"submission_last": length - 1}
    if length > 1:
        chosen["submission_first"] = 0
    if length > 2:
        chosen["submission_mid"] = length // 2
    return dict(sorted(chosen.items(), key=lambda item: item[1]))


def aligned_index(position: int, length: int, other: int) -> int:
    """Return the index in a stream of ``other`` submissions that is as far along as ``position`` of ``length``."""
    return (other - 1) if length == 1 else round(position / (length - 1) * (other - 1))


def _stage_rows(question: Question, stream: Stream, past: list[Stream]) -> Iterator[VariantRow]:
    for stage, index in stage_indices(len(stream.submissions)).items():
        shown = tuple(PastSubmission(question_name=old.question, submission=_at_stage(old, stage)) for old in past)
        fields = StageInput(**_common_fields(question, stream), stage=stage, past_problem_submissions=shown)
        yield _variant_row(stream, index, StageRow(INPUT=fields, OUTPUT=_target(stream, index)))


def _next_rows(question: Question, stream: Stream, past: list[Stream], k: int) -> Iterator[VariantRow]:
    length = len(stream.submissions)
    for index in range(length):
        before = slice(max(0, index - k), index)
        segments = [(old, aligned_index(index, length, len(old.submissions))) for old in past]
        shown = tuple(
            PastStream(question_name=old.question, submissions=_segment(old, end, k)) for old, end in segments
        )
        fields = NextInput(
            **_common_fields(question, stream),
            curr_problem_prior_submissions=stream.submissions[before],
            past_problem_submissions=shown,
            curr_problem_prior_bot_feedback=None if stream.feedback is None else stream.feedback[before],
        )
        yield _variant_row(stream, index, NextRow(INPUT=fields, OUTPUT=_target(stream, index)))


def _variant_row(stream: Stream, index: int, row: Row) -> VariantRow:
    task_id = f"{stream.question}/{stream.semester}/{stream.student}/{index}"
    return VariantRow(task_id, row, index, stream.submissions[:index], stream.submissions[index + 1 :])


class _CommonFields(TypedDict):
    student_id: str
    semester: str
    assignment_name: str
    question_name: str
    instructions: str
    skeleton_code_fixed: str
    skeleton_code_todo: str


def _common_fields(question: Question, stream: Stream) -> _CommonFields:
    return {
        "student_id": stream.student,
        "semester": stream.semester,
        "assignment_name": question.assignment_name,
        "question_name": stream.question,
        "instructions": question.instructions,
        "skeleton_code_fixed": question.skeleton_code_fixed,
        "skeleton_code_todo": question.skeleton_code_todo,
    }


def _at_stage(stream: Stream, stage: Stage) -> str:
    """Return the submission at a stage; a short stream without that stage gives its last submission."""
    found = stage_indices(len(stream.submissions))
    return _text(stream, found.get(stage, found["submission_last"]))


def _segment(stream: Stream, index: int, k: int) -> tuple[str, ...]:
    return tuple(_text(stream, position) for position in range(max(0, index - k), index + 1))


def _target(stream: Stream, index: int) -> str:
    """Return a submission after what the student thought, where that is known."""
    return join_thought(stream.thoughts[index] if stream.thoughts else "", _text(stream, index))


def _text(stream: Stream, index: int) -> str:
    """Return a submission, followed by the marker when it is the final attempt."""
    is_final = stream.submitted and index == len(stream.submissions) - 1
    return f"{stream.submissions[index]}\n{SUBMIT}" if is_final else stream.submissions[index]


def parse_variant(stem: str) -> Variant | None:
    """Return the variant that a file name without extension stands for, or None for another name."""
    found = re.match(r"\w+?_exp(?P<experiment>[12])_with(?P<out>out)?_context(_k(?P<k>\d+))?", stem)
    if found is None or (found["k"] is None) != (found["experiment"] == "1"):
        return None
    return Variant(int(found["experiment"]), found["out"] is None, int(found["k"] or 1))
