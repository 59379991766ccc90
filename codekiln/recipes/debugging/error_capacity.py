"""How many errors a program has room for, when no two may touch the same line or neighbouring ones."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from codekiln.recipes.debugging.material import CLASSES, Counts

ENOUGH = 9
"""Counts of one class above this are not told apart when asked how many errors fit."""


class Place(Protocol):
    """Anything of a class that takes up lines ``first`` to ``last``."""

    first: int
    last: int
    intended: str


def is_possible(places: Sequence[Place], counts: Counts) -> bool:
    """Say whether so many places of each class lie at least one line apart; exact."""
    wanted = tuple(counts.of(name) for name in CLASSES)
    return wanted in _attainable(places, wanted)


def room(places: Sequence[Place]) -> Counts:
    """Return for each class how many places of it fit into the program when no other class is asked for."""
    most = {}
    for position, name in enumerate(CLASSES):
        limit = tuple(ENOUGH if index == position else 0 for index in range(len(CLASSES)))
        most[name] = max(reached[position] for reached in _attainable(places, limit))
    return Counts(**most)


def _attainable(places: Iterable[Place], limit: tuple[int, ...]) -> set[tuple[int, ...]]:
    """Return every tuple of counts, up to ``limit``, of places that do not touch.

    ``by_line[n]`` holds what can be had of places that end before line ``n - 1``, as in scheduling of intervals.
    """
    ending: dict[int, set[tuple[int, int]]] = {}
    for place in places:
        position = CLASSES.index(place.intended)
        if limit[position]:
            ending.setdefault(place.last + 2, set()).add((place.first, position))
    nothing = tuple(0 for _ in limit)
    by_line = [{nothing}]
    for line in range(1, max(ending, default=0) + 1):
        reached = set(by_line[-1])
        for first, position in ending.get(line, ()):
            for before in by_line[first]:
                if before[position] < limit[position]:
                    reached.add((*before[:position], before[position] + 1, *before[position + 1 :]))
        by_line.append(reached)
    return by_line[-1]
