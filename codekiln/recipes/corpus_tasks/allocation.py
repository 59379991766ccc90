"""Which tasks are taken: exact numbers of each category, and whole groups on either side."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence

from codekiln.data import splits
from codekiln.data.records import Problem


def counts(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return how many of each category make up a total: shares rounded by largest remainder, the sum exact.

    Args:
        total: Number of tasks in all.
        shares: Weight of each category; at least one is above zero.
    """
    whole = sum(shares.values())
    exact = {name: total * share / whole for name, share in shares.items()}
    found = {name: math.floor(value) for name, value in exact.items()}
    order = {name: rank for rank, name in enumerate(shares)}
    by_remainder = sorted(shares, key=lambda name: (found[name] - exact[name], order[name]))
    for name in by_remainder[: total - sum(found.values())]:
        found[name] += 1
    return found


def largest(available: Mapping[str, int], shares: Mapping[str, float], at_most: int | None = None) -> int:
    """Return the largest total whose counts are all available; 0 when not even one task is."""
    bound = sum(available.get(name, 0) for name, share in shares.items() if share)
    for total in range(bound if at_most is None else min(at_most, bound), 0, -1):
        if all(count <= available.get(name, 0) for name, count in counts(total, shares).items()):
            return total
    return 0


def groups(files: Sequence[str], alike: Iterable[tuple[int, int]]) -> list[str]:
    """Return the group of each item: items of one file, and items that are alike, are in one.

    Args:
        files: The file of each item.
        alike: Pairs of indices of items that must not be parted.
    """
    first_of = {name: index for index, name in reversed(list(enumerate(files)))}
    same_file = [(first_of[name], index) for index, name in enumerate(files)]
    return [min(files[index] for index in group) for group in splits.connected(len(files), [*alike, *same_file])]


def take(
    problems: Sequence[Problem], wanted: Mapping[str, int], used_by: Mapping[str, Hashable], seed: int
) -> list[Problem]:
    """Return exactly the wanted number of problems of each category, in their order, over as many functions as can be.

    Args:
        problems: What there is on one side; at least the wanted number of each category.
        wanted: Number per category.
        used_by: The function of each problem, by task id.
        seed: Seeds the choice.
    """
    by_category: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_category[problem.stratum].append(problem)
    uses: Counter = Counter()
    chosen = set()
    rng = random.Random(f"{seed}:take")
    for category in sorted(wanted, key=lambda name: (len(by_category[name]) - wanted[name], name)):
        rows = list(by_category[category])
        rng.shuffle(rows)
        rows.sort(key=lambda row: uses[used_by[row.task_id]])
        for row in rows[: wanted[category]]:
            chosen.add(row.task_id)
            uses[used_by[row.task_id]] += 1
    return [problem for problem in problems if problem.task_id in chosen]
