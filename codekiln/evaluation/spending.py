"""Alpha spending: at which level the gate judges the first, second, third... candidate on one evaluation set."""

from math import floor, log10

TOTAL = 0.05
"""Two-sided level that all candidates of a set share: one is promoted without a gain in at most half as many sets."""
FIRST = 0.98
"""The first candidate's share of it: most sets judge one, which then gains as much from its data as at 95 %."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def level_of(number: int) -> float:
    """Return the two-sided level at which the ``number``-th candidate on a set is judged.

    Bonferroni's inequality over an infinite series, as in alpha investing without a pay-out (Foster and Stine 2008):
    the levels of all candidates sum to `TOTAL`, however many there are and however they depend on each other. The
    first takes `FIRST`; 1 / (k (k - 1)), which sums to one over k = 2, 3, ..., divides the rest.

    Args:
        number: 1 for the first candidate.

    Raises:
        ValueError: ``number`` is below 1.
    """
    if number < 1:
        raise ValueError(f"candidates are counted from 1, not {number}")
    return TOTAL * (FIRST if number == 1 else (1 - FIRST) / (number * (number - 1)))


def charge(number: int) -> str:
    """Return for which candidate on its set a level is, in words."""
    return f"for the {_ordinal(number)} candidate judged on these problems"


def confidence(level: float) -> str:
    """Return a two-sided level as the confidence of its intervals, with two significant digits of what is left out."""
    left = 100 * level
    return f"{100 - left:.{max(1, 1 - floor(log10(left)))}f} %"


def _ordinal(number: int) -> str:
    if number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
