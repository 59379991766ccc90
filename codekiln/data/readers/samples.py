"""Samples as people have them: rows of a file, or a folder of programs in EvalPlus's layout."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, starmap
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.readers import inspect_logs
from codekiln.data.readers.files import FIX, Row, located_rows
from codekiln.data.readers.sample_forms import IDS, LISTS, MODELS, REPLIES, TEXTS, is_known, single, without_names
from codekiln.data.records import Problem, Sample
from codekiln.data.text import read_text
from codekiln.errors import InputError, InputErrors, closest, did_you_mean

_FIELDS = tuple(Sample.model_fields)
_OPTIONAL = frozenset({"model", "seed"})
_SHOWN_NAMES = 10
_LANGUAGES = ("python", "py")
_MOST_FIELDS, _SHOWN_CLOSE = 20, 3


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
    ``generation`` or the like, or several replies as a list, such as ``completions``: each is a sample; `sample_forms`
    says what is understood. Other fields are ignored, and named on one line of standard error at the end, unless
    ``is_quiet``; names that start with ``_`` are not mentioned.

    Raises:
        InputError: The file or folder cannot be read; raised when it is found out.
        InputErrors: Rows are malformed, each located as ``file:line.field``; raised at the end. A file whose rows
            are all of an unknown form is one error.
    """
    path = Path(path)
    ignored: dict[str, None] = {}
    faults = _Faults(path)
    rows = _rows_of_folder(path, ignored) if path.is_dir() else _rows_of_file(path)
    for where, row in chain.from_iterable(starmap(single, rows)):
        if isinstance(row, Sample):
            faults.samples += 1
            yield where, row
            continue
        if isinstance(row, InputError):
            faults.errors.append(row)
            continue
        try:
            # From JSON, because only that refuses lone surrogates, which no graded row can hold.
            sample = Sample.model_validate_json(json.dumps(_known_fields(row, ignored)))
        except ValidationError as error:
            faults.add(where, row, error)
        else:
            faults.samples += 1
            yield where, sample
    faults.raise_them()
    if ignored and not is_quiet:
        more = f" and {len(ignored) - _SHOWN_NAMES:,} more" if len(ignored) > _SHOWN_NAMES else ""
        kind = "files" if path.is_dir() else "fields"
        meant = [
            f"did you mean '{near}' by '{name}'?"
            for name in ignored
            if name not in _FIELDS and (near := closest(name, _OPTIONAL, 0.7))
        ]
        line = ", ".join(sorted(ignored)[:_SHOWN_NAMES]) + more
        print(f"{path}: ignored {kind}: {'; '.join([line, *(meant if path.is_file() else ())])}", file=sys.stderr)


class _Faults:
    """What is wrong with the rows of a file: each row of an unknown form, or once the form where no row is a sample."""

    def __init__(self, path: Path) -> None:
        self._path, self._where, self._fields = path, "", dict[str, None]()
        self._unknown = 0
        self.samples = 0
        self.errors: list[InputError] = []

    def add(self, where: str, row: Any, error: ValidationError) -> None:
        """Note a row that is no sample."""
        if is_known(row) or not isinstance(row, dict):
            self.errors += validation_errors(error, where, FIX, Sample)
            return
        self._unknown += 1
        self._where = self._where or where
        self._fields.update(dict.fromkeys(row))
        # Suggestions take a while, and are shown for the first rows only.
        fix = _understood(row) if self._unknown <= InputErrors.SHOWN else ""
        self.errors.append(InputError(_lack_of(row), where=where, fix=fix))

    def raise_them(self) -> None:
        """Raise what is wrong, if anything is."""
        if self._unknown > 1 and self._unknown == len(self.errors) and not self.samples:
            shown = ", ".join(list(self._fields)[:_MOST_FIELDS]) or "none"
            what = f"not a known form of samples: {self._unknown:,} rows, with the fields {shown}"
            raise InputErrors([InputError(what, where=self._where, fix=_understood(dict(self._fields)))])
        if self.errors:
            raise InputErrors(self.errors)


