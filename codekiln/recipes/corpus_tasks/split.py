"""Tasks to sides and replies to rows, in exact proportions or not at all."""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from codekiln.data import near_duplicates, splits
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.recipes.corpus_tasks import allocation
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES

_WHERE = "recipes.corpus-tasks"
_SPARE = "spare"
Answered = tuple[Problem, str]
"""A task with the reply that is to be trained on."""


@dataclass(frozen=True)
class Wanted:
    """How many tasks are asked for.

    Attributes:
        train: Training tasks; None: as many as the proportions allow.
        evaluation: Tasks that judge; None: likewise.
        fraction: Share of the tasks that judge, where not both numbers are given.
        shares: Weight of each category.
        spare: Further training tasks, as a share of each category's.
    """

    train: int | None
    evaluation: int | None
    fraction: float
    shares: Mapping[str, float]
    spare: float = 0.0


@dataclass(frozen=True)
class Divided:
    """Training tasks (spare ones last), tasks that judge, and those that neither side needs."""

    train: list[Problem]
    evaluation: list[Problem]
    left: list[Problem]


def divide(problems: Sequence[Problem], wanted: Wanted, seed: int) -> Divided:
    """Return exactly as many tasks of each category on each side as are wanted; no group is on both.

    Raises:
        InputError: There are not as many; says what there is, and what could be asked for.
    """
    fraction = wanted.fraction
    if wanted.train and wanted.evaluation:
        fraction = wanted.evaluation / (wanted.train + wanted.evaluation)
    side_of = splits.stratified([(row.group, row.stratum) for row in problems], wanted.shares, fraction, seed)
    functions = {row.task_id: (row.grading_context["file"], row.grading_context["function"]) for row in problems}
    there = {
        side: [row for row in problems if side_of[row.group] == side] for side in (splits.TRAIN, splits.EVALUATION)
    }
    taken = {}
    for side, total in ((splits.TRAIN, wanted.train), (splits.EVALUATION, wanted.evaluation)):
        count = _total(side, total, wanted.shares, Counter(row.stratum for row in there[side]))
        taken[side] = allocation.take(there[side], allocation.counts(count, wanted.shares), functions, seed)
    train = taken[splits.TRAIN]
    train = train + _spare(train, there[splits.TRAIN], wanted.spare, functions, seed)
    used = {row.task_id for row in [*train, *taken[splits.EVALUATION]]}
    return Divided(train, taken[splits.EVALUATION], [row for row in problems if row.task_id not in used])


def is_spare(problem: Problem) -> bool:
    """Tell whether a task is there to stand in for others."""
    return bool(problem.grading_context.get(_SPARE))


def without_repeats(answered: Sequence[Answered], threshold: float) -> tuple[list[Answered], list[Answered]]:
    """Return rows, and those of a category whose code and reply repeat an earlier one.

    The words that all tasks of a category share do not count.
    """
    repeats = set()
    for category in CATEGORIES:
        mine = [index for index, (problem, _) in enumerate(answered) if problem.stratum == category]
        texts = [f"{answered[index][0].grading_context['shown']}\n{answered[index][1]}" for index in mine]
        firsts = near_duplicates.first_of_each(texts, threshold)
        repeats |= {index for place, index in enumerate(mine) if firsts[place] != place}
    kept = [item for index, item in enumerate(answered) if index not in repeats]
    return kept, [answered[index] for index in sorted(repeats)]


def in_proportion(
    answered: Sequence[Answered], shares: Mapping[str, float], at_most: int
) -> tuple[list[Answered], list[Answered]]:
    """Return the largest number of rows that has the proportions exactly, and the rows that are too many for it.

    Raises:
        InputError: No number of rows has the proportions.
    """
    available = Counter(problem.stratum for problem, _ in answered)
    total = allocation.largest(available, shares, at_most)
    if not total:
        there = ", ".join(f"{name} {available[name]}" for name, share in shares.items() if share)
        fix = f"see the reasons of rejected rows, ask for more problems, or change {_WHERE}.shares"
        raise InputError(f"no number of rows has the proportions: there are {there}", where=_WHERE, fix=fix)
    room = Counter(allocation.counts(total, shares))
    kept, surplus = [], []
    for item in answered:
        category = item[0].stratum
        (kept if room[category] else surplus).append(item)
        room[category] -= bool(room[category])
    return kept, surplus


def _total(side: str, wanted: int | None, shares: Mapping[str, float], available: Counter) -> int:
    possible = allocation.largest(available, shares, wanted)
    if possible == 0 or possible < (wanted or 0):
        asked = allocation.counts(wanted or sum(1 for share in shares.values() if share), shares)
        listed = ", ".join(f"{name} {count} of {available[name]}" for name, count in asked.items() if count)
        at_most = f"ask for at most {possible}, or " if possible else ""
        raise InputError(
            f"the corpus does not give {sum(asked.values())} {side} tasks in these proportions; "
            f"wanted of what there is: {listed}",
            where=f"problems.{side}",
            fix=f"{at_most}raise {_WHERE}.functions or per_file, give a larger corpus, or change {_WHERE}.shares",
        )
    return possible


def _spare(
    train: Sequence[Problem], there: Sequence[Problem], share: float, functions: Mapping[str, Hashable], seed: int
) -> list[Problem]:
    """Return further tasks of each category, marked, as many as are wanted or there are."""
    used = {row.task_id for row in train}
    left = [row for row in there if row.task_id not in used]
    available = Counter(row.stratum for row in left)
    counts = Counter(row.stratum for row in train)
    wanted = {name: min(math.ceil(share * count), available[name]) for name, count in counts.items()}
    taken = allocation.take(left, wanted, functions, seed)
    return [row.model_copy(update={"grading_context": row.grading_context | {_SPARE: True}}) for row in taken]
