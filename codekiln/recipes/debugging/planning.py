"""Plans which errors are asked of which exercise: mixes, classes and families are balanced over the data set."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codekiln.recipes.debugging.error_capacity import capacity
from codekiln.recipes.debugging.error_injection import BuggedProgram, InjectionSite, inject
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts, ExerciseMaterial
from codekiln.recipes.debugging.program_check import ProgramFlaw


@dataclass(frozen=True)
class PlannedExercise:
    """An exercise with its errors: the ``turn``-th of its material, counted from 1."""

    material: ExerciseMaterial
    counts: ErrorCounts
    bugged: BuggedProgram
    turn: int


def plan_exercises(
    materials: Sequence[ExerciseMaterial],
    sites: Sequence[Sequence[InjectionSite]],
    *,
    requests: int,
    least: int,
    most: int,
    seed: int,
) -> tuple[list[PlannedExercise], list[ProgramFlaw]]:
    """Make up to ``requests`` exercises of every material, the first of each before the second of any.

    A mix of classes is taken that this material, and then the whole set, has had least often; within a class a family
    that was used least.

    Args:
        materials: Materials that passed `check_programs`.
        sites: The proven sites of each.
        requests: Exercises per material.
        least: Least number of errors of an exercise.
        most: Largest number of errors of an exercise.
        seed: Breaks ties.
    """
    balance = _Balance()
    made, flaws = [], []
    for turn in range(1, requests + 1):
        for material, found in zip(materials, sites, strict=True):
            rng = random.Random(f"{seed}:{material.name}:{turn}")
            exercise = balance.next(material, found, least, most, rng)
            if exercise is not None:
                made.append(PlannedExercise(material, *exercise, turn))
            else:
                text = f"no further exercise with {least} to {most} errors; there is room for {capacity(found)} errors"
                flaws.append(ProgramFlaw(material, "cannot-hold-errors", text))
    return made, flaws


class _Balance:
    """Counts of the mixes, classes and families used so far, and the choice of those used least."""

    def __init__(self) -> None:
        self._mixes: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._mixes_of_material: Counter[tuple[str, str]] = Counter()
        self._programs: set[tuple[str, str]] = set()

    def next(
        self, material: ExerciseMaterial, sites: Sequence[InjectionSite], least: int, most: int, rng: random.Random
    ) -> tuple[ErrorCounts, BuggedProgram] | None:
        for mix in sorted(class_mixes(most), key=lambda mix: self._rank(material, mix, rng)):
            for counts in _error_counts(mix, least, most, rng):
                # A copy, because an exercise that was made before must not count its families again.
                kinds = self._kinds.copy()
                bugged = inject(material, sites, counts, used=kinds, rng=rng)
                if bugged is not None and (material.name, bugged.program) not in self._programs:
                    self._kinds = kinds
                    self._take(material, counts, bugged)
                    return counts, bugged
        return None

    def _rank(self, material: ExerciseMaterial, mix: tuple[str, ...], rng: random.Random) -> tuple[float, ...]:
        name = "+".join(mix)
        classes = sum(self._classes[part] for part in mix) / len(mix)
        return self._mixes_of_material[material.name, name], self._mixes[name], classes, rng.random()

    def _take(self, material: ExerciseMaterial, counts: ErrorCounts, bugged: BuggedProgram) -> None:
        self._mixes[counts.mix] += 1
        self._mixes_of_material[material.name, counts.mix] += 1
        self._programs.add((material.name, bugged.program))
        self._classes.update({name: counts.of(name) for name in CLASSES})


def class_mixes(most: int) -> list[tuple[str, ...]]:
    """Return every set of classes that an exercise with up to ``most`` errors can have, small ones first."""
    sizes = range(1, min(most, len(CLASSES)) + 1)
    return [mix for size in sizes for mix in itertools.combinations(CLASSES, size)]


def _error_counts(mix: tuple[str, ...], least: int, most: int, rng: random.Random) -> Iterator[ErrorCounts]:
    """Yield counts for a mix: a random number of errors first, then fewer, for programs that cannot hold as many."""
    lowest = max(least, len(mix))
    if lowest > most:
        return
    for total in range(rng.randint(lowest, most), lowest - 1, -1):
        drawn = Counter(mix) + Counter(rng.choices(mix, k=total - len(mix)))
        yield ErrorCounts(**{name: drawn[name] for name in CLASSES})
