"""Logical errors in conditions: comparisons, and how they are combined."""

import ast
from collections.abc import Iterator

from codekiln.mutation.kinds import Edit, family
from codekiln.mutation.source import Source

_STRICTER = {"<=": "<", ">=": ">", "<": "<=", ">": ">="}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPARISON = ("comparison", "compare", "compares", "operator", "condition")


def comparisons(source: Source) -> Iterator[tuple[ast.Compare, str, int, int]]:
    """Yield each comparison operator: its node, its text with single spaces, where it starts and ends."""
    for node in source.each(ast.Compare):
        for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
            start, end = source.operator(left, right)
            yield node, " ".join(source.text[start:end].split()), start, end


@family("logical")
def wrong_boundary(source: Source) -> Iterator[Edit]:
    """A comparison includes or leaves out the boundary value: `<` for `<=` and the like.

    Source: Ettles 2018; Alzahrani 2021; track-b.
    """
    for _, operator, start, end in comparisons(source):
        if wrong := _STRICTER.get(operator):
            effect = "counts the boundary value in" if "=" in wrong else "leaves the boundary value out"
            yield Edit(
                start,
                end,
                wrong,
                f"the comparison `{wrong}`",
                f"The comparison uses `{wrong}` where `{operator}` is needed, so it wrongly {effect}.",
                (*_COMPARISON, "boundary", wrong),
            )
