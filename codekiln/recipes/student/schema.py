"""Schema of the rows of experiments 1 and 2, as published with ParaStudent (arXiv 2507.12674).

A file is a JSON array of rows, or has one row per line as those of INSIDE (arXiv 2608.10492), whose ``OUTPUT`` may
start with what the student thinks between ``<think>`` and ``</think>``. Two irregularities of published files are
normalised on reading: the position of a submission may be called ``stage`` or ``quantile``, with either vocabulary, and
the string "None" in place of an earlier submission that does not exist is dropped.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from codekiln.data.files import validation_errors
from codekiln.data.records import Record
from codekiln.data.text import read_text
from codekiln.errors import InputError, InputErrors

SUBMIT = "<SUBMIT>"
"""Marker at the end of a final attempt, in ``OUTPUT`` and in past streams."""

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"

Stage = Literal["submission_first", "submission_mid", "submission_last"]
STAGES: dict[str, Stage] = {
    "submission_first": "submission_first",
    "submission_mid": "submission_mid",
    "submission_last": "submission_last",
    "submission_q0": "submission_first",
    "submission_q1": "submission_mid",
    "submission_q2": "submission_last",
}
_ABSENT = "None"


class PastSubmission(Record):
    """A student's submission for an earlier problem, at the same stage."""

    question_name: str
    submission: str


class PastStream(Record):
    """A segment of a student's stream for an earlier problem: at most k + 1 submissions, oldest first."""

    question_name: str
    # Not strict, because JSON has arrays and no tuples.
    submissions: tuple[str, ...] = Field(strict=False)


