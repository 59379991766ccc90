"""Observes programs without grading them: results, exceptions and printed text as plain data."""

import contextlib
from collections.abc import Sequence

from codekiln.progress import progress
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observation import Observation, Result, Run
from codekiln.sandbox.pool import Sandbox

__all__ = ["Observation", "Result", "Run", "observe"]


def observe(
    runs: Sequence[Run], *, workers: int | None = None, limits: Limits | None = None, label: str = ""
) -> list[Observation]:
    """Run programs in the sandbox and return what each did, in order; equal runs are run once.

    Args:
        runs: Programs, and the calls to evaluate in them.
        workers: Number of programs run at the same time; default: one per core.
        limits: Limits of each run.
        label: Label of the progress lines; empty: none are printed.

    Raises:
        InputError: A call or a setup is not Python.
        SandboxError: Programs cannot be confined on this machine.
    """
    distinct: dict[Run, list[int]] = {}
    for index, run in enumerate(runs):
        distinct.setdefault(run, []).append(index)
    observed: dict[int, Observation] = {}
    progress_lines = progress(label, len(runs), "runs") if label else contextlib.nullcontext(lambda count: None)
    if distinct:
        places = list(distinct.values())
        with Sandbox(workers, limits) as sandbox, progress_lines as step:
            for number, observation in sandbox.observe(distinct):
                observed |= dict.fromkeys(places[number], observation)
                step(len(places[number]))
    return [observed[index] for index in range(len(runs))]
