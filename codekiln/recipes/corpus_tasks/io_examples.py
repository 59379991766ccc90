"""Input-output examples of functions: synthesised calls with the values that the original returned in the sandbox."""

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from codekiln.recipes.corpus_tasks.call_synthesis import Call, synthesise_calls
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.slicing import ProgramSlice
from codekiln.sandbox.inside.plain_values import Opaque
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Run, observe

CALLS_TRIED = 24
MAX_VALUE_CHARACTERS = 240
"""Longest value of an example: a model has to read it, and a test has to state it."""


class SlicedFunction(NamedTuple):
    """A function with its program slice and, for a method, its class."""

    function: Function
    slice: ProgramSlice
    owner: ast.ClassDef | None


@dataclass(frozen=True)
class IOExample:
    """A call of a function, and what the original returned.

    Attributes:
        call: The call.
        is_generator: Whether the value holds the first items of a generator.
        value: The result, as plain data; for a call with mutable arguments a tuple of the result and those arguments
            after the call.
    """

    call: Call
    is_generator: bool
    value: Any

    @property
    def expression(self) -> str:
        """The expression that `value` is the value of."""
        return self.call.expression(self.is_generator)

    @property
    def result(self) -> Any:
        """The result without the arguments."""
        return self.value[0] if self.call.mutable_args else self.value

    @property
    def mutated_args(self) -> dict[int, Any]:
        """The arguments that the call changed, by index, with their value after it."""
        after = self.value[1:] if self.call.mutable_args else ()
        pairs = zip(after, self.call.mutable_args, strict=True)
        return {index: value for index, (value, before) in enumerate(pairs) if repr(value) != before}

    @property
    def effect(self) -> str:
        """The result and the changed arguments as text; equal for examples with the same outcome."""
        return repr([self.result, *self.mutated_args.values()]) if self.call.mutable_args else repr(self.value)


@dataclass(frozen=True)
class ExecutableFunction:
    """A function that runs in its program slice, with its input-output examples."""

    function: Function
    slice: ProgramSlice
    io_examples: tuple[IOExample, ...]

    @property
    def program(self) -> str:
        """The slice with the function as it is in the corpus."""
        return self.slice.program(self.function.text)


def collect_io_examples(
    functions: Sequence[SlicedFunction],
    *,
    min_outcomes: int,
    max_examples: int,
    seed: int,
    workers: int | None,
    limits: Limits,
    label: str,
) -> list[ExecutableFunction | str]:
    """Run functions on synthesised calls and return each with its examples, or with the reason for having none.

    Reasons are ``no-inputs`` (no call could be synthesised), ``fails`` (every call raises, hangs or returns no plain
    value), ``one-outcome`` (fewer than ``min_outcomes`` distinct values, so that agreement on them would mean little)
    and ``varies`` (two runs differ).

    Args:
        functions: The functions to run.
        min_outcomes: Smallest number of distinct values.
        max_examples: Largest number of examples per function.
        seed: Seeds the calls.
        workers: Number of sandbox workers; None: one per core.
        limits: Limits of each run.
        label: Label of the progress bar.
    """
    tried = [synthesise_calls(item.function, item.owner, CALLS_TRIED, seed) for item in functions]
    runs = [_run(item, calls) for item, calls in zip(functions, tried, strict=True)]
    observations = observe(runs, workers=workers, limits=limits, label=label)
    found = [
        _executable(item, calls, observed_values(observation), min_outcomes, max_examples)
        for item, calls, observation in zip(functions, tried, observations, strict=True)
    ]
    return _drop_flaky(found, workers, limits, label)


def _run(item: SlicedFunction, calls: Sequence[Call]) -> Run:
    expressions = tuple(call.expression(item.function.is_generator) for call in calls)
    return Run(item.slice.program(item.function.text), expressions)


def _drop_flaky(
    found: list[ExecutableFunction | str], workers: int | None, limits: Limits, label: str
) -> list[ExecutableFunction | str]:
    """Run every executable function once more and replace those with other values by ``varies``."""
    kept = [item for item in found if isinstance(item, ExecutableFunction)]
    # Equal programs are run only once; the extra comment forces a second run.
    runs = [Run(f"{item.program}# again\n", tuple(one.expression for one in item.io_examples)) for item in kept]
    again = iter(observe(runs, workers=workers, limits=limits, label=f"{label}, again" if label else ""))
    return [_confirmed(item, next(again)) if isinstance(item, ExecutableFunction) else item for item in found]


def _confirmed(item: ExecutableFunction, observation: Observation) -> ExecutableFunction | str:
    return item if observed_values(observation) == [one.value for one in item.io_examples] else "varies"


def observed_values(observation: Observation) -> list[object]:
    """Return the value of each call; an exception becomes an `Opaque`, which equals nothing."""
    return [Opaque(result.error) if result.error else result.value for result in observation.results]


def is_plain(value: object) -> bool:
    """Tell whether a value is short plain data that equals itself."""
    try:
        return _is_plain(value) and len(repr(value)) <= MAX_VALUE_CHARACTERS
    except ValueError:  # repr refuses integers with too many digits
        return False


def _is_plain(value: object) -> bool:
    if isinstance(value, Opaque) or (isinstance(value, float) and not math.isfinite(value)):
        return False
    if isinstance(value, Mapping):
        return all(_is_plain(part) for item in value.items() for part in item)
    return not isinstance(value, list | tuple | set | frozenset) or all(map(_is_plain, value))


def _executable(
    item: SlicedFunction, calls: Sequence[Call], values: Sequence[object], min_outcomes: int, max_examples: int
) -> ExecutableFunction | str:
    if not calls:
        return "no-inputs"
    pairs = zip(calls, values, strict=False)  # a run that hits a limit has fewer results than calls
    examples = [IOExample(call, item.function.is_generator, value) for call, value in pairs if is_plain(value)]
    if not examples:
        return "fails"
    chosen = _most_varied(examples, max_examples)
    outcomes = len({example.effect for example in chosen})
    return ExecutableFunction(item.function, item.slice, chosen) if outcomes >= min_outcomes else "one-outcome"


def _most_varied(examples: Sequence[IOExample], count: int) -> tuple[IOExample, ...]:
    """Return up to ``count`` examples in their order, preferring the first example of each outcome."""
    seen: set[str] = set()
    repeats: list[bool] = []
    for example in examples:
        repeats.append(example.effect in seen)
        seen.add(example.effect)
    ranked = sorted(range(len(examples)), key=lambda index: (repeats[index], index))[:count]
    return tuple(examples[index] for index in sorted(ranked))
