"""The fewest inputs that kill all mutants that can be killed: a set cover, by the greedy rule."""

from collections.abc import Mapping, Sequence


def cover(kills: Sequence[frozenset[int]], strangeness: Sequence[int], most: int) -> list[int]:
    """Return the numbers of the chosen inputs, in their order.

    All that ordinary inputs can kill is covered first; a stranger input is taken only for what no less strange one
    kills. Among equals the input with the most new kills is taken, then the first. What the others kill together is
    dropped again. (Greedy cover: Chvatal, 1979; at most ln n + 1 times the smallest.)

    Args:
        kills: For each input, the mutants that it kills.
        strangeness: How far each input is from those of the problem's tests.
        most: Largest number of inputs.
    """
    chosen: list[int] = []
    covered: frozenset[int] = frozenset()
    for level in sorted(set(strangeness)):
        within = {number: kills[number] for number, at in enumerate(strangeness) if at <= level}
        while len(chosen) < most and (best := _best(within, covered)) is not None:
            chosen.append(best)
            covered |= kills[best]
    return sorted(_needed(chosen, kills))


def _best(kills: Mapping[int, frozenset[int]], covered: frozenset[int]) -> int | None:
    number = max(kills, key=lambda number: (len(kills[number] - covered), -number), default=None)
    return number if number is not None and kills[number] - covered else None


def _needed(chosen: list[int], kills: Sequence[frozenset[int]]) -> list[int]:
    needed = list(chosen)
    for number in reversed(chosen):
        others = frozenset[int]().union(*(kills[other] for other in needed if other != number))
        if kills[number] <= others:
            needed.remove(number)
    return needed
