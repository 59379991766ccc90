"""Matching the programs of one problem: which better program is paired with which worse one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from codekiln.code.distance import token_similarity


@dataclass(frozen=True)
class Candidate:
    """A graded program.

    Attributes:
        code: Its text.
        key: Equal for duplicates.
        value: Its score; None when the metric has no signal.
        merit: Its score with more always meaning better; ``-inf`` when it has none.
        position: When it was written, among the problem's candidates.
        others: Its scores by the metrics that break ties; None where one has no signal.
        is_vetoed: Whether the metric refuses it for hiding what it counts.
        before: Its score by the metric before, where ``value`` is that of a tie-break.
    """

    code: str
    key: str
    value: float | None
    merit: float
    position: int = 0
    others: tuple[float | None, ...] = ()
    is_vetoed: bool = False
    before: float | None = None

    def by_tie_break(self, place: int, sign: float) -> "Candidate":
        """Return it with its score by a metric of ``others``; ``sign`` is 1 where more of that is better, else -1."""
        value = None if self.is_vetoed else self.others[place]
        return replace(self, value=value, merit=merit_of(value, sign), before=self.value)


def merit_of(value: float | None, sign: float) -> float:
    """Return a score with more always meaning better; ``-inf`` for none."""
    return -math.inf if value is None else sign * value


Match = tuple[Candidate, Candidate]
"""A better program and a worse one."""


@dataclass(frozen=True)
class PairingRule:
    """How programs are matched.

    Attributes:
        margin: Least difference in merit.
        max_similarity: Largest share of tokens that the two may have in common.
        negatives: ``worst``: the rejected program is the worst there is; ``alike``: the most similar of those worse by
            the margin.
        allow_ties: Whether two programs of equal merit make a pair.
        in_order: Of programs of equal merit the first is taken, as the best and as the worst.
    """

    margin: float = 0.0
    max_similarity: float = 1.0
    negatives: Literal["worst", "alike"] = "worst"
    allow_ties: bool = False
    in_order: bool = False

    def is_wide(self, match: Match) -> bool:
        """Return whether the score gap is at least the margin; a tie counts only with ``allow_ties``."""
        return gap(match) >= self.margin and (gap(match) > 0 or self.allow_ties)

    def may_meet(self, chosen: Candidate, rejected: Candidate) -> bool:
        """Return whether the two share few enough tokens, and a tie-break may order them: no metric before does."""
        if chosen.before is not None and rejected.before is not None and chosen.before != rejected.before:
            return False
        return self.max_similarity >= 1 or token_similarity(chosen.code, rejected.code) <= self.max_similarity


def matches(scored: Sequence[Candidate], rule: PairingRule) -> list[Match]:
    """Match programs by ``rule``, the widest gap first where the worst are rejected, else the best program first.

    Each program is used once. With ``worst``, best meets worst, second best second worst, and so on, and the gaps may
    be less than the margin: what is left then is the widest there was. Duplicates can differ in a metric that reads
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


def _partner(chosen: Candidate, options: Sequence[Candidate], rule: PairingRule) -> Candidate | None:
    met = (item for item in options if rule.may_meet(chosen, item))
    if rule.negatives == "worst":
        return next(met, None)
    worse = [item for item in met if rule.is_wide((chosen, item))]
    return max(worse, key=lambda item: token_similarity(chosen.code, item.code), default=None)


def gap(match: Match) -> float:
    """Return by how much the chosen program is better."""
    return match[0].merit - match[1].merit


def best_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates by falling merit, those without one last, equals in the order given."""
    return sorted(candidates, key=lambda item: -item.merit)


def worst_first(candidates: Sequence[Candidate], in_order: bool) -> list[Candidate]:
    """Return candidates by rising merit, equals in the order given, or in its reverse."""
    return best_first(candidates[::-1] if in_order else candidates)[::-1]


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the first candidate of each program."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.key, candidate)
    return list(first.values())
