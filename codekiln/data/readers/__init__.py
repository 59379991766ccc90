"""Read problems and samples in the formats people have: those of published data sets, and codekiln's own rows."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.readers import formats
from codekiln.data.readers.apps import Apps, from_apps
from codekiln.data.readers.codeforces import Codeforces, from_codeforces
from codekiln.data.readers.evalplus import EvalPlusRow, from_humaneval_plus, from_mbpp_plus
from codekiln.data.readers.files import FIX, Row, located_rows_of
from codekiln.data.readers.leetcode import LeetCode, from_leetcode
from codekiln.data.readers.livecodebench import LiveCodeBench, from_livecodebench
from codekiln.data.readers.packages import missing_packages
from codekiln.data.readers.program_use import refuse_unused_program
from codekiln.data.readers.rewards import RStar, Verl, from_rstar, from_verl
from codekiln.data.readers.samples import ProblemNames, iterate_samples, read_located_samples, read_samples
from codekiln.data.readers.verifiable import DeepCoder, Verifiable, from_deepcoder, from_verifiable
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors, closest, did_you_mean

__all__ = [
    "ProblemNames",
    "iterate_samples",
    "missing_packages",
    "read_located_samples",
    "read_located_problems",
    "read_problems",
    "read_samples",
]

_FORMATS: dict[str, tuple[type[BaseModel], Callable[[Any, str, int], Problem]]] = {
    "humaneval-plus": (EvalPlusRow, from_humaneval_plus),
    "mbpp-plus": (EvalPlusRow, from_mbpp_plus),
    "mbpp": (formats.Mbpp, formats.from_mbpp),
    "sanitized-mbpp": (formats.SanitizedMbpp, formats.from_sanitized),
    "humaneval": (formats.HumanEval, formats.from_humaneval),
    "livecodebench": (LiveCodeBench, from_livecodebench),
    "leetcode": (LeetCode, from_leetcode),
    "apps": (Apps, from_apps),
    "verifiable": (Verifiable, from_verifiable),
    "deepcoder": (DeepCoder, from_deepcoder),
    "acecode": (formats.AceCode, formats.from_acecode),
    "verl": (Verl, from_verl),
    "rstar": (RStar, from_rstar),
    "codeforces": (Codeforces, from_codeforces),
    "plain": (Problem, formats.from_plain),
}
_PUBLISHED = """
    text code test_list test_setup_code challenge_test_list source_file test_imports test prompt entry_point task_id
    canonical_solution declaration example_test buggy_solution bug_type failure_symptoms import helper instruction
    docstring signature contract base_input plus_input atol assertion complete_prompt instruct_prompt code_prompt
    doc_struct libs question_title question_content platform question_id contest_id contest_date starter_code difficulty
    public_test_cases private_test_cases metadata problem_id question solutions input_output url problem_description
    completion tags query response estimated_date source task_type in_source_id problem_statement problem tests
    gold_standard_solution verification_info hf_dataset_name llm_response id test_cases inferences context_messages
    prompt reward_model data_source ability extra_info inputs outputs is_synthesized test_case_type func_name class_name
    description official_tests examples aliases contest_name contest_type contest_start contest_start_year index
    time_limit memory_limit title input_format output_format interaction_format note editorial rating testset_size
    official_tests_complete input_mode generated_checker executable generated_tests
