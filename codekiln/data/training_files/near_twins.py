"""Finds near-duplicates among any number of texts in bounded memory: MinHash proposes pairs, shingles decide.

MinHash with banding: Broder 1997, "On the resemblance and containment of documents"; Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", chapter 3. A pair at the threshold of 0.8 is proposed with a probability of 0.999.
"""

import zlib
from collections.abc import Iterator, Mapping

import numpy
import numpy.typing

from codekiln.data import near_duplicates

Hashes = numpy.typing.NDArray[numpy.uint32]

_BANDS, _ROWS = 24, 6
_BLOCK = 4_096
MOST_PAIRS = 50_000
"""Proposed pairs that are compared: each keeps the hashes of its two texts in memory."""


class NearTwins:
    """Collects a sketch of 96 bytes of each text, and compares those texts whose sketches agree."""

    def __init__(self) -> None:
        random = numpy.random.default_rng(0)
        size = (_BANDS * _ROWS,)
        # Multiply-shift hashing (Dietzfelbinger et al. 1997) of 32-bit keys.
        self._factors = random.integers(0, 2**64, size, dtype=numpy.uint64) | numpy.uint64(1)
        self._terms = random.integers(0, 2**64, size, dtype=numpy.uint64)
        self._blocks: list[Hashes] = []
        self._count = 0

    def add(self, text: str) -> None:
        """Keep the sketch of a text."""
        if self._count % _BLOCK == 0:
            self._blocks.append(numpy.empty((_BLOCK, _BANDS), dtype=numpy.uint32))
        self._blocks[-1][self._count % _BLOCK] = self._sketch(_hashes(text))
        self._count += 1

    def _sketch(self, hashes: Hashes) -> Hashes:
        smallest = numpy.full(_BANDS * _ROWS, 2**32 - 1, dtype=numpy.uint64)
        for start in range(0, len(hashes), _BLOCK):
            part = hashes[start : start + _BLOCK, None].astype(numpy.uint64)
            smallest = numpy.minimum(smallest, ((part * self._factors + self._terms) >> numpy.uint64(32)).min(axis=0))
        bands = (smallest * self._factors).reshape(_BANDS, _ROWS).sum(axis=1)
        sketch: Hashes = (bands >> numpy.uint64(32)).astype(numpy.uint32)
        return sketch

    def pairs(self) -> list[tuple[int, int]]:
        """Return pairs of an earlier and a later text that may be near-duplicates, by the later one's number."""
        sketches = numpy.concatenate(self._blocks)[: self._count] if self._blocks else numpy.empty((0, _BANDS))
        self._blocks.clear()
        found: set[tuple[int, int]] = set()
        for band in range(_BANDS):
            keys = sketches[:, band]
            order = numpy.argsort(keys, kind="stable").astype(numpy.uint32)
            starts = numpy.flatnonzero(numpy.r_[True, keys[order][1:] != keys[order][:-1]]) if len(order) else order
            firsts = numpy.repeat(order[starts], numpy.diff(numpy.r_[starts, len(order)]))
            later = firsts != order
            chosen = numpy.argsort(order[later], kind="stable")[:MOST_PAIRS]
            found.update(zip(firsts[later][chosen].tolist(), order[later][chosen].tolist(), strict=True))
        return sorted(found, key=lambda pair: pair[::-1])[:MOST_PAIRS]


def confirmed(pairs: list[tuple[int, int]], texts: Mapping[int, str]) -> Iterator[tuple[int, int, float]]:
    """Yield the pairs whose texts are near-duplicates, one for each later text, with their Jaccard similarity.

    Args:
        pairs: Pairs of numbers of texts, as `NearTwins.pairs` returns them.
        texts: Their texts, by number.
    """
    kept = {number: _hashes(text) for number, text in texts.items()}
    best: dict[int, tuple[float, int]] = {}
    for first, later in pairs:
        shared = len(numpy.intersect1d(kept[first], kept[later], assume_unique=True))
        similarity = shared / (len(kept[first]) + len(kept[later]) - shared)
        if similarity >= near_duplicates.THRESHOLD:
            best[later] = max(best.get(later, (0.0, 0)), (similarity, -first))
    yield from ((-first, later, similarity) for later, (similarity, first) in sorted(best.items()))


def _hashes(text: str) -> Hashes:
    grams = near_duplicates.shingles.__wrapped__(text)
    made = (zlib.crc32(gram.encode("utf-8", "surrogatepass")) for gram in grams)
    return numpy.unique(numpy.fromiter(made, dtype=numpy.uint32, count=len(grams)))
