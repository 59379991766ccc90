"""Form of a submission: size, shape of its syntax tree, style findings, and one score that sums size and shape up."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from codekiln.data.normalise import parse

SCORED = ("lines", "characters", "ast_depth", "ast_width", "ast_nodes")
"""What the style score sums up, as in ParaStudent (arXiv 2507.12674)."""

IGNORED = ("E301", "E302", "E305", "W391", "E901", "E902")
"""Blank lines around top-level code, which a snippet cannot have, and text that cannot be read, which has its class."""


@dataclass(frozen=True)
class Form:
    """Measurements of one submission; the tree's are None where it does not parse.

    Attributes:
        lines: Lines that are not blank.
        characters: Length of the text.
        issues: pycodestyle's findings per line that is not blank; missing blank lines at the top level, which a
            snippet cannot have, are not counted.
        ast_depth: Nodes on the longest path down the tree.
        ast_width: Nodes on its fullest level.
        ast_nodes: All nodes.
    """

    lines: int
    characters: int
    issues: float
    ast_depth: int | None = None
    ast_width: int | None = None
    ast_nodes: int | None = None


@dataclass(frozen=True)
class Axis:
    """The first principal component of the scored measurements, standardised on real submissions."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    loadings: tuple[float, ...]

    def score(self, form: Form) -> float | None:
        """Return where a submission lies on the component, 0 for the mean of the real ones; None without a tree."""
        values = _scored(form)
        if values is None:
            return None
        parts = zip(values, self.means, self.deviations, self.loadings, strict=True)
        return sum(loading * (value - mean) / deviation for value, mean, deviation, loading in parts)


def form_of(code: str) -> Form:
    """Return the measurements of a submission."""
    lines = sum(1 for line in code.split("\n") if line.strip())
    issues = _issues(code) / lines if lines else 0.0
    levels = _levels(code)
    if levels is None:
        return Form(lines, len(code), issues)
    return Form(lines, len(code), issues, len(levels), max(levels), sum(levels))


def axis_of(forms: Sequence[Form]) -> Axis | None:
    """Fit the style score on real submissions; None when fewer than two of them parse.

    The component's sign is chosen so that larger programs score higher; a measurement that never varies counts nothing.
    """
    import numpy as np

    values = np.array([scored for form in forms if (scored := _scored(form)) is not None], dtype=float)
    if len(values) < 2:
        return None
    means, deviations = values.mean(axis=0), values.std(axis=0)
    varies = deviations > 0
    deviations[~varies] = 1.0
    _, _, components = np.linalg.svd((values - means) / deviations, full_matrices=False)
    first = np.where(varies, components[0], 0.0)
    first = first if first.sum() >= 0 else -first
    return Axis(*(tuple(float(item) for item in row) for row in (means, deviations, first)))


def tree_of(code: str) -> ast.Module | None:
    """Return the syntax tree of a submission, or None when it does not parse."""
    try:
        return parse(code)
    except SyntaxError:
        return None


def _scored(form: Form) -> tuple[float, ...] | None:
    return None if form.ast_nodes is None else tuple(float(getattr(form, name)) for name in SCORED)


def _levels(code: str) -> list[int] | None:
    tree = tree_of(code)
    if tree is None:
        return None
    level: list[ast.AST] = [tree]
    sizes = []
    while level:
        sizes.append(len(level))
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return sizes


@lru_cache(maxsize=20_000)
def _issues(code: str) -> int:
    import pycodestyle

    lines = [f"{line}\n" for line in code.replace("\r\n", "\n").split("\n")]
    return pycodestyle.Checker(filename="submission", lines=lines, options=_options()).check_all()


@lru_cache(maxsize=1)
def _options() -> Any:
    import pycodestyle

    return pycodestyle.StyleGuide(ignore=list(IGNORED), quiet=2, config_file=None, parse_argv=False).options
