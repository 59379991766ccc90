"""How rows are split into training and evaluation sides: whole groups, by hash, by draw, or by stratum.

Every split of the package is made here, so that one rule holds everywhere: a group never lies on two sides.
"""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import networkx

TRAIN, EVALUATION = "train", "evaluation"
Item = TypeVar("Item", bound="str | tuple[str, ...]")


def hash_of(name: str, salt: str = "") -> bytes:
    """Return the sha256 of a salted name; its place in a split depends on nothing else that is in the data."""
    return hashlib.sha256(f"{salt}{name}".encode()).digest()


def is_held_out(name: str, fraction: float, salt: str) -> bool:
    """Tell whether a group belongs to the held-out ``fraction`` (0..1), whatever other groups there are."""
    return int.from_bytes(hash_of(name, salt)[:8], "big") < fraction * 2**64


def hash_ordered(names: Iterable[str], salt: str) -> list[str]:
    """Return the distinct names in the order of their hashes; the first n of them are a reproducible sample."""
    return sorted(set(names), key=lambda name: hash_of(name, salt))


def sample_fraction(items: Sequence[Item], fraction: float, seed: str) -> set[Item]:
    """Return a random ``fraction`` of items: rounded, at least one and never all unless the fraction is 0 or 1.

    Args:
        items: What is drawn from, in a fixed order.
        fraction: Share that is drawn, 0..1.
        seed: The same items and seed give the same sample.
    """
    if fraction in (0, 1):
        return set(items) if fraction else set()
    count = min(max(1, round(fraction * len(items))), len(items) - 1)
    return set(random.Random(seed).sample(list(items), max(0, count)))


def connected(count: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return for each of ``count`` items the indices of all items that it is linked to over any path, in order.

    Args:
        count: Number of items.
        links: Pairs of indices of items that may not be separated, such as near-duplicates.
    """
    graph = networkx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(links)
    members = {index: sorted(component) for component in networkx.connected_components(graph) for index in component}
    return [members[index] for index in range(count)]


def stratified(
    rows: Sequence[tuple[str, str]], weights: Mapping[str, float], fraction: float, seed: int
) -> dict[str, str]:
    """Return the side of each group, so that each stratum is split as near to ``fraction`` as whole groups allow.

    Groups are dealt one by one, large ones first, each to the side that lacks most of what the group holds.

    Args:
        rows: (group, stratum) of each row.
        weights: Weight of each stratum; scarce strata count more.
        fraction: Share of the rows that goes to evaluation, 0..1.
        seed: Orders groups of one size.
    """
    holds: dict[str, Counter[str]] = defaultdict(Counter)
    for group, stratum in rows:
        holds[group][stratum] += 1
    total = sum(holds.values(), Counter[str]())
    scaled = {name: weights.get(name, 0) / total[name] for name in total}
    order = sorted(holds)
    random.Random(f"{seed}:sides").shuffle(order)
    order.sort(key=lambda name: -sum(holds[name].values()))
    part = {TRAIN: 1 - fraction, EVALUATION: fraction}
    have: dict[str, Counter[str]] = {side: Counter() for side in part}
    chosen = {}
    for group in order:

        def lacking(side: str, held: Counter[str] = holds[group]) -> float:
            return sum(held[name] * scaled[name] * (total[name] - have[side][name] / part[side]) for name in total)

        chosen[group] = max(part, key=lacking)
        have[chosen[group]] += holds[group]
    return chosen
