"""Grading of samples: equal programs run once, and grading of a file continues after an interruption."""

import contextlib
import fcntl
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from codekiln import __version__
from codekiln.data.files import sha256_file, write_atomic
from codekiln.data.readers import read_located_samples, read_problems
from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.progress import progress
from codekiln.sandbox import Limits, Sandbox


def program_of(problem: Problem, sample: Sample) -> str:
    """Return the program to run: a solution itself, or a completion appended to the prompt where that is code."""
    if sample.completion is None:
        return sample.solution or ""  # never None: a sample has exactly one of the two
    is_code = re.search(
        rf"^\s*(async\s+)?(def|class)\s+{re.escape(problem.entry_point or '')}\b", problem.prompt, re.MULTILINE
    )
    return problem.prompt + sample.completion if problem.entry_point and is_code else sample.completion


def grade_samples(
    jobs: Sequence[tuple[Problem, Sample]],
    workers: int | None = None,
    limits: Limits | None = None,
    label: str = "grade",
) -> list[Verdict]:
    """Return the verdict on each sample, in order; equal programs for one problem are run once."""
    verdicts: dict[int, Verdict] = {}
    for indexes, verdict in _grade_distinct(jobs, workers, limits, label):
        verdicts.update(dict.fromkeys(indexes, verdict))
    return [verdicts[index] for index in range(len(jobs))]


def grade_files(
    problems: str, samples: Path, out: Path, workers: int | None = None, limits: Limits | None = None
) -> dict[str, Any]:
    """Grade a file of samples into ``out``: one graded row per sample, in the same order.

    Verdicts are written to ``<out>.journal`` as programs finish, so that the same call continues after an interruption,
    and returns at once when everything is graded. All tests of an MBPP problem count, including the one that prompts
    show.

    Returns:
        A summary: samples, problems, pass@1 (the mean over problems of the share that passed), a count per status.

    Raises:
        InputError: ``out`` is of other inputs, another process is writing it, or a sample names an unknown problem.
    """
    limits = limits or Limits()
    rows = read_problems(problems, show=0)
    jobs = _match(rows, read_located_samples(samples))
    out = Path(out)
    with _open_journal(out, _digest(rows, jobs, limits)) as journal:
        if not journal.is_finished:
            remaining = [(index, job) for index, job in enumerate(jobs) if index not in journal.verdicts]
            for indexes, verdict in _grade_distinct([job for _, job in remaining], workers, limits, "grade"):
                journal.add([remaining[index][0] for index in indexes], verdict)
            graded = [Graded(sample=sample, verdict=journal.verdicts[index]) for index, (_, sample) in enumerate(jobs)]
            write_atomic(out, "".join(row.model_dump_json() + "\n" for row in graded))
            journal.finish()
        return _summary([journal.verdicts[index] for index in range(len(jobs))])


def _grade_distinct(
    jobs: Sequence[tuple[Problem, Sample]], workers: int | None, limits: Limits | None, label: str
) -> Iterator[tuple[list[int], Verdict]]:
    """Yield (indexes of the samples with the same program, its verdict) as programs finish."""
    distinct: dict[tuple[int, str], list[int]] = {}
    for index, (problem, sample) in enumerate(jobs):
        distinct.setdefault((id(problem), program_of(problem, sample)), []).append(index)
    indexes = list(distinct.values())
    programs = ((jobs[same[0]][0], program) for (_, program), same in distinct.items())
    if not indexes:
        return
    with Sandbox(workers, limits) as sandbox, progress(label, len(jobs), "samples") as step:
        for number, verdict in sandbox.grade(programs):
            yield indexes[number], verdict
            step(len(indexes[number]))


def _match(problems: list[Problem], samples: list[tuple[str, Sample]]) -> list[tuple[Problem, Sample]]:
    """Pair each sample with its problem; ``2``, ``MBPP/2`` and ``Mbpp/2`` name the same one."""
    known = {problem.task_id: problem for problem in problems}
    alike = {problem.task_id.lower(): problem for problem in problems}
    tails: dict[str, Problem | None] = {}
    for problem in problems:
        tail = problem.task_id.rpartition("/")[2]
        tails[tail] = None if tail in tails else problem
    jobs: list[tuple[Problem, Sample]] = []
    errors: list[InputError] = []
    for where, sample in samples:
        name = sample.task_id
        found = known.get(name) or alike.get(name.lower()) or tails.get(name)
        if found is None:
            fix = did_you_mean(name, known) if len(known) <= 20 else _near(name, known)
            errors.append(InputError(f"no problem is called {name!r}", where=f"{where}.task_id", fix=fix))
        else:
            jobs.append((found, sample))
    if errors:
        raise InputErrors(errors)
    return jobs


