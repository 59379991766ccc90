"""Splitting of exercises: near-duplicates form one group, and whole groups go to one split."""

from collections.abc import Mapping, Sequence

from codekiln.data import splits
from codekiln.data.near_duplicates import similar_pairs
from codekiln.recipes.debugging.material import ExerciseMaterial


def groups(materials: Sequence[ExerciseMaterial]) -> list[str]:
    """Return the group of each material: the name of the first one that it is linked to by near-duplicates.

    Programs or descriptions that are nearly the same link two materials, and links of links count.
    """
    links = [
        (left, right)
        for texts in ([item.program for item in materials], [item.description for item in materials])
        for left, right, _ in similar_pairs(texts, texts)
    ]
    return [materials[group[0]].name for group in splits.connected(len(materials), links)]


def evaluation_groups(names: Sequence[str], fraction: float, seed: int, fixed: Mapping[str, bool]) -> set[str]:
    """Return the groups of the evaluation split: those fixed there, and others up to ``fraction`` of all, at least one.

    Args:
        names: The groups.
        fraction: Share of the groups that is held out.
        seed: Decides which; a group's place in the order depends on nothing but its name and the seed.
        fixed: Groups whose split is given: True for evaluation.
    """
    distinct = splits.hash_ordered(names, f"{seed}\0")
    chosen = {name for name in distinct if fixed.get(name)}
    wanted = max(1, round(fraction * len(distinct)))
    free = [name for name in distinct if name not in fixed]
    return chosen | set(free[: max(0, wanted - len(chosen))])
