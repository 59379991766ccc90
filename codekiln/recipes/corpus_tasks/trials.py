"""Calls on which a function is compared with others: those on which the original gives plain, varied values."""

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codekiln.recipes.corpus_tasks.call_synthesis import Call, calls, is_lazy
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.slicing import Slice
from codekiln.sandbox.inside.plain_values import Opaque
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Run, observe

CANDIDATES = 24
LONGEST = 240
"""Characters of a value, beyond which it is not used: it would have to be read, and written into tests."""


@dataclass(frozen=True)
class Trial:
    """A call, and the value the original gives: the result, and behind it the arguments that may have changed."""

    call: Call
    lazy: bool
    value: object

    @property
    def expression(self) -> str:
        """What is evaluated."""
        return self.call.expression(self.lazy)

    @property
    def effect(self) -> str:
        """The result and the arguments that did change, as a text: what makes this trial differ from another."""
        if not self.call.changing:
            return repr(self.value)
        result, *after = self.value
        pairs = zip(after, self.call.changing, strict=True)
        return repr([result, *(value for value, before in pairs if repr(value) != before)])


@dataclass(frozen=True)
class Runnable:
    """A function that can be run: the slice it goes into, and its trials."""

    function: Function
    slice: Slice
    trials: tuple[Trial, ...]

    @property
    def program(self) -> str:
        """The program with the function as it is in the corpus."""
        return self.slice.program(self.function.text)


def try_out(
    cut: Sequence[tuple[Function, Slice, ast.ClassDef | None]],
    *,
    outcomes: int,
    most: int,
    seed: int,
    workers: int | None,
    limits: Limits,
    label: str,
) -> list[Runnable | str]:
    """Run functions on generated calls and keep what tells something, in order.

    A function that has no such calls gives the reason: ``no-inputs`` (none could be made), ``fails`` (it raises, hangs
    or gives no plain value on all of them), ``one-outcome`` (under ``outcomes`` different values: agreement on them
    would mean little), ``varies`` (two runs differ).

    Args:
        cut: Functions with their slices, and for methods the class.
        outcomes: Least number of different values.
        most: Largest number of trials that are kept.
        seed: Seeds the calls.
        workers: Programs run at the same time.
        limits: What each run may use.
        label: Names the progress that is shown.
    """
    tried = [calls(function, owner, CANDIDATES, seed) for function, _, owner in cut]
    runs = [
        Run(piece.program(function.text), tuple(call.expression(is_lazy(function)) for call in made))
        for (function, piece, _), made in zip(cut, tried, strict=True)
    ]
    seen = observe(runs, workers=workers, limits=limits, label=label)
    found = [
        _runnable(function, piece, made, values(observation), outcomes, most)
        for (function, piece, _), made, observation in zip(cut, tried, seen, strict=True)
    ]
    return _steady(found, workers, limits, label)


def _steady(found: list[Runnable | str], workers: int | None, limits: Limits, label: str) -> list[Runnable | str]:
    """Run what can be run once more, and drop what gives something else this time."""
    kept = [item for item in found if isinstance(item, Runnable)]
    # The program has a comment more, so that it is really run again.
    runs = [Run(f"{item.program}# again\n", tuple(trial.expression for trial in item.trials)) for item in kept]
    seen = iter(observe(runs, workers=workers, limits=limits, label=f"{label}, again" if label else ""))
    return [_same_again(item, next(seen)) if isinstance(item, Runnable) else item for item in found]


def _same_again(item: Runnable, observation: Observation) -> Runnable | str:
    return item if values(observation) == [trial.value for trial in item.trials] else "varies"


def values(observation: Observation) -> list[object]:
    """Return what each call gave, an exception as an `Opaque`: equal to nothing."""
    return [Opaque(result.error) if result.error else result.value for result in observation.results]


def is_plain(value: object) -> bool:
    """Tell whether a value is plain data all through and equals itself, and is short."""
    try:
        return _is_plain(value) and len(repr(value)) <= LONGEST
    except ValueError:  # an integer in it is too large to be written
        return False


def _is_plain(value: object) -> bool:
    if isinstance(value, Opaque) or (isinstance(value, float) and not math.isfinite(value)):
        return False
    if isinstance(value, Mapping):
        return all(_is_plain(part) for item in value.items() for part in item)
    return not isinstance(value, list | tuple | set | frozenset) or all(map(_is_plain, value))


def _runnable(
    function: Function, piece: Slice, made: Sequence[Call], seen: Sequence[object], outcomes: int, most: int
) -> Runnable | str:
    if not made:
        return "no-inputs"
    pairs = zip(made, seen, strict=False)  # a run that is stopped gives fewer results
    trials = [Trial(call, is_lazy(function), value) for call, value in pairs if is_plain(value)]
    if not trials:
        return "fails"
    chosen = _varied(trials, most)
    return Runnable(function, piece, chosen) if _distinct(chosen) >= outcomes else "one-outcome"


def _varied(trials: Sequence[Trial], most: int) -> tuple[Trial, ...]:
    """Return at most so many trials, those with a value not seen before first, in the order they came."""
    seen: set[str] = set()
    new = [not (trial.effect in seen or seen.add(trial.effect)) for trial in trials]
    ranked = sorted(range(len(trials)), key=lambda index: (not new[index], index))[:most]
    return tuple(trials[index] for index in sorted(ranked))


def _distinct(trials: Sequence[Trial]) -> int:
    return len({trial.effect for trial in trials})
