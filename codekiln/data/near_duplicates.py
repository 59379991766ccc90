"""Near-duplicates: texts that share most of their token 5-grams, compared exactly.

All pairs are compared exactly, by an inverted index: that takes seconds for twenty thousand functions, so MinHash would
save nothing and miss some.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from codekiln.data.normalise import strip

THRESHOLD = 0.8
"""Jaccard similarity from which two texts count as one (Lee et al. 2022, arXiv 2107.06499, use the same)."""

SIZE = 5


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
    index = _Index(threshold)
    for text in right:
        index.add(shingles(text))
    return [(number, *found) for number, text in enumerate(left) for found in sorted(index.near(shingles(text)))]


def earliest_duplicates(texts: Sequence[str], threshold: float = THRESHOLD) -> list[int]:
    """Return for each text the index of the earlier text it nearly repeats, or its own index when it is kept.

    Texts are taken in order, and only those that are kept count as earlier ones; the most alike is named.
    """
    index, kept, firsts = _Index(threshold), [], []
    for number, text in enumerate(texts):
        grams = shingles(text)
        found = max(index.near(grams), key=lambda item: (item[1], -item[0]), default=None)
        if found is None:
            index.add(grams)
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
        self._index = _Index(threshold)
        for text in texts:
            self._index.add(shingles.__wrapped__(text))

    def most_alike(self, text: str) -> tuple[int, float] | None:
        """Return the index of the text that this one nearly repeats, with the similarity; None where there is none."""
        found = self._index.near(shingles.__wrapped__(text)) if text else ()
        return max(found, key=lambda item: (item[1], -item[0]), default=None)


class _Index:
    """An inverted index: the sets of shingles that hold each shingle."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._sizes: list[int] = []
        self._holders: dict[str, list[int]] = defaultdict(list)

    def add(self, grams: frozenset[str]) -> None:
        for gram in grams:
            self._holders[gram].append(len(self._sizes))
        self._sizes.append(len(grams))

    def near(self, grams: frozenset[str]) -> Iterable[tuple[int, float]]:
        shared = Counter(holder for gram in grams for holder in self._holders.get(gram, ()))
        for holder, count in shared.items():
            similarity = count / (len(grams) + self._sizes[holder] - count)
            if similarity >= self._threshold:
                yield holder, similarity