class _Input(Record):
    student_id: str
    semester: str
    assignment_name: str
    question_name: str
    instructions: str
    skeleton_code_fixed: str
    skeleton_code_todo: str

    @field_validator("student_id", "question_name")
    @classmethod
    def _not_empty(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty")
        return value


class StageInput(_Input):
    """Input of experiment 1: the problem, and whether the first, a middle or the last submission is asked for."""

    stage: Stage
    quantile: None = Field(None, exclude=True)
    past_problem_submissions: tuple[PastSubmission, ...] = Field((), strict=False)

    @model_validator(mode="before")
    @classmethod
    def _either_key(cls, values: Any) -> Any:
        if isinstance(values, dict) and "stage" not in values and "quantile" in values:
            return {("stage" if key == "quantile" else key): value for key, value in values.items()}
        return values

    @field_validator("stage", mode="before")
    @classmethod
    def _one_vocabulary(cls, value: Any) -> Any:
        if not isinstance(value, str) or value not in STAGES:
            raise ValueError(f"{value!r} is none of {', '.join(STAGES)}")
        return STAGES[value]

    @field_validator("quantile", mode="before")
    @classmethod
    def _agrees(cls, value: Any, info: ValidationInfo) -> None:
        if "stage" in info.data and STAGES.get(str(value)) != info.data["stage"]:
            raise ValueError(f"{value!r} does not agree with the stage, {info.data['stage']!r}")


class NextInput(_Input):
    """Input of experiment 2: the problem, and the student's last k submissions for it, oldest first.

    ``curr_problem_prior_bot_feedback`` has one text per prior submission, as in INSIDE; at the end some may be missing.
    """

    curr_problem_prior_submissions: tuple[str, ...] = Field(strict=False)
    past_problem_submissions: tuple[PastStream, ...] = Field((), strict=False)
    curr_problem_prior_bot_feedback: tuple[str, ...] | None = Field(None, strict=False)

    @field_validator("curr_problem_prior_submissions", mode="before")
    @classmethod
    def _drop_absent(cls, value: Any) -> Any:
        return _present(value) if isinstance(value, list) else value

    @field_validator("curr_problem_prior_submissions")
    @classmethod
    def _no_gap(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if _ABSENT in value:
            raise ValueError("has 'None' after a submission")
        return value

    @field_validator("curr_problem_prior_bot_feedback")
    @classmethod
    def _no_more_than_submissions(cls, value: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        prior = info.data.get("curr_problem_prior_submissions")
        if value is not None and prior is not None and len(value) > len(prior):
            raise ValueError(f"has {len(value)} texts for {len(prior)} prior submissions")
        return value


class _Row(Record):
    INPUT: _Input
    OUTPUT: str
    # The whole reply of the model that wrote the thought, as the scripts of INSIDE keep it.
    RAW_INTERNAL_DIALOGUE_OUTPUT: str | None = Field(None, exclude=True)

    @field_validator("OUTPUT")
    @classmethod
    def _some_code(cls, value: str) -> str:
        if not split_submit(split_thought(value)[1])[0].strip():
            raise ValueError("is empty")
        return value

    @property
    def code(self) -> str:
        """The submission as a reply holds it: without thought and marker, and without leading blank lines."""
        return split_submit(split_thought(self.OUTPUT)[1])[0].lstrip("\n")

    @property
    def thought(self) -> str:
        """What the student thinks before the submission; empty where it is not known."""
        return split_thought(self.OUTPUT)[0]

    @property
    def submitted(self) -> bool:
        """Whether this was the student's final attempt."""
        return split_submit(self.OUTPUT)[1]


class StageRow(_Row):
    """A row of experiment 1."""

    INPUT: StageInput


class NextRow(_Row):
    """A row of experiment 2."""

    INPUT: NextInput


Row = StageRow | NextRow
KINDS: dict[int, type[StageRow] | type[NextRow]] = {1: StageRow, 2: NextRow}
"""Row type of each experiment."""


def prior_submissions(row: Row) -> tuple[str, ...]:
    """Return the earlier submissions for the problem that a row shows; none in experiment 1."""
    return row.INPUT.curr_problem_prior_submissions if isinstance(row, NextRow) else ()


def replace_input(row: Row, **changes: Any) -> Row:
    """Return a row with other values for some fields of ``INPUT``; the values are not validated again."""
    return row.model_copy(update={"INPUT": row.INPUT.model_copy(update=changes)})


def split_submit(text: str) -> tuple[str, bool]:
    """Return a submission's code, and whether it ends with the marker of a final attempt."""
    code = text.rstrip()
    return (code[: -len(SUBMIT)].rstrip(), True) if code.endswith(SUBMIT) else (code, False)


def split_thought(text: str) -> tuple[str, str]:
    """Return what a student thinks, empty without a thought, and the submission."""
    before, opened, rest = text.partition(THINK_OPEN)
    thought, closed, code = rest.partition(THINK_CLOSE)
    return (thought.strip(), code.lstrip("\n")) if opened and closed and not before.strip() else ("", text)


def join_thought(thought: str, text: str) -> str:
    """Return a submission, or a reply with one, after what the student thinks; only the text where that is empty."""
    return f"{THINK_OPEN}\n{thought}\n{THINK_CLOSE}\n\n{text}" if thought else text


def is_row_file(path: Path) -> bool:
    """Say whether a file has rows, and not streams: whether the first of its values has the field ``INPUT``."""
    with contextlib.suppress(InputError):
        return any(isinstance(item, dict) and "INPUT" in item for item in read_array(path)[:1])
    return False


def read_rows(path: Path, experiment: int) -> list[Row]:
    """Read a file of rows.

    Raises:
        InputErrors: Every wrong field of every row, as ``file: row 3.INPUT.stage``, at once.
        InputError: The file is not there, or is neither a JSON array nor JSON Lines.
    """
    found: list[Row] = []
    errors: list[InputError] = []
    for number, item in enumerate(read_array(path), start=1):
        try:
            found.append(KINDS[experiment].model_validate(item))
        except ValidationError as error:
            errors += validation_errors(error, f"{path}: row {number}", _fix(item, experiment))
    if errors:
        raise InputErrors(errors)
    return found


def read_array(path: Path) -> list[Any]:
    """Return the elements of a file that holds a JSON array, or one value per line; raises InputError for any other."""
    if path.suffix == ".jsonl":
        return list(_lines(path))
    items = read_json(path)
    if not isinstance(items, list):
        raise InputError("is not a JSON array of rows", where=str(path), fix="put the rows into [ ]")
    return items


def _lines(path: Path) -> Iterator[Any]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                where = f"{path}:{number}"
                raise InputError(f"is not JSON: {error.msg}", where=where, fix="correct the line named") from None


def read_json(path: Path) -> Any:
    """Return the value in a JSON file; raises InputError when it cannot be read."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}"
        raise InputError(f"is not JSON: {error.msg}", where=where, fix="correct the line named") from None


def write_rows(rows: Iterable[Row]) -> str:
    """Return rows as the text of a JSON array with one row per line."""
    lines = (json.dumps(row.model_dump(mode="json", exclude_none=True), ensure_ascii=False) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _fix(item: Any, experiment: int) -> str:
    given = item.get("INPUT") if isinstance(item, dict) else None
    # Fields that only rows of the other experiment have.
    foreign = {1: {"curr_problem_prior_submissions"}, 2: {"stage", "quantile"}}[experiment]
    if isinstance(given, dict) and foreign & given.keys():
        return f"this is a row of experiment {3 - experiment}: set recipes.student.experiment, or give another file"
    return "correct or remove the row"


def _present(prior: list[Any]) -> list[Any]:
    start = next((index for index, item in enumerate(prior) if item != _ABSENT), len(prior))
    return prior[start:]
