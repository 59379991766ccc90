"""Mutants of functions, each proven to behave differently on the function's trials, or marked as unproven."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from codekiln.code import mutation
from codekiln.code.mutation.diff import changes
from codekiln.code.mutation.proof import Trials, classify_many
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.reply_parser import parsed, same_program
from codekiln.recipes.corpus_tasks.trials import Runnable
from codekiln.sandbox.limits import Limits


@dataclass(frozen=True)
class Bug:
    """A mutant of a function.

    Attributes:
        text: The function with the bug, not indented.
        kind: Family of the mutation.
        line: Line of ``text`` where it shows, from 1.
        why: One sentence on what is wrong.
        effect: ``runtime`` (raises where the original does not) or ``logical`` (gives something else), as proven in the
            sandbox; empty when it is not proven.
    """

    text: str
    kind: str
    line: int
    why: str
    effect: str = ""


def possible(function: Function, seed: int, most: int, families: Sequence[str] = ()) -> list[Bug]:
    """Return up to ``most`` unproven mutants of a function's body that parse and differ, of as many families as it has.

    The signature, decorators and docstring stay as they are: a fault in them is another kind of task.

    Args:
        function: The function.
        seed: Seeds the choice.
        most: How many.
        families: Names of `codekiln.code.mutation.kinds`; empty: all that aim at logical errors.

    Raises:
        InputErrors: There is no such family.
    """
    text = function.text
    start = _body_offset(function)
    classes = ("runtime", "logical") if families else ("logical",)
    found = [item for item in mutation.mutations(text, classes, families or None) if item.start >= start]
    rng = random.Random(f"{seed}:{function.file}:{function.qualname}:bugs")
    rng.shuffle(found)
    bugs, seen = [], set()
    for item in sorted(found, key=lambda item, seen=seen: _turn(item.kind, seen)):
        changed = mutation.apply(text, [item])
        if len(bugs) < most and parsed(changed) is not None and not same_program(changed, text):
            bugs.append(Bug(changed, item.kind, changes(text, changed)[0].line, item.explanation))
    return bugs


def prove(
    functions: Sequence[Runnable],
    *,
    seed: int,
    most: int,
    families: Sequence[str] = (),
    workers: int | None,
    limits: Limits,
    label: str,
) -> list[list[Bug]]:
    """Return for each function the mutants that the sandbox saw behave differently on its trials.

    Args:
        functions: Functions with their trials.
        seed: Seeds which mutants are tried.
        most: Mutants tried per function.
        families: See `possible`.
        workers: Programs run at the same time.
        limits: What each run may use.
        label: Names the progress that is shown.
    """
    tried = [possible(item.function, seed, most, families) for item in functions]
    jobs = []
    for item, bugs in zip(functions, tried, strict=True):
        trials = Trials(calls=tuple(trial.expression for trial in item.trials))
        jobs += [(item.program, item.slice.program(bug.text), trials) for bug in bugs]
    classes = iter(classify_many(jobs, workers=workers, limits=limits, label=label))
    return [
        [
            Bug(bug.text, bug.kind, bug.line, bug.why, found)
            for bug in bugs
            if (found := next(classes)) in ("runtime", "logical")
        ]
        for bugs in tried
    ]


def balanced(found: Sequence[Sequence[Bug]]) -> list[list[Bug]]:
    """Return the bugs of each function with the family first that came first least often before."""
    firsts: Counter[str] = Counter()
    ordered = []
    for bugs in found:
        ordered.append(sorted(bugs, key=lambda bug: firsts[bug.kind]))
        firsts.update(bug.kind for bug in ordered[-1][:1])
    return ordered


def _turn(kind: str, seen: set[tuple[str, int]]) -> int:
    """Return how many of a family came before, so that sorting by it deals out the families in turn."""
    turn = 0
    while (kind, turn) in seen:
        turn += 1
    seen.add((kind, turn))
    return turn


def _body_offset(function: Function) -> int:
    body = function.node.body
    first = body[1] if function.docstring and len(body) > 1 else body[0]
    return sum(len(line) + 1 for line in function.text.split("\n")[: first.lineno - 1])
