"""How many errors a program can hold, when no two may touch the same line or neighbouring lines."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from codekiln.recipes.debugging.material import CLASSES, ErrorCounts

MAX_COUNT = 9
"""Largest count of one class that `capacity` finds; a program that holds more is reported as holding this many."""


class ErrorSpan(Protocol):
    """An error of a class that takes up lines ``first`` to ``last``."""

    @property
    def first(self) -> int:
        """First line."""

    @property
    def last(self) -> int:
        """Last line."""

    @property
    def intended(self) -> str:
        """Class of the error."""


def can_hold(spans: Sequence[ErrorSpan], counts: ErrorCounts) -> bool:
    """Return whether ``counts`` spans of each class can be chosen at least one line apart; exact."""
    wanted = tuple(counts.of(name) for name in CLASSES)
    return wanted in _attainable(spans, wanted)


def capacity(spans: Sequence[ErrorSpan]) -> ErrorCounts:
    """Return for each class how many errors the program can hold when no other class is asked for."""
    most: dict[str, int] = {}
    for position, name in enumerate(CLASSES):
        limit = tuple(MAX_COUNT if index == position else 0 for index in range(len(CLASSES)))
        most[name] = max(reached[position] for reached in _attainable(spans, limit))
    return ErrorCounts(**most)


def _attainable(spans: Iterable[ErrorSpan], limit: tuple[int, ...]) -> set[tuple[int, ...]]:
    """Return every tuple of counts, up to ``limit``, of spans that do not touch.

    ``by_line[n]`` holds what can be had of spans that end before line ``n - 1``, as in scheduling of intervals.
    """
    ending: dict[int, set[tuple[int, int]]] = {}
    for span in spans:
        position = CLASSES.index(span.intended)
        if limit[position]:
            ending.setdefault(span.last + 2, set()).add((span.first, position))
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
