"""Input-output examples of functions: synthesised calls with the values that the original returned in the sandbox."""

import ast
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from codekiln.recipes.corpus_tasks.body_facts import exception_name
from codekiln.recipes.corpus_tasks.borrowed_values import NOTHING, BorrowedValues
from codekiln.recipes.corpus_tasks.call_synthesis import Call, synthesise_calls
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.slice_text import program_text
from codekiln.recipes.corpus_tasks.slicing import ProgramSlice
from codekiln.recipes.corpus_tasks.type_inference import is_literal
from codekiln.sandbox.inside.plain_values import Opaque
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Run, observe

CALLS_TRIED = 24
RECORDED, RAISES = "<recorded>", "<raises>"
"""Marks of results of `slice_runtime` and `slice_helpers`."""
HELPERS = program_text("slice_helpers")
"""Code that runs before the calls of examples."""
MAX_QUOTED_CHARACTERS = 120
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
            after the call; for a call that raises, a tuple with the exception.
        raises: Class name of the exception that the call raises; empty where it returns.
    """

    call: Call
    is_generator: bool
    value: Any
    raises: str = ""

    @property
    def expression(self) -> str:
        """The expression that `value` is the value of."""
        text = observed_expression(self.call, self.is_generator)
        return f"_codekiln_raised(lambda: {text})" if self.raises else text

    @property
    def is_recorded(self) -> bool:
        """Whether the value is no plain data, or a fake took part, so that only programs can be compared by it."""
        return isinstance(self.value, tuple) and len(self.value) == 3 and self.value[0] == RECORDED

    @property
    def is_shown(self) -> bool:
        """Whether the example can be told to a reader."""
        return self.is_sensible and "_codekiln" not in self.call.text

    @property
    def is_sensible(self) -> bool:
        """Whether the types of the arguments are known, and the value is plain data that no fake took part in."""
        return self.call.is_sensible and not self.is_recorded

    @property
    def can_be_quoted(self) -> bool:
        """Whether call and result are short literals that fit in a sentence."""
        length = len(self.shown_call) + len(repr(self.value))
        is_alone = not (self.call.setup or self.mutated_args or self.is_generator)
        return self.is_shown and is_alone and length < MAX_QUOTED_CHARACTERS and is_literal(repr(self.value))

    @property
    def shown_call(self) -> str:
        """The call as a reader sees it."""
        return self.call.inlined

    @property
    def result(self) -> Any:
        """The result without the arguments."""
        return self.value[0] if self.call.mutable_args and not self.raises else self.value

    @property
    def mutated_args(self) -> dict[int, Any]:
        """The arguments that the call changed, by index, with their value after it."""
        if not self.call.mutable_args or self.raises or self.is_recorded:
            return {}
        after = self.value[1:]
        pairs = zip(after, self.call.mutable_args, strict=True)
        return {index: value for index, (value, before) in enumerate(pairs) if repr(value) != before}

    @property
    def effect(self) -> str:
        """The result and the changed arguments as text; equal for examples with the same outcome."""
        return repr([self.result, *self.mutated_args.values()]) if self.mutated_args else repr(self.result)


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
    borrowed: BorrowedValues = NOTHING,
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
        borrowed: Values of the corpus' own examples.
    """
    tried = [synthesise_calls(item.function, item.owner, CALLS_TRIED, seed, borrowed) for item in functions]
    runs = [_run(item, calls) for item, calls in zip(functions, tried, strict=True)]
    observations = observe(runs, workers=workers, limits=limits, label=label)
    found = [
        _executable(item, calls, observed_values(observation), min_outcomes, max_examples)
        for item, calls, observation in zip(functions, tried, observations, strict=True)
    ]
    return _drop_flaky(found, workers, limits, label)


def _run(item: SlicedFunction, calls: Sequence[Call]) -> Run:
    expressions = tuple(observed_expression(call, item.function.is_generator) for call in calls)
    return Run(item.slice.program(item.function.text), expressions, HELPERS)


def observed_expression(call: Call, is_generator: bool) -> str:
    """Return the expression that is evaluated for a call."""
    return f"_codekiln_recorded(lambda: {call.expression(is_generator)})"


def _drop_flaky(
    found: list[ExecutableFunction | str], workers: int | None, limits: Limits, label: str
) -> list[ExecutableFunction | str]:
    """Run every executable function once more and replace those with other values by ``varies``."""
    kept = [item for item in found if isinstance(item, ExecutableFunction)]
    # Equal programs are run only once; the extra comment forces a second run.
    runs = [
        Run(f"{item.program}# again\n", tuple(one.expression for one in item.io_examples), HELPERS) for item in kept
    ]
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
    raised = own_exceptions(item.function)
    pairs = zip(calls, values, strict=False)  # a run that hits a limit has fewer results than calls
    examples = [example for call, value in pairs if (example := _example(item, call, value, raised))]
    if not examples:
        return "fails"
    chosen = _most_varied(examples, max_examples)
    # Calls that raise do not count: they would agree for a function that does nothing else.
    returned = [example for example in chosen if not example.raises]
    outcomes = len({example.effect for example in returned})
    needed = 2 if all(isinstance(example.value, bool) for example in returned) else min_outcomes
    return ExecutableFunction(item.function, item.slice, chosen) if outcomes >= needed else "one-outcome"


def _example(item: SlicedFunction, call: Call, value: object, raised: Collection[str]) -> IOExample | None:
    """Return what a call gives as an example: a plain value, or an exception that the function raises on purpose."""
    is_generator = item.function.is_generator
    if isinstance(value, Opaque) and value.name in raised:
        return IOExample(call, is_generator, (RAISES, value.name), value.name)
    return IOExample(call, is_generator, value) if is_plain(value) else None


def own_exceptions(function: Function) -> set[str]:
    """Return the class names of the exceptions that a function's own body raises."""
    nodes = [node for node in function.body_nodes if isinstance(node, ast.Raise)]
    return {name.rpartition(".")[2] for node in nodes if (name := exception_name(node))}


def _most_varied(examples: Sequence[IOExample], count: int) -> tuple[IOExample, ...]:
    """Return up to ``count`` examples in their order, preferring the first of each outcome and those without fakes."""
    seen: set[str] = set()
    repeats: list[bool] = []
    for example in examples:
        repeats.append(example.effect in seen)
        seen.add(example.effect)
    ranked = sorted(range(len(examples)), key=lambda index: (examples[index].is_recorded, repeats[index], index))[
        :count
    ]
    return tuple(examples[index] for index in sorted(ranked))