def _lack_of(row: Mapping[str, Any]) -> str:
    lacking = " and ".join(
        what
        for what, fields in (("no name of a problem", IDS), ("no program", (*TEXTS, *REPLIES, *LISTS)))
        if not any(row.get(field) is not None for field in fields)
    )
    return (
        f"{lacking or 'its name of a problem is none'}: its fields are {', '.join(list(row)[:_MOST_FIELDS]) or 'none'}"
    )


def _understood(row: Mapping[str, Any]) -> str:
    """Return what names a problem and a program, or which field is misspelt."""
    known = (*IDS, *TEXTS, *REPLIES, *LISTS, *MODELS)
    close = [(name, near) for name in row if name not in known and (near := closest(name, known, 0.7))]
    hints = [f"did you mean '{near}' by '{name}'?" for name, near in close[:_SHOWN_CLOSE]]
    ids, texts, lists = (", ".join(names) for names in (IDS[:5], (*TEXTS, *REPLIES[:6]), LISTS[:6]))
    forms = f"name the problem as one of {ids}; the program as one of {texts}; several as a list: {lists}"
    return " ".join([*hints, forms])


class ProblemNames:
    """Finds the problem that a sample's ``task_id`` names, in the spellings that people use.

    ``2``, ``Mbpp/2``, ``MBPP/2`` and ``mbpp_002`` name the same problem, unless two problems are meant, and so do
    ``LiveCodeBench/1873_A`` and ``1873_A``.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self._exact = {problem.task_id: problem for problem in problems}
        self._spelled: dict[str, Problem | None] = {}
        self._numbered: dict[str, Problem | None] = {}
        self._in_set: dict[str, Problem | None] = {}
        for problem in problems:
            spelled = _spelling(problem.task_id)
            kinds = [(self._spelled, spelled), (self._numbered, spelled.rpartition("/")[2])]
            # Names within a set may have a mark themselves: LiveCodeBench/1873_A.
            kinds += [(self._in_set, spelled.partition("/")[2])] if "/" in problem.task_id else []
            for names, name in kinds:
                names[name] = None if name in names else problem

    def find(self, task_id: str) -> Problem | None:
        """Return the problem, or None when the name fits none, or several."""
        if found := self._exact.get(task_id):
            return found
        spelled = _spelling(task_id)
        if spelled in self._spelled:
            return self._spelled[spelled]
        if found := self._in_set.get(spelled):
            return found
        prefix, _, number = spelled.rpartition("/")
        if prefix in _LANGUAGES:  # HumanEval-X
            return self._numbered.get(number)
        # MultiPL-E puts the entry point behind the number.
        parts = spelled.split("/")
        named = self._spelled.get("/".join(parts[:2]))
        if named and len(parts) > 2 and "/".join(parts[2:]) == _spelling(named.entry_point or ""):
            return named
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
    # Tables write whole numbers as floats once a column has an empty cell.
    parts = [part.removesuffix(".0") if part.removesuffix(".0").isdecimal() else part for part in parts]
    return "/".join(part.lstrip("0") or "0" if part.isdecimal() else part for part in parts)


def _rows_of_file(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, and an InputError for each line that cannot be read.

    A file of lists of replies, which name no problem, is read where its length says which problems they are.
    """
    if inspect_logs.is_log(path):
        yield from inspect_logs.rows(path)
        return
    rows = located_rows(path, _sample_or_row)
    first = next(rows, None)
    if first is None or not isinstance(first[1], list):
        yield from chain([first] if first else [], rows)
        return
    lists = [first, *rows]
    if (named := without_names(lists)) is None:
        what = f"{len(lists)} lists of replies that name no problem"
        fix = (
            "give rows with task_id and completions; only 164 (HumanEval) or 500 (MBPP's test split) have a known order"
        )
        raise InputError(what, where=str(path), fix=fix)
    yield from named


def _sample_or_row(line: str) -> Any:
    """Return a line's sample, or its row where that needs more than to be read: other fields, or other names."""
    try:
        return Sample.model_validate_json(line)
    except ValidationError:
        return json.loads(line)


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
