"""How far apart two programs are as trees: pq-grams (Augsten, Boehlen and Gamper, VLDB 2005)."""

import ast
from collections import Counter
from functools import lru_cache

from codekiln.data.normalise import bare, parse

P, Q = 2, 3
_NONE = "*"

Profile = frozenset[tuple[tuple[str, ...], int]]


def distance(one: str, other: str) -> float:
    """Return the pq-gram distance of two programs' trees: 0 for equal trees, 1 for trees without a common part.

    A node is its kind (``For``, ``BinOp``, ``Add``, ``Call`` …); names, constants, comments and docstrings do not
    count. The distance is ``1 - 2 |A ∩ B| / (|A| + |B|)`` of the two bags of pq-grams (p = 2 ancestors, q = 3
    siblings), which approximates the tree edit distance.

    Raises:
        SyntaxError: A text is no Python program.
    """
    left, right = (Counter(dict(_profile(code))) for code in (one, other))
    return 1 - 2 * (left & right).total() / (left.total() + right.total())


@lru_cache(maxsize=16_384)
def _profile(code: str) -> Profile:
    grams: Counter[tuple[str, ...]] = Counter()
    waiting: list[tuple[ast.AST, tuple[str, ...]]] = [(bare(parse(code)), (_NONE,) * (P - 1))]
    while waiting:
        node, above = waiting.pop()
        stem = (*above, _label(node))
        children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]
        edge = [_NONE] * (Q - 1)
        base = [*edge, *map(_label, children), *edge] if children else [_NONE] * Q
        grams.update((*stem, *base[start : start + Q]) for start in range(len(base) - Q + 1))
        waiting += [(child, stem[1:]) for child in children]
    return frozenset(grams.items())


def _label(node: ast.AST) -> str:
    return type(node).__name__
