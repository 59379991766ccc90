"""Quota sampling: exact numbers of tasks per category, spread over as many functions as possible."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence

from codekiln.data.records import Problem


def apportion(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return the number of each category in a total, by the largest remainder method; the sum is exact.

    Args:
        total: Number of tasks.
        shares: Weight of each category; at least one is positive.
    """
    whole = sum(shares.values())
    exact = {name: total * share / whole for name, share in shares.items()}
    quotas = {name: math.floor(value) for name, value in exact.items()}
    order = {name: rank for rank, name in enumerate(shares)}
    by_remainder = sorted(shares, key=lambda name: (quotas[name] - exact[name], order[name]))
    for name in by_remainder[: total - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


def largest_total(available: Mapping[str, int], shares: Mapping[str, float], at_most: int | None = None) -> int:
    """Return the largest total whose quotas are all available; 0 when not even one task is."""
    bound = sum(available.get(name, 0) for name, share in shares.items() if share)
    # Largest remainder is not monotone: a quota may shrink when the total grows, so no search by bisection.
    for total in range(bound if at_most is None else min(at_most, bound), 0, -1):
        if all(count <= available.get(name, 0) for name, count in apportion(total, shares).items()):
            return total
    return 0


def sample(
    problems: Sequence[Problem], quotas: Mapping[str, int], function_of: Mapping[str, Hashable], seed: int
) -> list[Problem]:
    """Return exactly the quota of each category, in the order of the problems, over as many functions as possible.

    Args:
        problems: Problems to sample from; at least the quota of each category.
        quotas: Number per category.
        function_of: The function of each problem, by task id.
        seed: Seeds the choice.
    """
    by_category: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_category[category_of(problem)].append(problem)
    uses: Counter[Hashable] = Counter()
    chosen: set[str] = set()
    rng = random.Random(f"{seed}:take")
    # Categories with the fewest tasks to spare choose first.
    for category in sorted(quotas, key=lambda name: (len(by_category[name]) - quotas[name], name)):
        rows = list(by_category[category])
        rng.shuffle(rows)
        # Those whose replies can be run come first.
        rows.sort(key=lambda row: ("calls" not in row.grading_context, uses[function_of[row.task_id]]))
        for row in rows[: quotas[category]]:
            chosen.add(row.task_id)
            uses[function_of[row.task_id]] += 1
    return [problem for problem in problems if problem.task_id in chosen]


def category_of(problem: Problem) -> str:
    """Return the category of a task, which is its stratum."""
    return problem.stratum or ""
