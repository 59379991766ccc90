"""Text forms of values: numbers, durations, digests, and untrusted text."""

import math
import re
from collections.abc import Iterable

MISSING = "-"
# Control characters, marks that change the direction of text, and unpaired surrogates make a program look like another
# one, or break the file's encoding.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def number(value: float | None, digits: int = 3, signed: bool = False) -> str:
    """Return a number with ``digits`` decimals, ``-`` for None."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:{'+' if signed else ''}.{digits}f}"


def span(low: float | None, high: float | None, digits: int = 3, signed: bool = False) -> str:
    """Return ``low to high``, ``-`` for None."""
    return (
        MISSING if low is None or high is None else f"{number(low, digits, signed)} to {number(high, digits, signed)}"
    )


def decimals(values: Iterable[float | None]) -> int:
    """Return the number of decimals of a measure: 1 where a value exceeds 2, and 3 for fractions."""
    return 1 if max((abs(value) for value in values if value is not None), default=0.0) > 2 else 3


def duration(seconds: float | None) -> str:
    """Return a duration as text: ``4.2 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds is None:
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def short(digest: str) -> str:
    """Return the first twelve characters of a digest."""
    return digest[:12] or MISSING


def visible(text: str) -> str:
    """Return ``text`` with every character that would hide or reorder others written as an escape."""
    return _INVISIBLE.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode(), text)
