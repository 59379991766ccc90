"""Mutants of functions, each shown in the sandbox to behave differently from the original, or marked as unproven."""

import ast
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from codekiln.code import mutation
from codekiln.code.mutation.diff import changes
from codekiln.code.mutation.proof import Trials, classify_many, equality_key
from codekiln.recipes.corpus_tasks.free_names import BUILTINS
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.io_examples import HELPERS, RAISES, ExecutableFunction, IOExample, is_plain
from codekiln.recipes.corpus_tasks.reply_parser import parse_program, same_program
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Run, observe

KNOWN_NAMES = BUILTINS.union(*map(dir, (str, bytes, list, tuple, dict, set, int, float)))
"""Names that need not stand in a program for its reader to know them."""


@dataclass(frozen=True)
class Mutant:
    """A function with one bug.

    Attributes:
        text: Dedented source of the function with the bug.
        family: Family of the mutation, as in `codekiln.code.mutation.kinds`.
        line: Line of ``text`` that differs from the original, from 1.
        explanation: One sentence on what is wrong.
        effect: ``runtime`` (raises where the original does not) or ``logical`` (returns another value), as observed in
            the sandbox; empty without proof.
        symptom: A call on which it can be seen, with what it should and does give; empty where none can be shown.
    """

    text: str
    family: str
    line: int
    explanation: str
    effect: str = ""
    symptom: str = ""


def generate_mutants(function: Function, seed: int, count: int, families: Sequence[str] = ()) -> list[Mutant]:
    """Return up to ``count`` unproven mutants of a function's body, of as many families as possible.

    Mutants parse and differ from the original. Signature, decorators and docstring stay unchanged.

    Args:
        function: The function.
        seed: Seeds the choice.
        count: Largest number of mutants.
        families: Names of `codekiln.code.mutation.kinds`; empty: all families of logical errors.

    Raises:
        InputErrors: A family does not exist.
    """
    text = function.text
    # A bug in the signature or the docstring would be another kind of task.
    start = _body_offset(function)
    classes: tuple[mutation.Class, ...] = ("runtime", "logical") if families else ("logical",)
    found = [item for item in mutation.mutations(text, classes, families or None) if item.start >= start]
    random.Random(f"{seed}:{function.file}:{function.qualname}:bugs").shuffle(found)
    mutants: list[Mutant] = []
    for item in _round_robin(found):
        if len(mutants) == count:
            break
        changed = mutation.apply(text, [item])
        # A mutation may leave the program as it is once comments and layout are ignored.
        if parse_program(changed) is not None and not same_program(changed, text) and _has_names(changed, function):
            mutants.append(Mutant(changed, item.kind, changes(text, changed)[0].line, item.explanation))
    return mutants


def _has_names(changed: str, function: Function) -> bool:
    """Tell whether a mutant still has every name that its fix needs, or Python itself has it."""
    needed: set[str] = set()
    for node in ast.walk(function.node):
        if isinstance(node, ast.Name):
            needed.add(node.id)
        elif isinstance(node, ast.Attribute):
            needed.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            needed.add(node.arg)
    return needed <= KNOWN_NAMES.union(re.findall(r"\w+", changed))


def prove_mutants(
    functions: Sequence[ExecutableFunction],
    *,
    seed: int,
    count: int,
    families: Sequence[str] = (),
    workers: int | None,
    limits: Limits,
    label: str,
) -> list[list[Mutant]]:
    """Return for each function the mutants that behave differently on its input-output examples.

    Args:
        functions: Functions with their examples.
        seed: Seeds which mutants are tried.
        count: Mutants tried per function.
        families: See `generate_mutants`.
        workers: Number of sandbox workers; None: one per core.
        limits: Limits of each run.
        label: Label of the progress bar.
    """
    tried = [generate_mutants(item.function, seed, count, families) for item in functions]
    jobs = []
    for item, mutants in zip(functions, tried, strict=True):
        trials = Trials(calls=tuple(example.expression for example in item.io_examples), setup=HELPERS)
        jobs += [(item.program, item.slice.program(mutant.text), trials) for mutant in mutants]
    effects = iter(classify_many(jobs, workers=workers, limits=limits, label=label))
    return [
        [replace(mutant, effect=effect) for mutant in mutants if (effect := next(effects)) in ("runtime", "logical")]
        for mutants in tried
    ]


def balance_families(found: Sequence[Sequence[Mutant]]) -> list[list[Mutant]]:
    """Return the mutants of each function, reordered so that the first ones are spread evenly over the families."""
    firsts: Counter[str] = Counter()
    ordered = []
    for mutants in found:
        ordered.append(sorted(mutants, key=lambda mutant: firsts[mutant.family]))
        firsts.update(mutant.family for mutant in ordered[-1][:1])
    return ordered


def with_symptoms(
    functions: Sequence[ExecutableFunction],
    found: Sequence[Sequence[Mutant]],
    *,
    workers: int | None,
    limits: Limits,
    label: str,
) -> list[list[Mutant]]:
    """Return the mutants of each function, the first one with a call on which its bug can be seen.

    Args:
        functions: Functions with their examples.
        found: Proven mutants of each.
        workers: Number of sandbox workers; None: one per core.
        limits: Limits of each run.
        label: Label of the progress bar.
    """
    pairs = [(item, mutants[0]) for item, mutants in zip(functions, found, strict=True) if mutants]
    shown = [[one for one in item.io_examples if one.can_be_quoted] for item, _ in pairs]
    runs = [Run(item.slice.program(mutant.text), tuple(one.expression for one in examples), HELPERS)
            for (item, mutant), examples in zip(pairs, shown, strict=True)]  # fmt: skip
    observations = observe(runs, workers=workers, limits=limits, label=label)
    symptoms = iter(map(_symptom, shown, observations))
    return [[replace(mutants[0], symptom=next(symptoms)), *mutants[1:]] if mutants else [] for mutants in found]


def _symptom(examples: Sequence[IOExample], observation: Observation) -> str:
    """Return in words the first call that gives another value than the original's, or an exception."""
    for example, seen in zip(examples, observation.results, strict=False):
        if seen.error:
            return f"{_should(example)}, but it raises `{seen.error}`"
        if is_plain(seen.value) and equality_key(seen.value) != equality_key(example.value):
            got = replace(example, value=seen.value, raises="")
            does = f"returns `{got.result!r}`"
            if isinstance(seen.value, tuple) and seen.value[:1] == (RAISES,):
                does = f"raises `{seen.value[1]}`"
            return "" if got.is_recorded or got.result == example.result else f"{_should(example)}, but it {does}"
    return ""


def _should(example: IOExample) -> str:
    does = f"raise `{example.raises}`" if example.raises else f"return `{example.result!r}`"
    return f"`{example.shown_call}` should {does}"


def _round_robin(found: Sequence[mutation.Mutation]) -> list[mutation.Mutation]:
    """Return mutations so that every family has its first before any family has its second."""
    turns: Counter[str] = Counter()
    ranked: list[tuple[int, mutation.Mutation]] = []
    for item in found:
        ranked.append((turns[item.kind], item))
        turns[item.kind] += 1
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]


def _body_offset(function: Function) -> int:
    """Return the offset in the source of the first statement after the docstring."""
    body = function.node.body
    first = body[1] if function.docstring and len(body) > 1 else body[0]
    return sum(len(line) + 1 for line in function.text.split("\n")[: first.lineno - 1])
