"""Samples of the problems: from files of earlier model runs, graded or not, or from the teacher."""

import glob
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from codekiln.data.files import sha256_file
from codekiln.data.folders import DATA
from codekiln.data.readers import ProblemNames, iterate_samples
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, InputErrors, gather
from codekiln.recipes.difficulty.compiling import flaw_of_all
from codekiln.sandbox.grading import program_of
from codekiln.teachers import Teacher

WHERE = "recipes.difficulty.runs"
_SUFFIXES = (".gz", ".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow")


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
    files are ignored. A run none of whose programs compiles is told of on standard error.

    Args:
        patterns: Files, folders and globs.
        problems: The problems whose samples are wanted.

    Raises:
        InputErrors: A file or a row cannot be read, a file has no sample of any of the problems, or no program of any
            file compiles.
    """
    known = list(problems)
    names = ProblemNames(known)
    samples: dict[str, list[Sample]] = {}
    others: dict[str, int] = {}
    errors: list[InputError] = []
    broken: list[InputError] = []
    paths = files(patterns)
    for label, path in zip(labels(paths), paths, strict=True):
        try:
            found = _read_run(label, path, names)
        except InputError as error:
            errors += error.errors if isinstance(error, InputErrors) else [error]
            continue
        for problem, sample in found.samples:
            samples.setdefault(problem.task_id, []).append(sample)
        others[label] = found.others
        if not found.samples:
            errors.append(_no_match(path, found.others, found.example, known))
        elif flaw := flaw_of_all(found.samples, str(path)):
            broken.append(flaw)
    if errors or (broken and len(broken) == len(paths)):
        raise InputErrors([*errors, *broken])
    for flaw in broken:
        print(f"warning: {flaw}", file=sys.stderr)
    return ModelRuns(samples, others)


def read_forms(patterns: Sequence[str]) -> None:
    """Read the files of runs for their form alone, where the problems are not known.

    Raises:
        InputErrors: A file or a row cannot be read.
    """
    gather(*(partial(_count, path) for path in files(patterns)))


def _count(path: Path) -> int:
    return sum(1 for _ in iterate_samples(path, is_quiet=True))


@dataclass(frozen=True)
class _Run:
    """The samples of one file with their problems, how many are of no problem, and what one of these is called."""

    samples: list[tuple[Problem, Sample]]
    others: int
    example: str


def _read_run(label: str, path: Path, names: ProblemNames) -> _Run:
    rows = [row for _, row in iterate_samples(path)]
    known = [(problem, row) for row in rows if (problem := names.find(row.task_id))]
    several = len({row.model for row in rows}) > 1
    samples = [(problem, _whole(problem, row, f"{label}:{row.model}" if several else label)) for problem, row in known]
    return _Run(samples, len(rows) - len(known), rows[0].task_id if rows else "")


def _file(path: Path) -> Path | None:
    return next((one for one in (path, path / DATA) if one.is_file()), None)


def _parts(path: Path) -> tuple[str, ...]:
    whole = path.absolute().parent if path.name == DATA else path.absolute()
    name = whole.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return (*whole.parts[1:-1], name)


def _whole(problem: Problem, sample: Sample, run: str) -> Sample:
    # Foreign line ends would make equal programs differ, and would be learned from training rows.
    text = program_of(problem, sample).replace("\r\n", "\n").replace("\r", "\n")
    return Sample(task_id=problem.task_id, solution=text, model=run, seed=sample.seed)


def _no_match(path: Path, others: int, example: str, problems: Sequence[Problem]) -> InputError:
    if not others:
        return InputError("has no samples", where=str(path), fix="give the file that the run has written")
    what = f"none of its {others:,} samples is of a training problem: they are called like {example!r}"
    called = next((problem.task_id for problem in problems), "")
    fix = f"give problems.source the problems of these runs; its training problems are called like {called!r}"
    return InputError(what, where=str(path), fix=fix)
