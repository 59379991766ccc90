"""Ratios of the bands in a data set, and how many rows of each band give a ratio exactly."""

import math
import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, model_validator

from codekiln.recipes.difficulty.rates import BANDS, decimal_fraction

NAME = re.compile(r"[A-Za-z0-9][\w-]*")


class BandRatio(BaseModel):
    """How the rows of a data set divide over the bands, in any unit: 70 / 20 / 10 is 0.7 / 0.2 / 0.1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    easy: float = Field(0, ge=0, allow_inf_nan=False)
    medium: float = Field(0, ge=0, allow_inf_nan=False)
    hard: float = Field(0, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_not_empty(self) -> "BandRatio":
        if not any(self.shares()):
            raise ValueError("at least one band needs a share above 0")
        return self

    def shares(self) -> tuple[float, float, float]:
        """Return the numbers as given, in the order of the bands."""
        return self.easy, self.medium, self.hard

    def lowest_terms(self) -> dict[str, int]:
        """Return the ratio by band in lowest terms: 70 / 20 / 10 is 7 : 2 : 1."""
        fractions = [decimal_fraction(share) for share in self.shares()]
        scale = math.lcm(*(fraction.denominator for fraction in fractions))
        whole = [int(fraction * scale) for fraction in fractions]
        return {band: part // math.gcd(*whole) for band, part in zip(BANDS, whole, strict=True)}


STANDARD = {
    "balanced": BandRatio(easy=1, medium=1, hard=1),
    "easy_heavy": BandRatio(easy=70, medium=20, hard=10),
    "medium_heavy": BandRatio(easy=10, medium=70, hard=20),
    "hard_heavy": BandRatio(easy=10, medium=20, hard=70),
}


class UnattainableRatio(Exception):
    """There are too few rows for even the smallest data set of a ratio; the message has the numbers."""


def rows_per_band(ratio: BandRatio, available: Mapping[str, int], size: int | None = None) -> dict[str, int]:
    """Return the rows of each band in the largest data set that has exactly this ratio.

    Args:
        ratio: The ratio.
        available: Rows there are, by band.
        size: Most rows in all; None: no limit.

    Raises:
        UnattainableRatio: Some band has fewer rows than the ratio in lowest terms asks for, or ``size`` is below its
            sum.
    """
    parts = ratio.lowest_terms()
    smallest = sum(parts.values())
    lacking = {band: part for band, part in parts.items() if available.get(band, 0) < part}
    terms = " : ".join(str(part) for part in parts.values())
    if lacking:
        needs = ", ".join(f"{part} {band} (there are {available.get(band, 0)})" for band, part in lacking.items())
        raise UnattainableRatio(f"{terms} ({' : '.join(BANDS)}) needs at least {needs}")
    if size is not None and size < smallest:
        raise UnattainableRatio(f"{terms} ({' : '.join(BANDS)}) needs at least {smallest} rows, and size allows {size}")
    times = min(available[band] // part for band, part in parts.items() if part)
    if size is not None:
        times = min(times, size // smallest)
    return {band: times * part for band, part in parts.items()}


def rows_by_rank(
    ratio: BandRatio, solutions: Mapping[str, Sequence[int]], size: int | None = None
) -> list[dict[str, int]]:
    """Return the rows of each band that are problems' best solutions, those that are their second, and so on.

    Each rank has the ratio exactly, so that a data set has it in its problems as well as in its rows. Second and
    further solutions are of problems whose best one is in it.

    Args:
        ratio: The ratio.
        solutions: Number of solutions of each problem, by band, in the order in which problems are taken.
        size: Most rows in all; None: no limit.

    Raises:
        UnattainableRatio: See `rows_per_band`; there are too few problems.
    """
    ranks = [rows_per_band(ratio, {band: len(counts) for band, counts in solutions.items()}, size)]
    taken = {band: counts[: ranks[0][band]] for band, counts in solutions.items()}
    while True:
        left = None if size is None else size - sum(sum(rank.values()) for rank in ranks)
        more = {band: sum(count > len(ranks) for count in counts) for band, counts in taken.items()}
        try:
            ranks.append(rows_per_band(ratio, more, left))
        except UnattainableRatio:
            return ranks
