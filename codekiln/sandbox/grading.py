"""Grading of samples: equal programs run once, known verdicts are reused, and a file continues after an interruption.

Memory is flat in the number of samples but for about 200 bytes each: a file of samples is read once for the digests of
its programs, once to run those without a verdict, and once to write the graded rows, whose verdicts are in the journal.
"""

import contextlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from codekiln.data.programs import program_of
from codekiln.data.readers import iterate_samples, missing_packages, read_problems
from codekiln.data.records import Problem, Sample, Verdict
from codekiln.errors import InputError, gather
from codekiln.progress import progress
from codekiln.sandbox import Limits, Sandbox
from codekiln.sandbox.grading_journal import GradingJournal, open_journal
from codekiln.sandbox.grading_summary import Tally
from codekiln.sandbox.inside.confine import reads_are_confined
from codekiln.sandbox.sample_files import SampleFile
from codekiln.sandbox.verdict_cache import (
    VerdictCache,
    context_digest,
    default_folder,
    is_infrastructure_error,
    problem_digest,
    verdict_key,
)

__all__ = ["grade_files", "grade_samples", "open_sandbox", "program_of"]
Numbers = Sequence[int]
_KEY_BYTES, _LOOKUPS, _SHOWN = 32, 500, 10


def open_sandbox(
    workers: int | None, limits: Limits, allow_imports: Sequence[str] = (), allow_weaker: bool = False
) -> Sandbox:
    """Return the sandbox that programs are graded in; it is used as a context."""
    return Sandbox(workers, limits, allow_imports=allow_imports, allow_weaker=allow_weaker)


def grade_samples(
    jobs: Sequence[tuple[Problem, Sample]],
    workers: int | None = None,
    limits: Limits | None = None,
    label: str = "grade",
) -> list[Verdict]:
    """Return the verdict on each sample, in order; equal programs for equal tests are run once, or not at all.

    Verdicts are looked up and kept in the cache that ``$CODEKILN_VERDICT_CACHE`` names.
    """
    limits = limits or Limits()
    if not jobs:
        return []
    digests = {id(problem): problem_digest(problem) for problem in {id(row): row for row, _ in jobs}.values()}
    context = context_digest(limits)
    keys = bytearray().join(verdict_key(context, digests[id(row)], program_of(row, sample)) for row, sample in jobs)
    distinct = _Distinct(keys)
    verdicts: dict[int, Verdict] = {}
    with contextlib.ExitStack() as stack:
        cache = stack.enter_context(VerdictCache(default_folder()))
        step = stack.enter_context(progress(label, len(jobs), "samples"))

        def run(programs: Numbers) -> Iterator[tuple[int, Verdict]]:
            sandbox = stack.enter_context(open_sandbox(workers, limits))
            first = (jobs[distinct.first[program]] for program in programs)
            return sandbox.grade((problem, program_of(problem, sample)) for problem, sample in first)

        for program, verdict in _grade_distinct(range(len(distinct.first)), distinct, cache, run):
            verdicts[program] = verdict
            step(distinct.counts[program])
    return [_named(verdicts[program], row.task_id) for program, (row, _) in zip(distinct.of, jobs, strict=True)]


