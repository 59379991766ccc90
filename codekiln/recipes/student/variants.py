"""The variants of the data set, and how a course becomes rows of each."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codekiln.recipes.student.course import Course, Question, Stream
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
)


@dataclass(frozen=True)
class Variant:
    """Which experiment, with context or without, and for experiment 2 how many earlier submissions."""

    experiment: int
    context: bool
    k: int = 1

    @property
    def name(self) -> str:
        """The part of its file names that is its own, as in ``train_exp2_with_context_k3.json``."""
        context = "with_context" if self.context else "without_context"
        return f"exp{self.experiment}_{context}" + (f"_k{self.k}" if self.experiment == 2 else "")


STANDARD = tuple(
    Variant(experiment, context, k)
    for experiment, ks in ((1, (1,)), (2, (1, 3)))
    for context in (False, True)
    for k in ks
)
"""The six data sets of the study."""


@dataclass(frozen=True)
class Located:
    """A row, the stream it belongs to, and where in it: task_id is unique and stable.

    Attributes:
        task_id: Problem, student and position.
        row: What is written to the variant's file.
        attempt: Index of ``OUTPUT`` in the stream; for rows that came without streams, in their order in the file.
        earlier: The student's submissions for this problem before ``OUTPUT`` as far as they are known, oldest first.
    """

    task_id: str
    row: Row
    attempt: int
    earlier: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Student and problem."""
        return (self.row.INPUT.student_id, self.row.INPUT.question_name)


def rows_of(
    course: Course, variant: Variant, streams: Sequence[Stream], past: Sequence[Stream], count: int
) -> list[Located]:
    """Return the rows of a variant for ``streams``.

    Args:
        course: Problems in the order in which they were set.
        variant: Which rows.
        streams: Whose submissions are asked for.
        past: Streams that may be shown as context: of the same student, for problems set before.
        count: Problems in a context, the nearest first.
    """
    order = {name: index for index, name in enumerate(course.questions)}
    known: dict[str, list[Stream]] = defaultdict(list)
    for stream in sorted(past, key=lambda stream: -order[stream.question]):
        known[stream.student].append(stream)
    make = _stage_rows if variant.experiment == 1 else _next_rows
    found = []
    for stream in streams:
        before = [old for old in known[stream.student] if order[old.question] < order[stream.question]][:count]
        found += make(course.questions[stream.question], stream, before if variant.context else [], variant.k)
    return found


def stages(length: int) -> dict[Stage, int]:
    """Return the indices of the first, middle and last submission; a short stream has no middle, or only a last."""
    chosen: dict[Stage, int] = {"submission_last": length - 1}
    if length > 1:
        chosen["submission_first"] = 0
    if length > 2:
        chosen["submission_mid"] = length // 2
    return dict(sorted(chosen.items(), key=lambda item: item[1]))


def matching(position: int, length: int, other: int) -> int:
    """Return the index in a stream of ``other`` submissions as far along as ``position`` is in one of ``length``."""
    return (other - 1) if length == 1 else round(position / (length - 1) * (other - 1))


def _stage_rows(question: Question, stream: Stream, past: list[Stream], _: int) -> Iterator[Located]:
    for stage, index in stages(len(stream.submissions)).items():
        shown = tuple(PastSubmission(question_name=old.question, submission=_at_stage(old, stage)) for old in past)
        given = StageInput(**_common(question, stream), stage=stage, past_problem_submissions=shown)
        yield _located(stream, index, StageRow(INPUT=given, OUTPUT=_text(stream, index)))


def _next_rows(question: Question, stream: Stream, past: list[Stream], k: int) -> Iterator[Located]:
    length = len(stream.submissions)
    for index in range(length):
        shown = tuple(
            PastStream(
                question_name=old.question, submissions=_segment(old, matching(index, length, len(old.submissions)), k)
            )
            for old in past
        )
        given = NextInput(
            **_common(question, stream),
            curr_problem_prior_submissions=stream.submissions[max(0, index - k) : index],
            past_problem_submissions=shown,
            curr_problem_prior_bot_feedback=None
            if stream.feedback is None
            else stream.feedback[max(0, index - k) : index],
        )
        yield _located(stream, index, NextRow(INPUT=given, OUTPUT=_text(stream, index)))


def _located(stream: Stream, index: int, row: Row) -> Located:
    task_id = f"{stream.question}/{stream.student}/{index}"
    return Located(task_id, row, index, stream.submissions[:index])


def _common(question: Question, stream: Stream) -> dict[str, str]:
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
    """Return the submission at a stage; where a short stream lacks it, the last one before it, or the only one."""
    found = stages(len(stream.submissions))
    index = found.get(stage, 0 if stage == "submission_first" else found["submission_last"])
    return _text(stream, index)


def _segment(stream: Stream, index: int, k: int) -> tuple[str, ...]:
    return tuple(_text(stream, position) for position in range(max(0, index - k), index + 1))


def _text(stream: Stream, index: int) -> str:
    """Return a submission, with the marker when it is the final attempt."""
    is_final = stream.submitted and index == len(stream.submissions) - 1
    return f"{stream.submissions[index]}\n{SUBMIT}" if is_final else stream.submissions[index]


def variant_named(stem: str) -> Variant | None:
    """Return the variant in a file's name, or None where there is none."""
    found = re.match(r"\w+?_exp(?P<experiment>[12])_with(?P<out>out)?_context(_k(?P<k>\d+))?", stem)
    if found is None or (found["k"] is None) != (found["experiment"] == "1"):
        return None
    return Variant(int(found["experiment"]), found["out"] is None, int(found["k"] or 1))