def _near(name: str, known: dict[str, Problem]) -> str:
    hint = did_you_mean(name, known)
    return hint if hint.startswith("did") else f"the problems are called like {next(iter(known))!r}"


def _digest(problems: list[Problem], jobs: list[tuple[Problem, Sample]], limits: Limits) -> str:
    digest = hashlib.sha256(f"{__version__} {sys.version_info[:2]} {limits.model_dump_json()}".encode())
    for row in (*problems, *(sample for _, sample in jobs)):
        digest.update(row.model_dump_json().encode() + b"\n")
    return digest.hexdigest()


class _Journal:
    """``<out>.journal``: a digest of the inputs, one line per verdict, and at the end the digest of ``out``.

    A line that was cut by a kill is dropped.
    """

    def __init__(self, out: Path, path: Path, file: IO[str], inputs: str) -> None:
        self._out, self._path, self._file, self._inputs = out, path, file, inputs
        self.verdicts: dict[int, Verdict] = {}
        self.is_finished = False
        self._read()

    def add(self, indexes: list[int], verdict: Verdict) -> None:
        """Keep one verdict for the samples at ``indexes``."""
        self.verdicts.update(dict.fromkeys(indexes, verdict))
        self._write({"samples": indexes, "verdict": verdict.model_dump(mode="json")})

    def finish(self) -> None:
        """Record that ``out`` is written."""
        self._write({"sha256": sha256_file(self._out)})

    def _read(self) -> None:
        self._file.seek(0)
        text = self._file.read()
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self._file.truncate(len(whole.encode()))
        lines = [json.loads(line) for line in whole.splitlines()]
        if not lines:
            if self._out.exists():
                raise _not_ours(self._out)
            self._write({"inputs": self._inputs})
            return
        start_over = f"delete {self._out} and {self._path} to grade again, or give another --out"
        if lines[0].get("inputs") != self._inputs:
            raise _refusal(self._out, "belongs to other problems, samples, limits or another version", start_over)
        for line in lines[1:]:
            self._take(line, start_over)

    def _take(self, line: dict[str, Any], start_over: str) -> None:
        if "sha256" in line:
            if self._out.exists() and sha256_file(self._out) != line["sha256"]:
                raise _refusal(self._out, "was changed after it was written", start_over)
            self.is_finished = self._out.exists()
        else:
            self.verdicts.update(dict.fromkeys(line["samples"], Verdict.model_validate(line["verdict"])))

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


@contextlib.contextmanager
def _open_journal(out: Path, inputs: str) -> Iterator[_Journal]:
    """Open and read the journal of ``out``; it is locked until it is closed."""
    path = out.with_name(out.name + ".journal")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists() and not path.exists():
        raise _not_ours(out)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fix = "wait for it, or give another --out"
            raise _refusal(out, "another run is writing it at this moment", fix) from None
        yield _Journal(out, path, file, inputs)


def _not_ours(out: Path) -> InputError:
    return _refusal(out, "was not written by this command", f"delete {out} or give another --out")


def _refusal(out: Path, what: str, fix: str) -> InputError:
    return InputError(what, where=str(out), fix=fix)


def _summary(verdicts: list[Verdict]) -> dict[str, Any]:
    by_problem: dict[str, list[bool]] = {}
    for verdict in verdicts:
        by_problem.setdefault(verdict.task_id, []).append(verdict.passed)
    rate = sum(sum(passed) / len(passed) for passed in by_problem.values()) / len(by_problem) if by_problem else 0.0
    statuses = Counter(verdict.status for verdict in verdicts)
    return {
        "samples": len(verdicts),
        "problems": len(by_problem),
        "pass@1": round(rate, 4),
        **dict(sorted(statuses.items())),
    }
