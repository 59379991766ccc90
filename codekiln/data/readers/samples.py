"""Samples as people have them: rows of a file, or a folder of programs in EvalPlus's layout."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, starmap
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.readers.files import FIX, Row, rows_of_file
from codekiln.data.records import Problem, Sample
from codekiln.data.text import read_text
from codekiln.errors import InputError, InputErrors, did_you_mean

_FIELDS = tuple(Sample.model_fields)
_TEXTS = ("solution", "completion")
_REPLIES = ("response", "generation", "generated_text", "output")
"""What other tools call a reply; each is read as a completion, and counts where a row has none of `_TEXTS`."""
_LISTS = ("solutions", "completions", "responses", "generations", "generated_texts", "generated_sequences", "outputs")
"""What they call several replies to one problem in one row; ``solutions`` stand alone."""
_SHOWN_NAMES = 10


def read_samples(path: Path) -> list[Sample]:
    """Read samples as ``iterate_samples`` does.

    Raises:
        InputError: The file or folder cannot be read.
        InputErrors: Rows are malformed, each located as ``file:line.field``.
    """
    return [sample for _, sample in iterate_samples(path)]


def read_located_samples(path: Path) -> list[tuple[str, Sample]]:
    """Read samples as ``iterate_samples`` does, each with its place, ``file:line``."""
    return list(iterate_samples(path))


def iterate_samples(path: Path, is_quiet: bool = False) -> Iterator[tuple[str, Sample]]:
    """Yield the samples of a file (.jsonl or .json, either with .gz) or a folder, each with its place.

    A folder has a folder of programs for each task, ``HumanEval_0/0.py``, or one program for each, ``HumanEval_0.py``.
    Of a row with a solution and a completion, the solution counts. A row with neither may have a ``response``, a
    ``generation`` or the like, or several replies as a list, such as ``completions``: each is a sample. Other fields
    are ignored, and named on one line of standard error at the end, unless ``is_quiet``; names that start with ``_``
    are not mentioned.

    Raises:
        InputError: The file or folder cannot be read; raised when it is found out.
        InputErrors: Rows are malformed, each located as ``file:line.field``; raised at the end.
    """
    path = Path(path)
    ignored: dict[str, None] = {}
    errors: list[InputError] = []
    rows = _rows_of_folder(path, ignored) if path.is_dir() else rows_of_file(path, _sample_or_row)
    for where, row in chain.from_iterable(starmap(_single, rows)):
        if isinstance(row, Sample):
            yield where, row
            continue
        try:
            # From JSON, because only that refuses lone surrogates, which no graded row can hold.
            sample = Sample.model_validate_json(json.dumps(_known_fields(row, ignored)))
        except ValidationError as error:
            errors += validation_errors(error, where, FIX)
        else:
            yield where, sample
    if errors:
        raise InputErrors(errors)
    if ignored and not is_quiet:
        more = f" and {len(ignored) - _SHOWN_NAMES:,} more" if len(ignored) > _SHOWN_NAMES else ""
        kind = "files" if path.is_dir() else "fields"
        print(f"{path}: ignored {kind}: {', '.join(sorted(ignored)[:_SHOWN_NAMES])}{more}", file=sys.stderr)


class ProblemNames:
    """Finds the problem that a sample's ``task_id`` names, in the spellings that people use.

    ``2``, ``Mbpp/2``, ``MBPP/2`` and ``mbpp_002`` name the same problem, unless two problems are meant.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self._exact = {problem.task_id: problem for problem in problems}
        self._spelled: dict[str, Problem | None] = {}
        self._numbered: dict[str, Problem | None] = {}
        for problem in problems:
            spelled = _spelling(problem.task_id)
            for names, name in ((self._spelled, spelled), (self._numbered, spelled.rpartition("/")[2])):
                names[name] = None if name in names else problem

    def find(self, task_id: str) -> Problem | None:
        """Return the problem, or None when the name fits none, or several."""
        if found := self._exact.get(task_id):
            return found
        spelled = _spelling(task_id)
        if spelled in self._spelled:
            return self._spelled[spelled]
        prefix, _, number = spelled.rpartition("/")
        # Only one of the two may lack the prefix: HumanEval/2 is not Mbpp/2.
        return self._spelled.get(number) if prefix else self._numbered.get(number)

    def refusal(self, task_id: str, where: str) -> InputError:
        """Return the error of a sample that names no problem, or several."""
        hint = did_you_mean(task_id, self._exact)
        if not hint.startswith("did") and len(self._exact) > _SHOWN_NAMES:
            hint = f"name a problem: they are called like '{next(iter(self._exact))}'"
        return InputError(f"no problem is called '{task_id}'", where=f"{where}.task_id", fix=hint)


def _spelling(task_id: str) -> str:
    parts = re.split(r"[/_\-\s]+", task_id.strip().lower())
    return "/".join(part.lstrip("0") or "0" if part.isdecimal() else part for part in parts)


def _sample_or_row(line: str) -> Any:
    """Return a line's sample, or its row where that needs more than to be read: other fields, or other names."""
    try:
        return Sample.model_validate_json(line)
    except ValidationError:
        return json.loads(line)


def _single(where: str, row: Any) -> Iterator[Row]:
    """Yield a row for each reply that a row has, under a name that a sample has."""
    if isinstance(row, dict) and not any(row.get(name) is not None for name in _TEXTS):
        for name in _REPLIES:
            if isinstance(row.get(name), str):
                yield where, {**row, name: None, "completion": row[name]}
                return
        for name in _LISTS:
            if isinstance(texts := row.get(name), list):
                field = "solution" if name == "solutions" else "completion"
                rest = {**row, name: None}
                yield from ((f"{where}.{name}[{place}]", {**rest, field: text}) for place, text in enumerate(texts))
                return
    yield where, row


def _known_fields(row: Any, ignored: dict[str, None]) -> Any:
    if not isinstance(row, dict):
        return row
    known = {key: value for key, value in row.items() if key in _FIELDS and value is not None}
    if "solution" in known and "completion" in known:
        del known["completion"]
    # Neither matters to a verdict, and other tools write other things there.
    for field, kind in (("model", str), ("seed", int)):
        if field in known and type(known[field]) is not kind:
            del known[field]
    ignored.update(
        (key, None) for key, value in row.items() if key not in known and value is not None and key[:1] != "_"
    )
    if type(known.get("task_id")) is int:
        known["task_id"] = str(known["task_id"])
    return known


def _rows_of_folder(folder: Path, ignored: dict[str, None]) -> Iterator[Row]:
    found = False
    for path in sorted(folder.iterdir(), key=_by_number):
        if path.name.startswith((".", "__")):
            continue
        programs = sorted(path.glob("*.py"), key=_by_number) if path.is_dir() else [path] * (path.suffix == ".py")
        if not programs:
            ignored[path.name] = None
        for program in programs:
            found = True
            task_id = path.name if path.is_dir() else path.stem
            yield str(program), {"task_id": task_id, "solution": read_text(program)}
    if not found:
        fix = "give a file of samples, or a folder with programs such as HumanEval_0/0.py"
        raise InputError("has no programs", where=str(folder), fix=fix)


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Return a key that sorts ``10.py`` after ``9.py``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]
