"""Read problems and samples in the formats people have: MBPP, HumanEval, EvalPlus's, LiveCodeBench's, own rows."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.readers import formats
from codekiln.data.readers.evalplus import EvalPlusRow, from_humaneval_plus, from_mbpp_plus
from codekiln.data.readers.files import FIX, Row, rows_of
from codekiln.data.readers.livecodebench import LiveCodeBench, from_livecodebench
from codekiln.data.readers.packages import missing_packages
from codekiln.data.readers.program_use import refuse_unused_program
from codekiln.data.readers.samples import ProblemNames, iterate_samples, read_located_samples, read_samples
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors, did_you_mean

__all__ = [
    "ProblemNames",
    "iterate_samples",
    "missing_packages",
    "read_located_samples",
    "read_problems",
    "read_samples",
]

Made = TypeVar("Made")
_FORMATS: dict[str, tuple[type[BaseModel], Callable[[Any, str, int], Problem]]] = {
    "humaneval-plus": (EvalPlusRow, from_humaneval_plus),
    "mbpp-plus": (EvalPlusRow, from_mbpp_plus),
    "mbpp": (formats.Mbpp, formats.from_mbpp),
    "sanitized-mbpp": (formats.SanitizedMbpp, formats.from_sanitized),
    "humaneval": (formats.HumanEval, formats.from_humaneval),
    "livecodebench": (LiveCodeBench, from_livecodebench),
    "plain": (Problem, formats.from_plain),
}
_PLUS_FIELDS = {"prompt", "entry_point", "canonical_solution", "base_input", "plus_input"}
# The first that fits: HumanEval+ has all of HumanEval's fields, and MBPP+ all of HumanEval+'s.
_REQUIRED_FIELDS = {
    "mbpp-plus": _PLUS_FIELDS | {"assertion"},
    "humaneval-plus": _PLUS_FIELDS,
    "mbpp": {"text", "code", "test_list"},
    "sanitized-mbpp": {"prompt", "code", "test_list"},
    "humaneval": {"prompt", "entry_point", "canonical_solution", "test"},
    "livecodebench": {"question_id", "question_content", "public_test_cases", "private_test_cases"},
    "plain": {"task_id", "prompt"},
}


def read_problems(source: str, format: str | None = None, show: int = 1) -> list[Problem]:
    """Read the problems of a file (.jsonl, .json, either with .gz) or of a data set on the Hub.

    Args:
        source: A path, or a Hub id such as ``google-research-datasets/mbpp``, with ``:config`` when it has several.
        format: one of `FORMATS`; by default told from the first row's fields.
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
    problems = _convert(rows, model, lambda row, where: _checked(convert(row, where, show), where))
    _refuse_twins(problems, rows)
    return problems


def _convert(rows: list[Row], model: type[BaseModel], convert: Callable[[Any, str], Made]) -> list[Made]:
    made: list[Made] = []
    errors: list[InputError] = []
    for where, row in rows:
        try:
            made.append(convert(model.model_validate_json(json.dumps(row)), where))
        except ValidationError as error:
            errors += validation_errors(error, where, FIX)
        except InputErrors as several:
            errors += several.errors
    if errors:
        raise InputErrors(errors)
    return made


def _checked(problem: Problem, where: str) -> Problem:
    refuse_unused_program(problem, where)
    return problem


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
