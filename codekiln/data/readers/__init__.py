"""Read problems and samples in the formats people have: MBPP, sanitized MBPP, HumanEval, EvalPlus samples, own rows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.readers import formats
from codekiln.data.readers.files import Row, rows_of, rows_of_file
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, InputErrors, did_you_mean

Made = TypeVar("Made")
_FIX = "correct or remove the row"
_FORMATS: dict[str, tuple[type[BaseModel], Callable[[Any, str, int], Problem]]] = {
    "mbpp": (formats.Mbpp, formats.from_mbpp),
    "sanitized-mbpp": (formats.SanitizedMbpp, formats.from_sanitized),
    "humaneval": (formats.HumanEval, formats.from_humaneval),
    "plain": (Problem, formats.from_plain),
}
_REQUIRED_FIELDS = {
    "mbpp": {"text", "code", "test_list"},
    "sanitized-mbpp": {"prompt", "code", "test_list"},
    "humaneval": {"prompt", "entry_point", "canonical_solution", "test"},
    "plain": {"task_id", "prompt"},
}


def read_problems(source: str, format: str | None = None, show: int = 1) -> list[Problem]:
    """Read the problems of a file (.jsonl, .json, either with .gz) or of a data set on the Hub.

    Args:
        source: A path, or a Hub id such as ``google-research-datasets/mbpp``, with ``:config`` when it has several.
        format: ``mbpp``, ``sanitized-mbpp``, ``humaneval`` or ``plain``; by default told from the first row's fields.
        show: How many of MBPP's tests the prompt shows; the others are hidden and grade. 0 hides all.

    Raises:
        InputError: The source cannot be read, or its format is not known.
        InputErrors: Rows are malformed, each located as ``file:line.field``.
    """
    rows = rows_of(str(source), "sanitized" if format == "sanitized-mbpp" else None)
    chosen = format or _detect(rows[0])
    if chosen not in _FORMATS:
        raise InputError(f"unknown format {chosen!r}", where="format", fix=did_you_mean(chosen, _FORMATS))
    model, convert = _FORMATS[chosen]
    problems = _convert(rows, model, lambda row, where: convert(row, where, show))
    _refuse_twins(problems, rows)
    return problems


def read_samples(path: Path) -> list[Sample]:
    """Read samples as EvalPlus writes them, skipping fields whose names start with ``_``.

    Raises:
        InputErrors: Rows are malformed, each located as ``file:line.field``.
    """
    return [sample for _, sample in read_located_samples(path)]


def read_located_samples(path: Path) -> list[tuple[str, Sample]]:
    """Read samples as ``read_samples`` does, each with its place, ``file:line``."""
    rows = [(where, _known_fields(row)) for where, row in rows_of_file(Path(path))]
    return _convert(rows, Sample, lambda row, where: (where, row))


def _known_fields(row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    known = {key: value for key, value in row.items() if not key.startswith("_")}
    if isinstance(known.get("task_id"), int):
        known["task_id"] = str(known["task_id"])
    return known


def _convert(rows: list[Row], model: type[BaseModel], convert: Callable[[Any, str], Made]) -> list[Made]:
    made: list[Made] = []
    errors: list[InputError] = []
    for where, row in rows:
        try:
            made.append(convert(model.model_validate_json(json.dumps(row)), where))
        except ValidationError as error:
            errors += validation_errors(error, where, _FIX)
        except InputErrors as several:
            errors += several.errors
    if errors:
        raise InputErrors(errors)
    return made


def _refuse_twins(problems: list[Problem], rows: list[Row]) -> None:
    seen: dict[str, str] = {}
    errors = []
    for problem, (where, _) in zip(problems, rows, strict=True):
        if problem.task_id in seen:
            what = f"task_id {problem.task_id!r} is already at {seen[problem.task_id]}"
            errors.append(InputError(what, where=f"{where}.task_id", fix="give each problem its own task_id"))
        seen.setdefault(problem.task_id, where)
    if errors:
        raise InputErrors(errors)


def _detect(row: Row) -> str:
    keys = set(row[1]) if isinstance(row[1], dict) else set()
    for name, needed in _REQUIRED_FIELDS.items():
        if needed <= keys:
            return name
    raise InputError(
        f"not a known problem format: its first row has the fields {', '.join(sorted(keys)) or 'of no object'}",
        where=row[0],
        fix="use MBPP's, HumanEval's or codekiln's own fields (task_id, prompt, tests), or name the format",
    )
