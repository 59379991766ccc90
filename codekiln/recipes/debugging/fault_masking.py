"""Fault masking: errors that are each proven alone may hide each other when they are in one program.

A loop that never starts does not reach the undefined name in it; a wrong comparison undoes the effect of another. After
the syntax errors are corrected at least one of the others must show: a program with a runtime error must raise.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from codekiln.code.mutation.proof import classify_many
from codekiln.recipes.debugging.error_injection import BuggedProgram, InjectionSite, inject
from codekiln.recipes.debugging.material import ExerciseMaterial
from codekiln.recipes.debugging.planning import PlannedExercise
from codekiln.recipes.debugging.program_check import ProgramFlaw

RETRIES = 5
"""Other selections that are tried for an exercise whose errors hide each other."""


def are_masked(made: Sequence[tuple[ExerciseMaterial, BuggedProgram]], **options: Any) -> list[bool]:
    """Return for each program whether, without its syntax errors, it fails to show the worst error that is left.

    Args:
        made: Correct programs, and their bugged programs.
        options: ``workers``, ``limits`` and ``label`` of the proof.
    """
    left = [[error.intended for error in bugged.errors if error.intended != "syntax"] for _, bugged in made]
    # A single error was proven alone, so nothing can hide it.
    asked = [index for index, classes in enumerate(left) if len(classes) > 1]
    jobs = [(item.program, bugged.readable, item.trials) for item, bugged in (made[index] for index in asked)]
    found = dict(zip(asked, classify_many(jobs, **options), strict=True))
    return [
        index in found and found[index] != ("runtime" if "runtime" in classes else "logical")
        for index, classes in enumerate(left)
    ]


def replace_masked(
    planned: Sequence[PlannedExercise],
    sites: Iterable[tuple[ExerciseMaterial, Sequence[InjectionSite]]],
    seed: int,
    **options: Any,
) -> tuple[list[PlannedExercise], list[ProgramFlaw]]:
    """Replace exercises whose errors hide each other by others with the same counts; the rest are flaws.

    Args:
        planned: The exercises that were made.
        sites: The proven sites of every material.
        seed: Decides the other selections.
        options: ``workers``, ``limits`` and ``label`` of the proof.
    """
    result, sites_of = list(planned), {item.name: found for item, found in sites}
    used = Counter(error.kind for item in planned for error in item.bugged.errors)
    taken = {(item.material.name, item.bugged.program) for item in planned}
    remaining = list(range(len(result)))
    for turn in range(RETRIES + 1):
        masked = are_masked([(result[index].material, result[index].bugged) for index in remaining], **options)
        remaining = [index for index, is_masked in zip(remaining, masked, strict=True) if is_masked]
        for index in remaining if turn < RETRIES else ():
            item = result[index]
            rng = random.Random(f"{seed}:{item.material.name}:{item.turn}:{turn}")
            other = inject(item.material, sites_of[item.material.name], item.counts, used=used, rng=rng)
            if other is not None and (item.material.name, other.program) not in taken:
                taken.add((item.material.name, other.program))
                result[index] = replace(item, bugged=other)
    text = "errors that hide each other, whichever are chosen: "
    flaws = [
        ProgramFlaw(result[index].material, "errors-hide", text + str(result[index].counts)) for index in remaining
    ]
    return [item for index, item in enumerate(result) if index not in remaining], flaws
