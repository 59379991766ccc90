"""Which tokens of a pair's completions differ, for preference losses that are to see those alone.

Target-DPO (Wu et al. 2025, arXiv 2503.02783) compares the chosen program as a whole with the lines of the rejected one
that differ: the rest of the rejected program is no mistake, and pushing it down takes the chosen one along.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain

from transformers import PreTrainedTokenizerBase

from codekiln.training.settings import DpoSettings

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Focus:
    """The weight of each token of two completions.

    Attributes:
        settings: What is compared, on which side, and what the other tokens weigh.
        line_ends: Tokens that end a line; None where tokens are compared.
    """

    settings: DpoSettings
    line_ends: frozenset[int] | None

    def weights(self, chosen: Ids, rejected: Ids) -> tuple[list[float], list[float]]:
        """Return a weight for each token of both: 1 for what differs, ``focus_rest`` for what both have."""
        rest = self.settings.focus_rest
        sides = [[1.0 if differs else rest for differs in side] for side in differing(chosen, rejected, self.line_ends)]
        return sides[0] if self.settings.focus_on == "both" else [1.0] * len(chosen), sides[1]


def focus_of(settings: DpoSettings, tokenizer: PreTrainedTokenizerBase) -> Focus | None:
    """Return the weights of the settings, or None where all tokens count alike."""
    if settings.focus == "none":
        return None
    ends = None
    if settings.focus == "lines":
        ends = frozenset(number for number in range(len(tokenizer)) if "\n" in tokenizer.decode([number]))
    return Focus(settings, ends)


@lru_cache(maxsize=65_536)
def differing(chosen: Ids, rejected: Ids, line_ends: frozenset[int] | None) -> tuple[list[bool], list[bool]]:
    """Return for each token of both completions whether it is in what differs.

    Args:
        chosen: Tokens of the chosen completion.
        rejected: Of the rejected one.
        line_ends: Tokens that end a line, to compare whole lines; None: compare tokens.
    """
    one, other = (_units(ids, line_ends) for ids in (chosen, rejected))
    found = ([True] * len(one), [True] * len(other))
    for start, begin, size in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks():
        found[0][start : start + size] = found[1][begin : begin + size] = [False] * size
    return _spread(one, found[0]), _spread(other, found[1])


def _units(ids: Ids, line_ends: frozenset[int] | None) -> list[Ids]:
    if line_ends is None:
        return [(token,) for token in ids]
    cuts = [0, *(place + 1 for place, token in enumerate(ids) if token in line_ends), len(ids)]
    return [ids[start:end] for start, end in zip(cuts, cuts[1:], strict=False) if start < end]


def _spread(units: Sequence[Sequence[Hashable]], found: Sequence[bool]) -> list[bool]:
    return list(chain.from_iterable([differs] * len(unit) for unit, differs in zip(units, found, strict=True)))