def grade_files(
    problems: str | Sequence[Problem],
    samples: Path,
    out: Path,
    workers: int | None = None,
    limits: Limits | None = None,
    *,
    allow_imports: Sequence[str] = (),
    allow_weaker: bool = False,
    use_cache: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Grade a file of samples into ``out``: one graded row per sample, in the same order.

    Verdicts are written to ``<out>.journal`` as programs finish, so that the same call continues after an interruption,
    and returns at once when everything is graded. A program whose sandbox failed is graded again by the next call. All
    tests of an MBPP problem count, including the one that prompts show.

    Args:
        problems: A path or Hub id, or the problems themselves.
        samples: Path of the samples.
        out: Path of the graded rows.
        workers: Number of programs run at the same time; default: one per core.
        limits: Limits of each program.
        allow_imports: Third-party packages that programs may import.
        allow_weaker: Grade even where programs can read this machine's files.
        use_cache: Reuse verdicts of earlier runs, and keep these.
        say: Gets the protections and notes, a line each, before anything runs.

    Returns:
        A summary, see Tally.summary, with the ``protections`` in force, and the packages that problems lack which were
        ``left_out`` with their samples.

    Raises:
        InputError: ``out`` is of other inputs, another process is writing it, a sample names an unknown problem, or
            reads are not confined on this machine.
    """
    limits = limits or Limits()
    known = _read(problems, samples) if isinstance(problems, str) else problems
    missing = {number: lacking for number, row in enumerate(known) if (lacking := missing_packages(row, allow_imports))}
    rows = SampleFile(known, samples, context_digest(limits, allow_imports, allow_weaker), missing)
    distinct = _Distinct(rows.keys)
    # Weaker protection is refused here, as something that the user can change.
    with open_sandbox(workers, limits, allow_imports, allow_weaker=True) as sandbox:
        protections = _checked_protections(sandbox, allow_weaker)
        for name, how in protections.items():
            say(f"{name}: {how}")
        if missing:
            say(_left_out_line(rows, missing))
        with (
            open_journal(Path(out), rows.inputs, len(distinct.first)) as journal,
            VerdictCache(default_folder() if use_cache else None) as cache,
        ):
            tally = _grade_file(journal, distinct, rows, cache, sandbox)
    figures = tally.summary(known, rows.problem_of, distinct.of)
    left_out = {known[number].task_id: sorted(lacking) for number, lacking in missing.items()}
    return {**figures, **({"left_out": left_out} if left_out else {}), "protections": protections}


def _read(problems: str, samples: Path) -> list[Problem]:
    """Return the problems; where they have mistakes, those in the samples are found too."""
    try:
        return read_problems(problems, show=0)
    except InputError as error:
        gather(partial(_refuse, error), lambda: sum(1 for _ in iterate_samples(samples, is_quiet=True)))
        raise


def _refuse(error: InputError) -> int:
    raise error


def _grade_file(
    journal: GradingJournal, distinct: "_Distinct", rows: SampleFile, cache: VerdictCache, sandbox: Sandbox
) -> Tally:
    """Grade what the journal lacks and write the graded rows; returns what the figures need."""
    tally = Tally(len(distinct.first))
    for program, verdict in journal.verdicts():
        tally.add(program, verdict)
    if not journal.is_finished:
        for program, verdict in _grade_pending(journal, distinct, rows, cache, sandbox):
            tally.add(program, verdict)
        journal.write_out(_graded_rows(journal, distinct, rows))
    return tally


def _left_out_line(rows: SampleFile, missing: Mapping[int, set[str]]) -> str:
    names = [rows.problems[number].task_id for number in missing]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    packages = ",".join(sorted(set().union(*missing.values())))
    return (
        f"left out: {len(names)} problems that need packages, with {rows.passed_over} samples: {shown}; "
        f"where these are installed, --allow-imports {packages} has them graded"
    )


class _Distinct:
    """Samples with equal keys, as numbers of distinct programs in the order of their first samples.

    Attributes:
        first: Number of the first sample of each program, ascending.
        of: Number of the program of each sample.
        counts: Number of samples of each program.
    """

    def __init__(self, keys: bytearray) -> None:
        self.first, self.of, self.counts = array("q"), array("q"), array("q")
        self._keys = keys
        numbers: dict[bytes, int] = {}
        for sample in range(len(keys) // _KEY_BYTES):
            program = numbers.setdefault(self._key_of(sample), len(numbers))
            if program == len(self.first):
                self.first.append(sample)
                self.counts.append(0)
            self.of.append(program)
            self.counts[program] += 1

    def key(self, program: int) -> bytes:
        """Return the key of a program's verdict."""
        return self._key_of(self.first[program])

    def _key_of(self, sample: int) -> bytes:
        return bytes(self._keys[sample * _KEY_BYTES : (sample + 1) * _KEY_BYTES])


def _grade_distinct(
    programs: Numbers,
    distinct: _Distinct,
    cache: VerdictCache,
    run: Callable[[Numbers], Iterator[tuple[int, Verdict]]],
) -> Iterator[tuple[int, Verdict]]:
    """Yield (number, verdict) of the programs: first those that the cache knows, then the others as ``run`` ends them.

    Args:
        programs: Numbers of distinct programs.
        distinct: Their keys.
        cache: Gets the new verdicts.
        run: Runs the programs with the given numbers; yields (place among them, verdict).
    """
    missing = array("q")
    for start in range(0, len(programs), _LOOKUPS):
        batch = programs[start : start + _LOOKUPS]
        known = cache.find([distinct.key(program) for program in batch])
        for program in batch:
            if (verdict := known.get(distinct.key(program))) is None:
                missing.append(program)
            else:
                yield program, verdict
    if missing:
        for place, verdict in run(missing):
            if not is_infrastructure_error(verdict):
                cache.add(distinct.key(missing[place]), verdict)
            yield missing[place], verdict


def _grade_pending(
    journal: GradingJournal, distinct: _Distinct, rows: SampleFile, cache: VerdictCache, sandbox: Sandbox
) -> Iterator[tuple[int, Verdict]]:
    """Grade the programs without a verdict into the journal, and yield (number, verdict)."""

    def run(programs: Numbers) -> Iterator[tuple[int, Verdict]]:
        return sandbox.grade(rows.programs(distinct.first[program] for program in programs))

    pending = journal.pending()
    if not pending:
        return
    with progress("grade", sum(distinct.counts[program] for program in pending), "samples") as step:
        for program, verdict in _grade_distinct(pending, distinct, cache, run):
            journal.add(program, verdict)
            yield program, verdict
            step(distinct.counts[program])


def _graded_rows(journal: GradingJournal, distinct: _Distinct, rows: SampleFile) -> Iterator[str]:
    # Many samples share a verdict: put together as text, a row costs a third of what its records do.
    names = {problem.task_id: to_json(problem.task_id).decode() for problem in rows.problems}
    for number, (problem, sample) in enumerate(rows.lines()):
        verdict = journal.verdict_text(distinct.of[number], names[problem.task_id])
        yield f'{{"sample":{sample},"verdict":{verdict},"scores":[]}}'


def _checked_protections(sandbox: Sandbox, allow_weaker: bool) -> dict[str, str]:
    protections = sandbox.protections()
    if not allow_weaker and not reads_are_confined(protections):
        raise InputError(
            f"programs could read every file that this user can: reads are {protections['file reads']}",
            fix="run on Linux 5.19 or newer with Landlock on, or accept it with --allow-weaker",
        )
    return protections


def _named(verdict: Verdict, task_id: str) -> Verdict:
    return verdict if verdict.task_id == task_id else verdict.model_copy(update={"task_id": task_id})
