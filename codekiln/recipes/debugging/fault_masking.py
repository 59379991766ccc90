"""Errors that are each proven alone may hide each other once they are put in together.

A loop that never starts does not reach the name that is not defined in it; a wrong comparison takes back what another
did. Who has corrected the syntax errors must see at least one of the others: a program that was to raise raises.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from codekiln.code.mutation.proof import classify_many
from codekiln.recipes.debugging.error_injection import Bugged, Site, bug
from codekiln.recipes.debugging.material import Material
from codekiln.recipes.debugging.planning import Planned
from codekiln.recipes.debugging.proof import Flaw, trials_of

AGAIN = 5
"""So many other choices are tried for an exercise whose errors hide each other."""


def hidden(made: Sequence[tuple[Material, Bugged]], **options: Any) -> list[bool]:
    """Say of each program whether, without its syntax errors, it does not show the worst error that is left.

    Args:
        made: Correct programs, and what was made of them.
        options: ``workers``, ``limits`` and ``label`` of the proof.
    """
    left = [[error.intended for error in bugged.errors if error.intended != "syntax"] for _, bugged in made]
    asked = [index for index, classes in enumerate(left) if len(classes) > 1]
    jobs = [(item.program, bugged.readable, trials_of(item)) for item, bugged in (made[index] for index in asked)]
    found = dict(zip(asked, classify_many(jobs, **options), strict=True))
    return [
        index in found and found[index] != ("runtime" if "runtime" in classes else "logical")
        for index, classes in enumerate(left)
    ]


def reveal(
    planned: Sequence[Planned], sites: Iterable[tuple[Material, Sequence[Site]]], seed: int, **options: Any
) -> tuple[list[Planned], list[Flaw]]:
    """Replace exercises whose errors hide each other by others with the same counts; those that cannot be are flaws.

    Args:
        planned: What was made.
        sites: The proven sites of every material.
        seed: Draws the other choices.
        options: ``workers``, ``limits`` and ``label`` of the proof.
    """
    result, places = list(planned), {item.name: found for item, found in sites}
    used = Counter(error.kind for item in planned for error in item.bugged.errors)
    taken = {(item.material.name, item.bugged.program) for item in planned}
    open_ = list(range(len(result)))
    for turn in range(AGAIN + 1):
        hides = hidden([(result[index].material, result[index].bugged) for index in open_], **options)
        open_ = [index for index, is_hidden in zip(open_, hides, strict=True) if is_hidden]
        for index in open_ if turn < AGAIN else ():
            item = result[index]
            rng = random.Random(f"{seed}:{item.material.name}:{item.turn}:{turn}")
            other = bug(item.material, places[item.material.name], item.counts, used=used, rng=rng)
            if other is not None and (item.material.name, other.program) not in taken:
                taken.add((item.material.name, other.program))
                result[index] = replace(item, bugged=other)
    text = "errors that hide each other, whichever are chosen: "
    flaws = [Flaw(result[index].material, "errors-hide", text + str(result[index].counts)) for index in open_]
    return [item for index, item in enumerate(result) if index not in open_], flaws
