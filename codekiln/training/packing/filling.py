"""Which rows go through the model together: a pass is filled up to a budget of tokens or rows."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

from codekiln.training.row_validation import Tokens


@dataclass(frozen=True)
class Budget:
    """The most that one forward pass takes; a row that is longer than ``tokens`` is a pass of its own."""

    rows: int | None = None
    tokens: int | None = None


def length_of(row: Tokens) -> int:
    """Return the tokens of a packed row: those of a pair count its prompt once."""
    if "input_ids" in row:
        return len(row["input_ids"])
    return len(row["prompt_ids"]) + len(row["chosen_ids"]) + len(row["rejected_ids"])


def fill(lengths: Sequence[int], budget: Budget) -> list[list[int]]:
    """Return the rows of each pass by best fit: the longest row first, each into the fullest pass that takes it.

    The same lengths always give the same passes. Rows of equal length keep their order.
    """
    most = budget.tokens or sum(lengths)
    passes: list[list[int]] = []
    # Free tokens of each pass that takes another row; among equals, the oldest pass first.
    free: list[tuple[int, int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        place = bisect_left(free, (lengths[row], -1))
        room, number = free.pop(place) if place < len(free) else (most, len(passes))
        if number == len(passes):
            passes.append([])
        passes[number].append(row)
        if len(passes[number]) != budget.rows:
            insort(free, (room - lengths[row], number))
    return passes
