"""Samples of the problems: from files of earlier model runs, graded or not, or from the teacher."""

import glob
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codekiln.data.files import sha256_file, validation_errors
from codekiln.data.folders import DATA
from codekiln.data.readers.files import rows_of_file
from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError, InputErrors
from codekiln.sandbox.grading import program_of
from codekiln.teachers import Teacher

WHERE = "recipes.difficulty.runs"
CLAIMS = frozenset({"passed", "result", "completion_id"})
"""What other graders add to a sample. It is ignored: every program is run here before it counts."""
_SUFFIXES = (".gz", ".jsonl", ".json")


@dataclass(frozen=True)
class ModelRuns:
    """Samples of earlier runs; ``model`` of each is the name of its run.

    Attributes:
        samples: The samples of each problem by task_id, in the order of the files.
        others: How many samples name none of the problems, by run.
    """

    samples: dict[str, list[Sample]]
    others: dict[str, int]


def from_runs(patterns: Sequence[str], problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
    """Yield each problem with its samples of all runs; see `read` for errors."""
    problems = list(problems)
    found = read(patterns, problems)
    for run, others in found.others.items():
        if others:
            print(f"generate: {others} samples of {run} are of no training problem and left out", flush=True)
    yield from ((problem, found.samples.get(problem.task_id, [])) for problem in problems)


def from_teacher(teacher: Teacher[Any], problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
    """Yield each problem with what the teacher writes; each sample's model states how it was drawn.

    Raises:
        InputError: The teacher rewrites references, which says nothing about difficulty.
    """
    if teacher.name == "reference":
        raise InputError(
            "the teacher 'reference' rewrites known solutions, which says nothing about how hard a problem is",
            where="teacher",
            fix="choose teacher=model or teacher=endpoint, or give samples of model runs as recipes.difficulty.runs",
        )
    sampling = getattr(teacher.settings, "sampling", None)
    label = f" (temperature {sampling.temperature:g}, top_p {sampling.top_p:g})" if sampling else ""
    for problem, samples in teacher.solve(problems):
        yield problem, [row.model_copy(update={"model": f"{row.model}{label}"}) for row in samples]


def files(patterns: Sequence[str]) -> list[Path]:
    """Return the files that paths, folders of graded rows, and globs name, in the order of the patterns.

    A file that several patterns name, however they call it, is there once.

    Raises:
        InputErrors: Some pattern names no file.
    """
    found: dict[Path, Path] = {}
    errors = []
    for pattern in patterns:
        paths = [_file(Path(name)) for name in sorted(glob.glob(str(Path(pattern).expanduser()), recursive=True))]
        for path in paths:
            if path is not None:
                found.setdefault(path.resolve(), path)
        if not any(paths):
            fix = "give files of samples or of graded rows, or folders that hold data.jsonl, from where the run starts"
            errors.append(InputError(f"'{pattern}' names no file in {Path.cwd()}", where=WHERE, fix=fix))
    if errors:
        raise InputErrors(errors)
    return list(found.values())


def digests(patterns: Sequence[str]) -> dict[str, str]:
    """Return the sha256 of each run's file, by the name of the run."""
    paths = files(patterns)
    return dict(zip(labels(paths), map(sha256_file, paths), strict=True))


def labels(paths: Sequence[Path]) -> list[str]:
    """Return a short name for each file: as many of its last parts as it takes to tell the files apart."""
    parts = [_parts(path) for path in paths]
    for depth in range(1, max((len(each) for each in parts), default=0) + 1):
        names = ["/".join(each[-depth:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    return [path.absolute().as_posix().removeprefix("/") for path in paths]


def read(patterns: Sequence[str], problems: Iterable[Problem]) -> ModelRuns:
    """Read the samples of ``problems`` in the files of runs, as whole programs with LF line ends.

    A run's name is its file's; where a file holds samples of several models, ``<file>:<model>``. Verdicts in the
    files are ignored.

    Raises:
        InputErrors: A file or a row cannot be read, or a file has no sample of any of the problems.
    """
    names = _Names(problems)
    samples: dict[str, list[Sample]] = {}
    others: dict[str, int] = {}
    errors: list[InputError] = []
    paths = files(patterns)
    for label, path in zip(labels(paths), paths, strict=True):
        try:
            rows = _rows(path)
        except InputError as error:
            errors.append(error)
            continue
        known = [(problem, row) for row in rows if (problem := names.find(row.task_id))]
        several = len({row.model for row in rows}) > 1
        for problem, row in known:
            run = f"{label}:{row.model}" if several else label
            samples.setdefault(problem.task_id, []).append(_whole(problem, row, run))
        others[label] = len(rows) - len(known)
        if not known:
            errors.append(_no_match(path, rows, names))
    if errors:
        raise InputErrors(errors)
    return ModelRuns(samples, others)


def _file(path: Path) -> Path | None:
    return next((one for one in (path, path / DATA) if one.is_file()), None)


def _parts(path: Path) -> tuple[str, ...]:
    whole = path.absolute().parent if path.name == DATA else path.absolute()
    name = whole.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return (*whole.parts[1:-1], name)


def _rows(path: Path) -> list[Sample]:
    samples: list[Sample] = []
    errors: list[InputError] = []
    for where, row in rows_of_file(path):
        try:
            samples.append(_sample(row))
        except ValidationError as error:
            errors += validation_errors(error, where, "give a row of samples or of graded samples, or remove it")
    if errors:
        raise InputErrors(errors)
    return samples


def _sample(row: Any) -> Sample:
    if isinstance(row, dict) and "sample" in row:
        return Graded.model_validate_json(json.dumps(row)).sample
    if isinstance(row, dict):
        row = {key: value for key, value in row.items() if not key.startswith("_") and key not in CLAIMS}
        # MBPP numbers its problems, and graders copy the number as it is.
        if isinstance(row.get("task_id"), int):
            row["task_id"] = str(row["task_id"])
    return Sample.model_validate_json(json.dumps(row))


def _whole(problem: Problem, sample: Sample, run: str) -> Sample:
    # Foreign line ends would make equal programs differ, and would be learned from training rows.
    text = program_of(problem, sample).replace("\r\n", "\n").replace("\r", "\n")
    return Sample(task_id=problem.task_id, solution=text, model=run, seed=sample.seed)


def _no_match(path: Path, rows: Sequence[Sample], names: "_Names") -> InputError:
    if not rows:
        return InputError("has no samples", where=str(path), fix="give the file that the run has written")
    what = f"none of its {len(rows)} samples is of a training problem: they are called like {rows[0].task_id!r}"
    fix = f"give problems.source the problems of these runs; its training problems are called like {names.example!r}"
    return InputError(what, where=str(path), fix=fix)


class _Names:
    """Problems by name; ``2``, ``MBPP/2`` and ``Mbpp/2`` are one name, as in `codekiln grade`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._known: dict[str, Problem] = {}
        self._tails: dict[str, Problem | None] = {}
        for problem in problems:
            self._known[problem.task_id.lower()] = problem
            tail = problem.task_id.rpartition("/")[2]
            self._tails[tail] = None if tail in self._tails else problem
        self.example = next((problem.task_id for problem in self._known.values()), "")

    def find(self, name: str) -> Problem | None:
        return self._known.get(name.lower()) or (self._tails.get(name) if "/" not in name else None)
