"""Near-duplicates: texts that share most of their token 5-grams, compared exactly.

Pairs are found by prefix filtering: Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for similarity joins in
data cleaning"; Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search". When the shingles of every text
are ordered from rare to common, two texts with a Jaccard similarity of t share one among the first L - ceil(t L) + 1 of
the L shingles of each, so only these are looked up, and every text found there is compared in full.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import ceil, floor
from typing import NamedTuple

import numpy
import numpy.typing

from codekiln.data.normalise import strip

THRESHOLD = 0.8
"""Jaccard similarity from which two texts count as one (Lee et al. 2022, arXiv 2107.06499, use the same)."""

SIZE = 5
_ROUNDING = 1e-9
"""Keeps products such as 0.8 * 5 from being rounded up past the whole number that they are."""

Hashes = numpy.typing.NDArray[numpy.int64]


@lru_cache(maxsize=16_384)
def shingles(text: str) -> frozenset[str]:
    """Return the token 5-grams of a text, of a program without comments and layout; a short text is one shingle."""
    try:
        text = strip(text)
    except SyntaxError:
        text = text.lower()
    words = re.findall(r"\w+|[^\w\s]", text)
    return frozenset(" ".join(words[start : start + SIZE]) for start in range(max(1, len(words) - SIZE + 1)))


def similar_pairs(
    left: Sequence[str], right: Sequence[str], threshold: float = THRESHOLD
) -> list[tuple[int, int, float]]:
    """Return (index in left, index in right, Jaccard similarity) of all pairs at or above ``threshold``, in order."""
    known = NearDuplicates(right, threshold)
    return [(number, *found) for number, text in enumerate(left) for found in known.all_alike(text)]


def earliest_duplicates(texts: Sequence[str], threshold: float = THRESHOLD) -> list[int]:
    """Return for each text the index of the earlier text it nearly repeats, or its own index when it is kept.

    Texts are taken in order, and only those that are kept count as earlier ones; the most alike is named.
    """
    hashed = [_hashes(text) for text in texts]
    # A shingle of one text alone is shared with none.
    vocabulary = _Vocabulary(hashed, least=2)
    index, kept, firsts = _Index(threshold), [], []
    for number, hashes in enumerate(hashed):
        row = vocabulary.ordered(hashes)
        found = _most_alike(index.near(row))
        if found is None:
            index.add(row)
            kept.append(number)
        firsts.append(number if found is None else kept[found[0]])
    return firsts


class NearDuplicates:
    """Texts to look others up in, one at a time; nothing is kept of what is looked up.

    Args:
        texts: The texts.
        threshold: See `similar_pairs`.
    """

    def __init__(self, texts: Iterable[str], threshold: float = THRESHOLD) -> None:
        hashed = [_hashes(text) for text in texts]
        self._vocabulary = _Vocabulary(hashed)
        self._index = _Index(threshold)
        for hashes in hashed:
            self._index.add(self._vocabulary.ordered(hashes))

    def all_alike(self, text: str) -> list[tuple[int, float]]:
        """Return the indexes of the texts that this one nearly repeats, in order, with the similarities."""
        return sorted(self._index.near(self._vocabulary.ordered(_hashes(text))))

    def most_alike(self, text: str) -> tuple[int, float] | None:
        """Return the index of the text that this one nearly repeats, with the similarity; None where there is none."""
        return _most_alike(self.all_alike(text)) if text else None


def _most_alike(found: Iterable[tuple[int, float]]) -> tuple[int, float] | None:
    return max(found, key=lambda item: (item[1], -item[0]), default=None)


@lru_cache(maxsize=16_384)
def _hashes(text: str) -> Hashes:
    """Return the 64-bit hashes of a text's shingles: among ten million, two are equal with a chance of 3 in 10^6."""
    grams = shingles.__wrapped__(text)
    return numpy.fromiter(map(hash, grams), dtype=numpy.int64, count=len(grams))


class _Row(NamedTuple):
    """The shingles of a text: ranks of those in the vocabulary, ascending, and the number of all."""

    ranks: "array[int]"
    size: int


class _Vocabulary:
    """Ranks of shingles from rare to common.

    Args:
        hashed: The hashes of each text.
        least: Texts that have to have a shingle, for it to have a rank.
    """

    def __init__(self, hashed: Sequence[Hashes], least: int = 1) -> None:
        every = numpy.concatenate(hashed) if hashed else numpy.empty(0, dtype=numpy.int64)
        values, counts = numpy.unique(every, return_counts=True)
        self._values, counts = values[counts >= least], counts[counts >= least]
        self._ranks = numpy.empty(len(counts), dtype=numpy.uint32)
        self._ranks[numpy.argsort(counts, kind="stable")] = numpy.arange(len(counts), dtype=numpy.uint32)

    def ordered(self, hashes: Hashes) -> _Row:
        """Return the ranks of a text's shingles."""
        places = numpy.searchsorted(self._values, hashes)
        inside = places < len(self._values)
        places = places[inside]
        ranks = self._ranks[places[self._values[places] == hashes[inside]]]
        return _Row(array("I", numpy.sort(ranks).tobytes()), len(hashes))


class _Index:
    """Texts by the shingles of their prefixes."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._rows: list[_Row] = []
        self._holders: dict[int, array[int]] = defaultdict(lambda: array("I"))

    def add(self, row: _Row) -> None:
        for rank in self._prefix(row):
            self._holders[rank].append(len(self._rows))
        self._rows.append(row)

    def near(self, row: _Row) -> Iterator[tuple[int, float]]:
        found = {holder for rank in self._prefix(row) for holder in self._holders.get(rank, ())}
        least, most = self._least(row.size), floor(row.size / self._threshold + _ROUNDING)
        ranks = frozenset(row.ranks)
        for holder in found:
            other = self._rows[holder]
            if least <= other.size <= most:
                shared = len(ranks.intersection(other.ranks))
                similarity = shared / (row.size + other.size - shared)
                if similarity >= self._threshold:
                    yield holder, similarity

    def _least(self, size: int) -> int:
        return ceil(self._threshold * size - _ROUNDING)

    def _prefix(self, row: _Row) -> "array[int]":
        # Shingles without a rank are the rarest, so they come first.
        unranked = row.size - len(row.ranks)
        return row.ranks[: max(0, row.size - self._least(row.size) + 1 - unranked)]