"""
"""Fields of MBPP, HumanEval, HumanEvalPack, EvalPlus, BigCodeBench, LiveCodeBench, LeetCodeDataset, APPS,
PrimeIntellect's sets, DeepCoder's, AceCode, verl's, rStar-Coder's and open-r1/codeforces: none is a misspelling."""
_NOT_READ = {
    "BigCodeBench's, whose tests are classes of unittest": {"complete_prompt", "instruct_prompt", "test"},
    "KodCode's, whose tests are files of pytest": {"question", "solution", "test", "test_info"},
    "CodeContests', whose tests are in three tables": {"public_tests", "private_tests", "generated_tests"},
}
"""Data sets that people bring and that are not read, by their fields."""
_OWN_ROWS = (
    "write rows with codekiln's own fields: task_id, prompt, entry_point, and tests, a list such as "
    '["assert f(1) == 2"] or [{"stdin": "1", "stdout": "2"}]'
)
_OF_DATA_SETS = frozenset(_PUBLISHED.split())
_PLUS_FIELDS = {"prompt", "entry_point", "canonical_solution", "base_input", "plus_input"}
# The first that fits: HumanEval+ has all of HumanEval's fields, and MBPP+ all of HumanEval+'s.
_REQUIRED_FIELDS = {
    "mbpp-plus": _PLUS_FIELDS | {"assertion"},
    "humaneval-plus": _PLUS_FIELDS,
    "mbpp": {"text", "code", "test_list"},
    "sanitized-mbpp": {"prompt", "code", "test_list"},
    "humaneval": {"prompt", "entry_point", "canonical_solution", "test"},
    "livecodebench": {"question_id", "question_content", "public_test_cases", "private_test_cases"},
    "leetcode": {"prompt", "entry_point", "test", "completion", "problem_description", "starter_code"},
    "apps": {"question", "input_output", "solutions"},
    "verifiable": {"problem_id", "verification_info"},
    "deepcoder": {"problem", "tests", "solutions"},
    "acecode": {"question", "test_cases"},
    "verl": {"prompt", "reward_model"},
    "rstar": {"question_id", "question", "inputs", "outputs"},
    "codeforces": {"description", "official_tests"},
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
    return [problem for _, problem in read_located_problems(source, format, show)]


def read_located_problems(source: str, format: str | None = None, show: int = 1) -> list[tuple[str, Problem]]:
    """Read problems as `read_problems` does, each with its place, ``file:line``.

    Raises:
        InputError: The source cannot be read, or its format is not known.
        InputErrors: Rows are malformed or have the name of an earlier one; all of them, in the order of the file.
    """
    if format is not None and format not in _FORMATS:
        raise InputError(f"unknown format {format!r}", where="format", fix=did_you_mean(format, _FORMATS))
    rows = located_rows_of(str(source), "sanitized" if format == "sanitized-mbpp" else None)
    chosen = format or _detect(rows)
    _refuse_other_form(rows, chosen, source)
    model, convert = _FORMATS[chosen]
    made: list[tuple[str, Problem]] = []
    errors: list[InputError] = []
    places: dict[str, str] = {}
    unknown: Counter[str] = Counter()
    for where, row in rows:
        try:
            problem = _problem(model, convert, where, row, show)
            _refuse_twin(problem, where, places)
            made.append((where, problem))
        except InputErrors as several:
            errors += several.errors
        except InputError as error:
            errors.append(error)
        unknown.update(row.keys() - _OF_DATA_SETS - model.model_fields.keys() if isinstance(row, dict) else ())
    if errors:
        raise InputErrors(errors)
    _say_misspelt(source, unknown, model)
    return made


def _problem(
    model: type[BaseModel], convert: Callable[[Any, str, int], Problem], where: str, row: Any, show: int
) -> Problem:
    if isinstance(row, InputError):
        raise row
    try:
        checked = model.model_validate_json(json.dumps(row))
    except ValidationError as error:
        found = validation_errors(error, where, FIX, model, row)
        raise InputErrors([*found, *formats.unreadable_tests(row, where)]) from None
    problem = convert(checked, where, show)
    refuse_unused_program(problem, where)
    return problem


def _refuse_twin(problem: Problem, where: str, places: dict[str, str]) -> None:
    if (earlier := places.setdefault(problem.task_id, where)) != where:
        what = f"task_id {problem.task_id!r} is already at {earlier}"
        raise InputError(what, where=f"{where}.task_id", fix="give each problem its own task_id")


def _say_misspelt(source: str, unknown: Mapping[str, int], model: type[BaseModel]) -> None:
    """Name fields that are ignored, once each, where they are close to one that is not; others are the data set's."""
    for name, count in unknown.items():
        if near := closest(name, model.model_fields, 0.8):
            rows = f"{count:,} rows" if count > 1 else "one row"
            print(f"{source}: ignored field '{name}' of {rows}: did you mean '{near}'?", file=sys.stderr)


def _detect(rows: list[Row]) -> str:
    """Return the format of the first row that has one; a row may have a mistake, and all of them no format."""
    objects = [(where, row) for where, row in rows if isinstance(row, dict)]
    for _, row in objects:
        for name, needed in _REQUIRED_FIELDS.items():
            if needed <= row.keys():
                return name
    if not objects:
        raise InputErrors([row for _, row in rows if isinstance(row, InputError)] or [_no_object(rows[0][0])])
    where, row = objects[0]
    if known := next((name for name, fields in _NOT_READ.items() if fields <= row.keys()), None):
        raise InputError(f"a problem format that is not read: {known}", where=where, fix=_OWN_ROWS)
    name, lacking = min(
        ((name, needed - row.keys()) for name, needed in _REQUIRED_FIELDS.items()),
        key=lambda item: (len(item[1]) - 2 * len(_pairs(item[1], row)), len(item[1])),
    )
    pairs = _pairs({*lacking, *({"task_id"} - row.keys())}, row)
    if pairs and (name == "plain" or lacking <= pairs.keys()):
        hints = [f"did you mean '{field}' by '{given}'?" for field, given in sorted(pairs.items())]
        fix = " ".join([*hints, f"Then it would be {name}'s form" if name != "plain" else ""]).strip()
    else:
        fix = _OWN_ROWS
    raise InputError(
        f"not a known problem format: its first row has the fields {', '.join(sorted(row)) or 'of no object'}",
        where=where,
        fix=fix,
    )


def _refuse_other_form(rows: list[Row], chosen: str, source: str) -> None:
    """Refuse a format that no row has where the rows have another one."""
    objects = [row for _, row in rows if isinstance(row, dict)]
    if any(_REQUIRED_FIELDS[chosen] <= row.keys() for row in objects):
        return
    if others := [name for name, needed in _REQUIRED_FIELDS.items() if objects and needed <= objects[0].keys()]:
        what = f"its rows have the form {others[0]!r}, not {chosen!r}"
        raise InputError(what, where=source, fix="leave problems.format at 'auto'")


def _pairs(lacking: Iterable[str], row: Mapping[str, Any]) -> dict[str, str]:
    """Return by each field that a row lacks the one of its fields that may stand for it, and for no other."""
    spare = [given for given in row if all(given not in needed for needed in _REQUIRED_FIELDS.values())]
    pairs = {field: near for field in sorted(lacking) if (near := closest(field, spare, 0.7))}
    return {field: near for near, field in {near: field for field, near in pairs.items()}.items()}


def _no_object(where: str) -> InputError:
    return InputError("not a known problem format: its rows are no objects", where=where, fix="give one object a row")
