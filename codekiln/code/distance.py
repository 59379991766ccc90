"""Distances between programs: of their texts and tokens, and of their syntax trees by node sequence or by pq-grams.

Tree distances compare the kinds of nodes (``For``, ``BinOp``, ``Add``, ``Call`` ...): names and constants do not count.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from codekiln.data.normalise import drop_constant_statements, parse

if TYPE_CHECKING:  # numpy takes a while to import, and most callers compare two programs only
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

PairwiseDistance = Callable[[Sequence[str], Sequence[str]], "Matrix"]
"""Distances between the programs of two lists, shape (left, right), each at least 0; 0 for equal programs."""

P, Q = 2, 3
_NO_NODE = "*"

_PqGrams = frozenset[tuple[tuple[str, ...], int]]


def edit_distance(left: str, right: str) -> float:
    """Return the Levenshtein distance of two texts divided by the length of the longer one, 0 to 1."""
    return Levenshtein.normalized_distance(left, right)


def token_similarity(left: str, right: str) -> float:
    """Return the share of tokens that two texts have in common, 0 to 1 (Dice coefficient of multisets)."""
    one, other = (Counter(re.findall(r"\w+|\S", text)) for text in (left, right))
    return 2 * (one & other).total() / max(1, one.total() + other.total())


def preorder_distance(left: str, right: str) -> float:
    """Return the normalised Levenshtein distance of the pre-order node sequences of two syntax trees, 0 to 1.

    Docstrings count as nodes. Of two texts that do not parse it is the `edit_distance`; between a program and a text
    that does not parse it is 1.
    """
    one, other = _preorder(left), _preorder(right)
    if one is None and other is None:
        return edit_distance(left, right)
    return 1.0 if one is None or other is None else Levenshtein.normalized_distance(one, other)


def pairwise_preorder_distances(left: Sequence[str], right: Sequence[str]) -> "Matrix":
    """Return the `preorder_distance` of every pair, shape (left, right)."""
    import numpy as np

    # Samples of a model repeat often, and the distance is symmetric: each unordered pair is computed once.
    known: dict[frozenset[str], float] = {}
    values = np.zeros((len(left), len(right)))
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            pair = frozenset((one, other))
            if pair not in known:
                known[pair] = preorder_distance(one, other)
            values[row, column] = known[pair]
    return values


def pq_gram_distance(left: str, right: str) -> float:
    """Return the pq-gram distance of two syntax trees: 0 for equal trees, 1 for trees without a common part.

    The distance is ``1 - 2 |A ∩ B| / (|A| + |B|)`` of the two bags of pq-grams (p = 2 ancestors, q = 3 siblings), which
    approximates the tree edit distance (Augsten, Boehlen and Gamper, VLDB 2005). Docstrings do not count.

    Raises:
        SyntaxError: A text is not a Python program.
    """
    one, other = (Counter(dict(_pq_grams(code))) for code in (left, right))
    return 1 - 2 * (one & other).total() / (one.total() + other.total())


def kth_nearest(distances: Sequence[float], k: int) -> float | None:
    """Return the k-th smallest distance, or the largest where there are fewer than k; None for no distances."""
    return sorted(distances)[min(k, len(distances)) - 1] if len(distances) else None


def mean_pairwise(distances: "Matrix") -> float | None:
    """Return the mean of a symmetric distance matrix without its diagonal; None for fewer than two rows."""
    size = len(distances)
    return float(distances.sum() / (size * (size - 1))) if size > 1 else None


@lru_cache(maxsize=50_000)
def _preorder(code: str) -> tuple[str, ...] | None:
    try:
        waiting: list[ast.AST] = [parse(code)]
    except SyntaxError:
        return None
    labels = []
    while waiting:
        node = waiting.pop()
        labels.append(_label(node))
        waiting += reversed(_children(node))
    return tuple(labels)


@lru_cache(maxsize=16_384)
def _pq_grams(code: str) -> _PqGrams:
    grams: Counter[tuple[str, ...]] = Counter()
    waiting: list[tuple[ast.AST, tuple[str, ...]]] = [(drop_constant_statements(parse(code)), (_NO_NODE,) * (P - 1))]
    while waiting:
        node, above = waiting.pop()
        stem, children = (*above, _label(node)), _children(node)
        edge = [_NO_NODE] * (Q - 1)
        base = [*edge, *map(_label, children), *edge] if children else [_NO_NODE] * Q
        grams.update((*stem, *base[start : start + Q]) for start in range(len(base) - Q + 1))
        waiting += [(child, stem[1:]) for child in children]
    return frozenset(grams.items())


def _children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes below ``node`` without ``Load``, ``Store`` and ``Del``, which follow from their parents."""
    return [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]


def _label(node: ast.AST) -> str:
    return type(node).__name__
