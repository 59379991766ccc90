"""See what programs do, without asking whether it is right: results, exceptions and printed text as plain data."""

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
        runs: Programs, and what is asked of them.
        workers: Programs run at the same time; by default one per core.
        limits: What each run may use.
        label: Shows progress under this name; empty: none.

    Raises:
        InputError: A call or a setup is not Python.
        SandboxError: Programs cannot be confined on this machine.
    """
    distinct: dict[Run, list[int]] = {}
    for index, run in enumerate(runs):
        distinct.setdefault(run, []).append(index)
    seen: dict[int, Observation] = {}
    shows = progress(label, len(runs), "runs") if label else contextlib.nullcontext(lambda count: None)
    if distinct:
        places = list(distinct.values())
        with Sandbox(workers, limits) as sandbox, shows as step:
            for number, observation in sandbox.observe(distinct):
                seen |= dict.fromkeys(places[number], observation)
                step(len(places[number]))
    return [seen[index] for index in range(len(runs))]
