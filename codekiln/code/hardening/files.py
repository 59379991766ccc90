"""Hardening of a file of problems, which continues after an interruption."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codekiln.code.hardening.engine import QUICK_LIMITS, Hardener, Options, Outcome
from codekiln.code.hardening.journal import Journal, open_journal
from codekiln.code.hardening.summary import line_of, summary_of
from codekiln.data.readers import read_problems
from codekiln.data.records import Problem
from codekiln.progress import progress
from codekiln.sandbox import Limits, Sandbox
from codekiln.sandbox.verdict_cache import context_digest

_BLOCK = 32
"""Problems whose programs are run together; a kill loses at most the work on so many."""


def harden_file(
    problems: str,
    out: Path,
    options: Options,
    workers: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Write the problems of a file with further tests that kill mutants of their references.

    ``out`` has a problem a line, in the order of ``problems`` and in codekiln's own form. Everything but ``tests`` is
    as it is read; of MBPP's tests, the one that the prompt shows stands among ``tests`` too, as ``grade`` counts it.
    Outcomes are written to ``<out>.journal`` as problems are done.

    Args:
        problems: A path or Hub id.
        out: Path of the hardened problems.
        options: How.
        workers: Number of programs run at the same time; default: one per core.
        say: Gets a line per problem.

    Returns:
        A summary, see ``summary_of``, with ``seconds`` and ``outcomes``.

    Raises:
        InputError: The problems cannot be read, ``out`` is of other inputs, or another process is writing it.
        SandboxError: Programs cannot be confined on this machine.
    """
    start = time.monotonic()
    shown, graded = read_problems(problems), read_problems(problems, show=0)
    with open_journal(Path(out), _digest(graded, options)) as journal:
        _harden_missing(journal, graded, options, workers, say)
        outcomes = [journal.outcomes[number] for number in range(len(graded))]
        rows = (_with_tests(*row) for row in zip(shown, graded, outcomes, strict=True))
        journal.write_out("".join(f"{row.model_dump_json(exclude_defaults=True)}\n" for row in rows))
    return {
        **summary_of(outcomes),
        "seconds": round(time.monotonic() - start, 1),
        "outcomes": [outcome.model_dump(mode="json") for outcome in outcomes],
    }


def _harden_missing(
    journal: Journal, problems: list[Problem], options: Options, workers: int | None, say: Callable[[str], None]
) -> None:
    missing = [number for number in range(len(problems)) if number not in journal.outcomes]
    if not missing:
        return
    with (
        Sandbox(workers) as patient,
        Sandbox(workers, QUICK_LIMITS) as quick,
        progress("harden", len(missing), "problems") as step,
    ):
        hardener = Hardener(patient, quick, options)
        for first in range(0, len(missing), _BLOCK):
            block = missing[first : first + _BLOCK]
            for number, outcome in zip(block, hardener.harden([problems[at] for at in block]), strict=True):
                journal.add(number, outcome)
                say(line_of(outcome))
            step(len(block))


def _with_tests(shown: Problem, graded: Problem, outcome: Outcome) -> Problem:
    return shown.model_copy(update={"tests": (*graded.tests, *outcome.added)})


def _digest(problems: list[Problem], options: Options) -> str:
    digest = hashlib.sha256(context_digest(Limits()) + options.model_dump_json().encode() + _source_digest())
    for problem in problems:
        digest.update(problem.model_dump_json().encode() + b"\n")
    return digest.hexdigest()


def _source_digest() -> bytes:
    """Return the digest of the code that makes mutants and inputs: another version finds other tests."""
    room = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in (path for name in ("hardening", "mutation") for path in sorted((room / name).rglob("*.py"))):
        digest.update(f"{path.relative_to(room)}\0".encode() + path.read_bytes())
    return digest.digest()
