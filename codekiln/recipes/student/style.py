"""Style of a submission: size, shape of the syntax tree, style issues, and a score that summarises size and shape."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from codekiln.data.normalise import parse

COMPONENT_FEATURES = ("lines", "characters", "ast_depth", "ast_width", "ast_nodes")
"""Features that the style score summarises, as in ParaStudent (arXiv 2507.12674)."""

IGNORED_CODES = ("E301", "E302", "E305", "W391", "E901", "E902")
"""Blank lines around top-level code, which a snippet cannot have, and syntax errors, which are an error class."""


@dataclass(frozen=True)
class StyleFeatures:
    """Features of one submission; those of the syntax tree are None where it does not parse.

    Attributes:
        lines: Number of lines that are not blank.
        characters: Length of the text.
        issues: pycodestyle issues per line that is not blank, without those of `IGNORED_CODES`.
        ast_depth: Number of nodes on the longest path from the root of the syntax tree.
        ast_width: Largest number of nodes on one level.
        ast_nodes: Number of nodes.
    """

    lines: int
    characters: int
    issues: float
    ast_depth: int | None = None
    ast_width: int | None = None
    ast_nodes: int | None = None


@dataclass(frozen=True)
class StyleComponent:
    """The first principal component of `COMPONENT_FEATURES`, standardised on real submissions.

    Attributes:
        means: Mean of each feature.
        deviations: Standard deviation of each feature; 1 for one that never varies.
        loadings: Weight of each standardised feature.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    loadings: tuple[float, ...]

    def score(self, features: StyleFeatures) -> float | None:
        """Return the style score, 0 for the mean of the real submissions; None without a syntax tree."""
        values = _component_values(features)
        if values is None:
            return None
        parts = zip(values, self.means, self.deviations, self.loadings, strict=True)
        return sum(loading * (value - mean) / deviation for value, mean, deviation, loading in parts)


def style_features(code: str) -> StyleFeatures:
    """Return the style features of a submission."""
    lines = sum(1 for line in code.split("\n") if line.strip())
    issues = _issues(code) / lines if lines else 0.0
    levels = _levels(code)
    if levels is None:
        return StyleFeatures(lines, len(code), issues)
    return StyleFeatures(lines, len(code), issues, len(levels), max(levels), sum(levels))


def fit_style_component(submissions: Sequence[StyleFeatures]) -> StyleComponent | None:
    """Fit the style score on real submissions; None when fewer than two of them parse.

    The sign is chosen so that larger programs score higher. A feature that never varies has no weight.
    """
    import numpy as np

    rows = [row for features in submissions if (row := _component_values(features)) is not None]
    values = np.array(rows, dtype=float)
    if len(values) < 2:
        return None
    means, deviations = values.mean(axis=0), values.std(axis=0)
    varies = deviations > 0
    deviations[~varies] = 1.0
    # The right singular vectors of standardised data are its principal components.
    _, _, components = np.linalg.svd((values - means) / deviations, full_matrices=False)
    first = np.where(varies, components[0], 0.0)
    first = first if first.sum() >= 0 else -first
    return StyleComponent(*(tuple(float(item) for item in row) for row in (means, deviations, first)))


def _component_values(features: StyleFeatures) -> tuple[float, ...] | None:
    has_tree = features.ast_nodes is not None
    return tuple(float(getattr(features, name)) for name in COMPONENT_FEATURES) if has_tree else None


def _levels(code: str) -> list[int] | None:
    """Return the number of nodes on each level of the syntax tree, or None when the submission does not parse."""
    try:
        level: list[ast.AST] = [parse(code)]
    except SyntaxError:
        return None
    sizes = []
    while level:
        sizes.append(len(level))
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return sizes


@lru_cache(maxsize=20_000)
def _issues(code: str) -> int:
    import pycodestyle

    lines = [f"{line}\n" for line in code.replace("\r\n", "\n").split("\n")]
    count: int = pycodestyle.Checker(filename="submission", lines=lines, options=_options()).check_all()
    return count


@lru_cache(maxsize=1)
def _options() -> Any:
    import pycodestyle

    # The user's own configuration must not change a measure.
    return pycodestyle.StyleGuide(ignore=list(IGNORED_CODES), quiet=2, config_file=None, parse_argv=False).options
