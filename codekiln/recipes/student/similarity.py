"""How alike two submissions are: by their text, by their syntax trees, or by a small model's embeddings."""

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from codekiln.recipes.student.style import tree_of

if TYPE_CHECKING:
    import numpy as np

Distance = Callable[[Sequence[str], Sequence[str]], "np.ndarray"]
"""Distances between the codes of two lists, shape (left, right), each at least 0; 0 for equal codes."""


def edit_distance(left: str, right: str) -> float:
    """Return the Levenshtein distance of two texts over the length of the longer one, 0 to 1."""
    return Levenshtein.normalized_distance(left, right)


def tree_distance(left: str, right: str) -> float:
    """Return how different two programs are built, 0 to 1.

    The Levenshtein distance of their trees' nodes in pre-order over the length of the longer list; names and constants
    do not count. Of two texts that do not parse it is the `edit_distance`; between a program and such a text it is 1.
    """
    one, other = _nodes(left), _nodes(right)
    if one is None and other is None:
        return edit_distance(left, right)
    return 1.0 if one is None or other is None else Levenshtein.normalized_distance(one, other)


def tree_distances(left: Sequence[str], right: Sequence[str]) -> "np.ndarray":
    """Return `tree_distance` for all pairs; pairs that occur again are computed once."""
    import numpy as np

    known: dict[frozenset[str], float] = {}
    values = np.zeros((len(left), len(right)))
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            pair = frozenset((one, other))
            if pair not in known:
                known[pair] = tree_distance(one, other)
            values[row, column] = known[pair]
    return values


def radius(distances: Sequence[float], k: int) -> float | None:
    """Return the distance to the k-th nearest of others, or to the farthest where there are fewer; None without any."""
    return sorted(distances)[min(k, len(distances)) - 1] if len(distances) else None


def mean_pairwise(distances: "np.ndarray") -> float | None:
    """Return the mean over the pairs of a symmetric matrix; None for fewer than two rows."""
    size = len(distances)
    return float(distances.sum() / (size * (size - 1))) if size > 1 else None


@lru_cache(maxsize=50_000)
def _nodes(code: str) -> tuple[str, ...] | None:
    tree = tree_of(code)
    return None if tree is None else tuple(_preorder(tree))


def _preorder(root: ast.AST) -> list[str]:
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.expr_context):
            found.append(type(node).__name__)
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))
    return found
