"""Data sets by difficulty: how many rows of each band give exactly the ratio asked for."""

import math
import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

from codekiln.recipes.difficulty.rates import BANDS, exact

NAME = re.compile(r"[A-Za-z0-9][\w-]*")


class Ratio(BaseModel):
    """How the rows of a data set divide over the bands, in any unit: 70 / 20 / 10 is 0.7 / 0.2 / 0.1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    easy: float = Field(0, ge=0, allow_inf_nan=False)
    medium: float = Field(0, ge=0, allow_inf_nan=False)
    hard: float = Field(0, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _not_nothing(self) -> "Ratio":
        if not any(self.shares()):
            raise ValueError("at least one band needs a share above 0")
        return self

    def shares(self) -> tuple[float, float, float]:
        """Return the numbers as given, in the order of the bands."""
        return self.easy, self.medium, self.hard

    def parts(self) -> dict[str, int]:
        """Return the ratio by band in lowest terms: 70 / 20 / 10 is 7 : 2 : 1."""
        fractions = [exact(share) for share in self.shares()]
        scale = math.lcm(*(fraction.denominator for fraction in fractions))
        whole = [int(fraction * scale) for fraction in fractions]
        return {band: part // math.gcd(*whole) for band, part in zip(BANDS, whole, strict=True)}


STANDARD = {
    "balanced": Ratio(easy=1, medium=1, hard=1),
    "easy_heavy": Ratio(easy=70, medium=20, hard=10),
    "medium_heavy": Ratio(easy=10, medium=70, hard=20),
    "hard_heavy": Ratio(easy=10, medium=20, hard=70),
}


class Impossible(Exception):
    """There are too few rows for even the smallest data set of a ratio; says how many are needed and there."""


def counts(ratio: Ratio, available: Mapping[str, int], size: int | None = None) -> dict[str, int]:
    """Return the rows of each band in the largest data set that has exactly this ratio.

    Args:
        ratio: The ratio.
        available: Rows there are, by band.
        size: Most rows in all; default: no limit.

    Raises:
        Impossible: Some band has fewer rows than the ratio in lowest terms asks for, or ``size`` is below its sum.
    """
    parts = ratio.parts()
    smallest = sum(parts.values())
    lacking = {band: part for band, part in parts.items() if available.get(band, 0) < part}
    asked = " : ".join(str(part) for part in parts.values())
    if lacking:
        needs = ", ".join(f"{part} {band} (there are {available.get(band, 0)})" for band, part in lacking.items())
        raise Impossible(f"{asked} ({' : '.join(BANDS)}) needs at least {needs}")
    if size is not None and size < smallest:
        raise Impossible(f"{asked} ({' : '.join(BANDS)}) needs at least {smallest} rows, and size allows {size}")
    times = min(available[band] // part for band, part in parts.items() if part)
    if size is not None:
        times = min(times, size // smallest)
    return {band: times * part for band, part in parts.items()}
