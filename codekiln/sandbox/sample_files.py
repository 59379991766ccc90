"""A file of samples that is read several times in place of being held in memory."""

import gzip
import hashlib
import json
import re
import zlib
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from codekiln.data.readers import read_located_samples
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.sandbox.verdict_cache import problem_digest, verdict_key

_SUGGESTIONS = 20


def program_of(problem: Problem, sample: Sample) -> str:
    """Return the program to run: a solution itself, or a completion appended to the prompt where that is code."""
    if sample.completion is None:
        return sample.solution or ""  # never None: a sample has exactly one of the two
    is_code = re.search(
        rf"^\s*(async\s+)?(def|class)\s+{re.escape(problem.entry_point or '')}\b", problem.prompt, re.MULTILINE
    )
    return problem.prompt + sample.completion if problem.entry_point and is_code else sample.completion


class SampleFile:
    """Samples with their problems; ``2``, ``MBPP/2`` and ``Mbpp/2`` name the same one.

    Iteration reads the file again, and yields each sample with its problem.

    Args:
        problems: Problems that samples may name.
        path: The file.
        context: Digest of what all programs have in common, see verdict_cache.context_digest.
        left_out: Numbers of problems whose samples are passed over.

    Attributes:
        problems: The problems.
        keys: Keys of the samples' verdicts, 32 bytes each.
        problem_of: Number of the problem of each sample.
        passed_over: Number of samples that were passed over.
        inputs: Digest of problems, samples and context.

    Raises:
        InputErrors: Rows are malformed or name unknown problems, each located as ``file:line.field``.
    """

    def __init__(self, problems: Sequence[Problem], path: Path, context: bytes, left_out: Collection[int] = ()) -> None:
        self.problems, self._path, self._context, self._left_out = problems, path, context, left_out
        self._digests = [problem_digest(problem) for problem in problems]
        self._number_of = _matching(problems)
        self.keys, self.problem_of, self.passed_over = bytearray(), array("i"), 0
        digest = hashlib.sha256(context)
        for problem in problems:
            digest.update(problem.model_dump_json().encode() + b"\n")
        for number, sample in self._read():
            digest.update(sample.model_dump_json().encode() + b"\n")
            if number in left_out:
                self.passed_over += 1
            else:
                self.keys += self._key(number, program_of(problems[number], sample))
                self.problem_of.append(number)
        self.inputs = digest.hexdigest()

    def __iter__(self) -> Iterator[tuple[Problem, Sample]]:
        for place, (number, sample) in enumerate(self._graded()):
            self._check(place, number, program_of(self.problems[number], sample))
            yield self.problems[number], sample

    def programs(self, chosen: Iterable[int]) -> Iterator[tuple[Problem, str]]:
        """Yield problem and program of some samples, by their numbers in ascending order."""
        places = iter(chosen)
        wanted = next(places, None)
        for place, (number, sample) in enumerate(self._graded()):
            if place == wanted:
                program = program_of(self.problems[number], sample)
                self._check(place, number, program)
                yield self.problems[number], program
                wanted = next(places, None)
            if wanted is None:
                return
        raise self._changed()

    def _graded(self) -> Iterator[tuple[int, Sample]]:
        return ((number, sample) for number, sample in self._read() if number not in self._left_out)

    def _read(self) -> Iterator[tuple[int, Sample]]:
        """Yield (number of the problem, sample)."""
        errors: list[InputError] = []
        for where, sample in read_lazily(self._path):
            if (number := self._number_of(sample.task_id)) is None:
                fix = _suggestion(sample.task_id, self.problems) if len(errors) < _SUGGESTIONS else ""
                errors.append(InputError(f"no problem is called {sample.task_id!r}", where=f"{where}.task_id", fix=fix))
            elif not errors:
                yield number, sample
        if errors:
            raise InputErrors(errors)

    def _key(self, number: int, program: str) -> bytes:
        return verdict_key(self._context, self._digests[number], program)

    def _check(self, place: int, number: int, program: str) -> None:
        key = self._key(number, program)
        if self.keys[place * len(key) : (place + 1) * len(key)] != key:
            raise self._changed()

    def _changed(self) -> InputError:
        return InputError("changed while it was graded", where=str(self._path), fix="run the command again")


def read_lazily(path: Path) -> Iterator[tuple[str, Sample]]:
    """Yield each sample with its place, ``file:line``, holding one line of a .jsonl file at a time.

    Raises:
        InputErrors: Rows are malformed.
    """
    done = 0
    try:
        for where, line in _lines(path):
            yield where, _sample(line)
            done += 1
    except (OSError, EOFError, ValueError, zlib.error):
        # Whatever is not a plain line with a sample is the reader's: other forms, and errors with their places.
        yield from read_located_samples(path)[done:]


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    with (
        gzip.open(path, "rt", encoding="utf-8-sig") if path.suffix == ".gz" else path.open(encoding="utf-8-sig") as file
    ):
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield f"{path}:{number}", line


def _sample(line: str) -> Sample:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("not an object")
    known = {key: value for key, value in row.items() if not key.startswith("_")}
    if type(known.get("task_id")) is int:
        known["task_id"] = str(known["task_id"])
    return Sample.model_validate(known)


def _matching(problems: Sequence[Problem]) -> Callable[[str], int | None]:
    """Return what finds the number of a problem by a name for it."""
    known = {problem.task_id: number for number, problem in enumerate(problems)}
    alike = {problem.task_id.lower(): number for number, problem in enumerate(problems)}
    tails: dict[str, int | None] = {}
    for number, problem in enumerate(problems):
        tail = problem.task_id.rpartition("/")[2]
        tails[tail] = None if tail in tails else number

    def find(name: str) -> int | None:
        return known.get(name, alike.get(name.lower(), tails.get(name)))

    return find


def _suggestion(name: str, problems: Sequence[Problem]) -> str:
    hint = did_you_mean(name, [problem.task_id for problem in problems])
    if len(problems) <= _SUGGESTIONS or hint.startswith("did"):
        return hint
    return f"the problems are called like {problems[0].task_id!r}"
