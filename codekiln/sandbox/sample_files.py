"""A file of samples that is read several times in place of being held in memory."""

import hashlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from codekiln.data.programs import program_of
from codekiln.data.readers import ProblemNames, iterate_samples
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, InputErrors
from codekiln.sandbox.verdict_cache import problem_digest, verdict_key


def numbered_samples(
    names: ProblemNames, numbers: Mapping[str, int], path: Path, is_quiet: bool = True
) -> Iterator[tuple[int, Sample]]:
    """Yield the samples of a file or folder, each with the number of the problem that it names.

    Args:
        names: The problems by the names that samples may use.
        numbers: Number by ``task_id``.
        path: The file or folder.
        is_quiet: Whether ignored fields go unmentioned.

    Raises:
        InputErrors: Rows are malformed or name unknown problems; raised at the end.
    """
    errors: list[InputError] = []
    for where, sample in iterate_samples(path, is_quiet):
        if (problem := names.find(sample.task_id)) is not None:
            yield numbers[problem.task_id], sample
        elif len(errors) < InputErrors.SHOWN:
            errors.append(names.refusal(sample.task_id, where))
        else:  # it is counted only, and a suggestion takes a while
            errors.append(
                InputError(f"no problem is called '{sample.task_id}'", where=f"{where}.task_id", fix="correct it")
            )
    if errors:
        raise InputErrors(errors)


class SampleFile:
    """Samples with their problems, and the keys of their verdicts.

    What it yields is read from the file again.

    Args:
        problems: Problems that samples may name, in any of the spellings that ProblemNames knows.
        path: A file or folder of samples.
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
        self.problems, self._path, self._left_out = problems, path, left_out
        self._names = ProblemNames(problems)
        self._numbers = {problem.task_id: number for number, problem in enumerate(problems)}
        self._context = context
        self._digests = [problem_digest(problem) for problem in problems]
        self.keys, self.problem_of, self.passed_over = bytearray(), array("i"), 0
        self._start = hashlib.sha256(context)
        for problem in problems:
            self._start.update(problem.model_dump_json().encode() + b"\n")
        digest = self._start.copy()
        for number, sample in self._read(is_quiet=False):
            digest.update(sample.model_dump_json().encode() + b"\n")
            if number in left_out:
                self.passed_over += 1
            else:
                self.keys += self._key(number, program_of(problems[number], sample))
                self.problem_of.append(number)
        self.inputs = digest.hexdigest()

    def lines(self) -> Iterator[tuple[Problem, str]]:
        """Yield the problem of each sample, and the sample as JSON, with the problem's ``task_id``."""
        digest = self._start.copy()
        for number, sample in self._read():
            line = sample.model_dump_json()
            digest.update(line.encode() + b"\n")
            if number not in self._left_out:
                problem = self.problems[number]
                if sample.task_id != problem.task_id:
                    line = sample.model_copy(update={"task_id": problem.task_id}).model_dump_json()
                yield problem, line
        if digest.hexdigest() != self.inputs:
            raise self._changed()

    def programs(self, chosen: Iterable[int]) -> Iterator[tuple[Problem, str]]:
        """Yield problem and program of some samples, by their numbers in ascending order."""
        places = iter(chosen)
        wanted = next(places, None)
        samples = ((number, sample) for number, sample in self._read() if number not in self._left_out)
        for place, (number, sample) in enumerate(samples):
            if place == wanted:
                program = program_of(self.problems[number], sample)
                key = self._key(number, program)
                if self.keys[place * len(key) : (place + 1) * len(key)] != key:
                    raise self._changed()
                yield self.problems[number], program
                wanted = next(places, None)
            if wanted is None:
                return
        raise self._changed()

    def _read(self, is_quiet: bool = True) -> Iterator[tuple[int, Sample]]:
        """Yield (number of the problem, sample)."""
        return numbered_samples(self._names, self._numbers, self._path, is_quiet)

    def _key(self, number: int, program: str) -> bytes:
        return verdict_key(self._context, self._digests[number], program)

    def _changed(self) -> InputError:
        return InputError("changed while it was graded", where=str(self._path), fix="run the command again")
