"""The class of error of a changed program, proven by running it and the correct program in the sandbox.

* A call or an input is used only where the correct program does not raise and gives the same twice.
* ``syntax``: the changed program does not compile. ``runtime``: it raises where the correct one does not. ``logical``:
  it raises nowhere anew, and a result or what it prints differs.
* Values are compared by type and content, floats exactly, sets as sets. A value that is no plain data is never equal
  and never different, so a call that gives one counts for ``runtime`` alone.
* What a script prints is compared without white space at the ends of lines and of the text, and so is its exit code.
* A script that wants more input than there is (``EOFError``) has not failed: a user would be asked once more. That is a
  difference (``logical``), because the correct program had enough.
* A changed program that is stopped (time, memory, output) proves nothing, unless it raised before.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from codekiln.code.mutation.kinds import Class
from codekiln.data.text import lines_of
from codekiln.sandbox.inside.plain_values import Opaque
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Result, Run, observe

_AGAIN = "\n# again\n"
"""Makes the second run of the correct program another text, for equal runs are run once only."""


@dataclass(frozen=True)
class Trials:
    """Test inputs for programs: expressions evaluated in the program's namespace, and standard inputs for scripts.

    Args:
        calls: Expressions; an argument that a call changes belongs into the value, as in ``[f(x := [1]), x]``.
        setup: Code that runs after the program and before the calls.
        stdins: Each is the whole input of one run as a script.
        random_seed: Seed of ``random`` before the calls and the first input, one more for each further input, so that
            chance plays no part; None: another one each time.
    """

    calls: tuple[str, ...] = ()
    setup: str = ""
    stdins: tuple[str, ...] = ()
    random_seed: int | None = None

    def runs(self, program: str) -> list[Run]:
        """Return the sandbox runs of ``program``: one with all calls, and one per standard input."""
        seed = self.random_seed
        calls = [Run(program, self.calls, self.setup, random_seed=seed)] if self.calls or not self.stdins else []
        seeds = [None if seed is None else seed + place for place in range(len(self.stdins))]
        return calls + [Run(program, stdin=text, random_seed=n) for text, n in zip(self.stdins, seeds, strict=True)]


def classify(
    correct: str,
    changed: Sequence[str],
    trials: Trials,
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    label: str = "",
) -> list[Class | None]:
    """Return the class of error of each changed program, or None where no difference was seen.

    Args:
        correct: The program without error.
        changed: Programs that are compared with it.
        trials: What they are tried on.
        workers: Programs run at the same time; by default one per core.
        limits: What each run may use.
        label: Shows progress under this name; empty: none.

    Raises:
        InputError: A call or the setup is not Python.
        SandboxError: Programs cannot be confined on this machine.
    """
    return classify_many([(correct, text, trials) for text in changed], workers=workers, limits=limits, label=label)


def classify_many(
    jobs: Sequence[tuple[str, str, Trials]],
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    label: str = "",
) -> list[Class | None]:
    """Return the class of error for each (correct, changed, trials); see ``classify``."""
    asked = [
        [trials.runs(correct), trials.runs(correct + _AGAIN), trials.runs(changed)] for correct, changed, trials in jobs
    ]
    runs = [run for job in asked for program in job for run in program]
    seen = iter(observe(runs, workers=workers, limits=limits, label=label))
    return [_class(job[0], *([next(seen) for _ in program] for program in job)) for job in asked]


def _class(
    runs: list[Run], first: list[Observation], second: list[Observation], changed: list[Observation]
) -> Class | None:
    if any(seen.ending == "invalid" for seen in changed):
        return "syntax" if all(seen.ending != "invalid" for seen in first) else None
    signs: set[str] = set()
    for run, *seen in zip(runs, first, second, changed, strict=True):
        if all(observation.ending == "ended" for observation in seen[:2]):
            signs.update(_script_signs(*seen) if run.stdin is not None else _call_signs(*seen))
    if "raises" in signs:
        return "runtime"
    # Where one trial was stopped, the program might have raised: a difference in another does not say "logical".
    return "logical" if "differs" in signs and "stopped" not in signs else None


def _script_signs(first: Observation, second: Observation, changed: Observation) -> Iterator[str]:
    if _output(first) != _output(second):
        return
    if changed.ending == "raised":
        yield "differs" if changed.error == "EOFError" else "raises"
    elif changed.ending != "ended":
        yield "stopped"
    elif _output(changed) != _output(first):
        yield "differs"


def _output(seen: Observation) -> tuple[int, list[str]]:
    return seen.code, [line.rstrip() for line in lines_of(seen.printed.rstrip())]


def _call_signs(first: Observation, second: Observation, changed: Observation) -> Iterator[str]:
    if changed.ending == "raised":
        yield "raises"
    elif changed.ending != "ended":
        yield "stopped"
    for results in zip(first.results, second.results, changed.results, strict=False):
        yield from _result_signs(*results)


def _result_signs(first: Result, second: Result, changed: Result) -> Iterator[str]:
    if first.error or second.error:
        return
    value, again = equality_key(first.value), equality_key(second.value)
    if value != again:
        return
    if changed.error:
        yield "raises"
    elif value is not None and (other := equality_key(changed.value)) is not None and other != value:
        yield "differs"


def equality_key(value: object) -> Hashable | None:
    """Return a comparison key that is exact in type and value, or None for a value that is not plain data."""
    kind = type(value).__name__
    if isinstance(value, Opaque):
        return None
    if isinstance(value, list | tuple | set | frozenset | dict):
        items = [equality_key(item) for item in (value.items() if isinstance(value, dict) else value)]
        ordered = isinstance(value, list | tuple)
        return None if None in items else (kind, tuple(items) if ordered else frozenset(items))
    if isinstance(value, int | Fraction):  # repr refuses integers that are very large
        return kind, value
    return kind, repr(value)
