"""Preference pairs that exist already: their programs are the candidates of the problems that they answer.

Each distinct program of a problem is one sample, whose ``model`` says where it is given. So what the files say can be
compared with verdicts and metrics when the programs have been run.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codekiln.data.program_parts import definition
from codekiln.data.records import Problem, Sample
from codekiln.data.replies import extract_code
from codekiln.data.training_files.files import read_files
from codekiln.data.training_files.forms import TrainingRow
from codekiln.errors import InputError

WHERE = "recipes.maintainability.pairs"
SIDES = ("chosen", "rejected")
_BETWEEN = "; "


@dataclass
class GivenPairs:
    """The pairs of the files, by the problem that each answers.

    Attributes:
        of: Pairs of each problem, by task_id.
        unknown: Pairs that answer none of the problems.
        others: Number of rows that are no pairs.
        mixed: Number of pairs by what their fields are, where some are messages and others text.
    """

    of: dict[str, list[TrainingRow]] = field(default_factory=lambda: defaultdict(list))
    unknown: list[TrainingRow] = field(default_factory=list)
    others: int = 0
    mixed: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """Yield what is to be said of the files before anything is run."""
        for kinds, count in self.mixed.items():
            yield f"{count:,} pairs have {kinds}; a text is read as the one message it stands for"
        if self.others:
            yield f"{self.others:,} rows are no pairs and are left out"
        if self.unknown:
            first = self.unknown[0]
            yield f"{len(self.unknown):,} pairs are of no training problem and are left out, the first: {first.where}"


def read(files: Sequence[str], problems: Iterable[Problem]) -> GivenPairs:
    """Read the pairs of files in any form of `codekiln.data.training_files`, and find the problem of each.

    A pair answers the problem whose prompt its last user's turn has in it, word for word; of several the longest, and
    then the one whose function its chosen program defines.

    Raises:
        InputErrors: A file cannot be read, or rows break their form.
        InputError: No pair answers any of the problems.
    """
    made, find = GivenPairs(), _Finder(problems)
    for row in read_files(files):
        if not row.is_pair:
            made.others += 1
            continue
        if row.mixed:
            made.mixed[row.mixed] += 1
        if task_id := find(row):
            made.of[task_id].append(row)
        else:
            made.unknown.append(row)
    if not made.of:
        what = f"none of their {len(made.unknown):,} pairs asks what a training problem asks"
        raise InputError(what, where=WHERE, fix="give problems.source the problems that these pairs answer")
    return made


def read_forms(files: Sequence[str]) -> None:
    """Read the files for their form alone, where the problems are not known; see `read` for errors."""
    if files:
        read_files(files)


def samples(given: GivenPairs, problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
    """Yield each problem with the distinct programs that its pairs give, in their order."""
    for problem in problems:
        places: dict[str, list[str]] = defaultdict(list)
        for row in given.of.get(problem.task_id, ()):
            for side, text in zip(SIDES, row.programs_in, strict=True):
                places[extract_code(text, problem.entry_point)].append(f"{row.where} {side}")
        yield (
            problem,
            [
                Sample(task_id=problem.task_id, solution=code, model=_BETWEEN.join(where), seed=number)
                for number, (code, where) in enumerate(places.items())
            ],
        )


def places_of(sample: Sample) -> list[tuple[str, str]]:
    """Return where a sample is given and as what: ``file:line`` and a side; nothing for what a model wrote."""
    parts = [place.rpartition(" ") for place in (sample.model or "").split(_BETWEEN)]
    return [(where, side) for where, _, side in parts if side in SIDES and re.search(r"[:\[]\d+\]?$", where)]


class _Finder:
    """Finds the problem of a pair by the first words of the prompts."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._by_start: Mapping[tuple[str, ...], list[tuple[list[str], Problem]]] = defaultdict(list)
        for problem in problems:
            words = _words(problem.prompt)
            self._by_start[tuple(words[:_START])].append((words, problem))

    def __call__(self, row: TrainingRow) -> str:
        asked = _words(row.question)
        found = [
            (words, problem)
            for start in range(len(asked))
            for length in range(1, _START + 1)
            for words, problem in self._by_start.get(tuple(asked[start : start + length]), ())
            if asked[start : start + len(words)] == words
        ]
        longest = max((len(words) for words, _ in found), default=0)
        alike = [problem for words, problem in found if len(words) == longest]
        code = extract_code(row.programs_in[0])
        named = [problem for problem in alike if problem.entry_point and definition(code, problem.entry_point)]
        return next((problem.task_id for problem in [*named, *alike]), "")


_START = 5


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
