"""Which errors are asked of which exercise: a few requests each, with mixes, classes and families in balance."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codekiln.recipes.debugging.error_capacity import room
from codekiln.recipes.debugging.error_injection import Bugged, Site, bug
from codekiln.recipes.debugging.material import CLASSES, Counts, Material
from codekiln.recipes.debugging.proof import Flaw


@dataclass(frozen=True)
class Planned:
    """An exercise that was made: the ``turn``-th of its material, counted from 1."""

    material: Material
    counts: Counts
    bugged: Bugged
    turn: int


def plan(
    materials: Sequence[Material], sites: Sequence[Sequence[Site]], *, requests: int, least: int, most: int, seed: int
) -> tuple[list[Planned], list[Flaw]]:
    """Make up to ``requests`` exercises of every material, the first of each before the second of any.

    A mix of classes is taken that this material, and then the whole set, has had least often; within a class a family
    that was used least.

    Args:
        materials: Proven ones.
        sites: The proven errors of each.
        requests: Exercises per material.
        least: Errors of an exercise, at least.
        most: Errors of an exercise, at most.
        seed: Decides between equals.
    """
    balance = _Balance()
    made, flaws = [], []
    for turn in range(1, requests + 1):
        for material, places in zip(materials, sites, strict=True):
            rng = random.Random(f"{seed}:{material.name}:{turn}")
            found = balance.next(material, places, least, most, rng)
            if found is not None:
                made.append(Planned(material, *found, turn))
            else:
                text = f"no further exercise with {least} to {most} errors; there is room for {room(places)} errors"
                flaws.append(Flaw(material, "cannot-hold-errors", text))
    return made, flaws


class _Balance:
    """What has been used so far."""

    def __init__(self) -> None:
        self._mixes: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._own: Counter[tuple[str, str]] = Counter()
        self._programs: set[tuple[str, str]] = set()

    def next(
        self, material: Material, sites: Sequence[Site], least: int, most: int, rng: random.Random
    ) -> tuple[Counts, Bugged] | None:
        for mix in sorted(mixes(most), key=lambda mix: self._rank(material, mix, rng)):
            for counts in _counts(mix, least, most, rng):
                kinds = self._kinds.copy()
                bugged = bug(material, sites, counts, used=kinds, rng=rng)
                if bugged is not None and (material.name, bugged.program) not in self._programs:
                    self._kinds = kinds
                    self._take(material, counts, bugged)
                    return counts, bugged
        return None

    def _rank(self, material: Material, mix: tuple[str, ...], rng: random.Random) -> tuple[float, ...]:
        name = "+".join(mix)
        classes = sum(self._classes[part] for part in mix) / len(mix)
        return self._own[material.name, name], self._mixes[name], classes, rng.random()

    def _take(self, material: Material, counts: Counts, bugged: Bugged) -> None:
        self._mixes[counts.mix] += 1
        self._own[material.name, counts.mix] += 1
        self._programs.add((material.name, bugged.program))
        self._classes.update({name: counts.of(name) for name in CLASSES})


def mixes(most: int) -> list[tuple[str, ...]]:
    """Return every set of classes that an exercise with up to ``most`` errors can have, small ones first."""
    sizes = range(1, min(most, len(CLASSES)) + 1)
    return [mix for size in sizes for mix in itertools.combinations(CLASSES, size)]


def _counts(mix: tuple[str, ...], least: int, most: int, rng: random.Random) -> Iterator[Counts]:
    """Yield counts for a mix: a random number of errors first, then ever fewer, for programs that hold no more."""
    lowest = max(least, len(mix))
    if lowest > most:
        return
    for total in range(rng.randint(lowest, most), lowest - 1, -1):
        drawn = Counter(mix) + Counter(rng.choices(mix, k=total - len(mix)))
        yield Counts(**{name: drawn[name] for name in CLASSES})
