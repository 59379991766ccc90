"""Which two programs of a problem make a preference pair."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Candidate:
    """A graded program; ``value`` is its score, ``merit`` the same with more always meaning better.

    ``key`` is what makes two texts one program; ``place`` says when it was written, of a problem's candidates.
    """

    code: str
    key: str
    value: float | None
    merit: float | None
    place: int = 0


Match = tuple[Candidate, Candidate]
"""A better program and a worse one."""


@dataclass(frozen=True)
class Rule:
    """How programs are matched.

    Attributes:
        margin: Least difference in merit.
        likeness: Largest share of tokens that the two may have in common.
        negatives: The rejected program is the worst there is, or of those worse by the margin the most alike.
        ties: Whether two programs of equal merit make a pair.
        in_order: Of programs of equal merit the first is taken, as the best and as the worst.
    """

    margin: float = 0.0
    likeness: float = 1.0
    negatives: Literal["worst", "alike"] = "worst"
    ties: bool = False
    in_order: bool = False

    def wide(self, match: Match) -> bool:
        """Return whether the merits are far enough apart."""
        gap = match[0].merit - match[1].merit
        return gap >= self.margin and (gap > 0 or self.ties)

    def unlike(self, chosen: Candidate, rejected: Candidate) -> bool:
        """Return whether the two are not too much alike."""
        return self.likeness >= 1 or likeness(chosen.code, rejected.code) <= self.likeness


def matches(scored: Sequence[Candidate], rule: Rule) -> list[Match]:
    """Match programs by ``rule``, the widest gap first where the worst are rejected, else the best program first.

    Each program is used once. With ``worst``, best meets worst, second best second worst, and so on, and the gaps may
    be less than the margin: what is left then is the widest there was. Twins can differ in a metric that reads
    comments: as a chosen program counts the best of them, as a rejected one the worst.
    """
    used: set[str] = set()
    found: list[Match] = []
    worst = distinct(worst_first(scored, rule.in_order))
    for chosen in distinct(best_first(scored)):
        options = [item for item in worst if item.key not in used | {chosen.key}]
        rejected = None if chosen.key in used else _partner(chosen, options, rule)
        if rejected is not None:
            used |= {chosen.key, rejected.key}
            found.append((chosen, rejected))
    return sorted(found, key=gap, reverse=True) if rule.negatives == "worst" else found


def _partner(chosen: Candidate, options: Sequence[Candidate], rule: Rule) -> Candidate | None:
    fitting = (item for item in options if rule.unlike(chosen, item))
    if rule.negatives == "worst":
        return next(fitting, None)
    worse = [item for item in fitting if rule.wide((chosen, item))]
    return max(worse, key=lambda item: likeness(chosen.code, item.code), default=None)


def gap(match: Match) -> float:
    """Return by how much the chosen program is better."""
    return match[0].merit - match[1].merit


def best_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates by falling merit, those without one last, equals in the order given."""
    return sorted(candidates, key=lambda item: -_known(item.merit, -math.inf))


def worst_first(candidates: Sequence[Candidate], in_order: bool) -> list[Candidate]:
    """Return candidates by rising merit, equals in the order given, or in its reverse."""
    return best_first(candidates[::-1] if in_order else candidates)[::-1]


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the first candidate of each program."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.key, candidate)
    return list(first.values())


def likeness(one: str, other: str) -> float:
    """Return the share of tokens two programs have in common, 0 to 1 (Dice coefficient of multisets)."""
    first, second = (Counter(re.findall(r"\w+|\S", text)) for text in (one, other))
    return 2 * (first & second).total() / max(1, first.total() + second.total())


def _known(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
