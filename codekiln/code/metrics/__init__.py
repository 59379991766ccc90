"""Metrics of program text: one file each, found by being there.

A metric is a module of this package whose name does not start with an underscore and that defines ``METRIC``. It
parses programs and never runs them; what cannot be measured scores None with a reason.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from codekiln.code.metrics._metric import Direction, Metric
from codekiln.data.records import Score
from codekiln.errors import InputError, did_you_mean

__all__ = ["DEFAULT", "Direction", "Metric", "get", "names", "score_all"]

DEFAULT = "structural_maintainability"

_CACHE_SIZE = 200_000
_scores: dict[tuple[str, str], Score] = {}


def names() -> tuple[str, ...]:
    """Return the names of all metrics, the default first."""
    return _all_names()


@cache
def _all_names() -> tuple[str, ...]:
    found = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(sorted(found, key=lambda name: name != DEFAULT))


def get(name: str) -> Metric:
    """Return the metric called ``name``.

    Raises:
        InputError: There is no such metric.
    """
    if name not in names():
        raise InputError(f"there is no metric '{name}'", fix=did_you_mean(name, names()))
    return importlib.import_module(f"{__name__}.{name}").METRIC


def score_all(codes: Sequence[str], names: Sequence[str] | None = None) -> list[tuple[Score, ...]]:
    """Return the scores of every program, in order: one per metric of ``names`` (default: all).

    Equal texts are measured once per process; a metric sees all new texts in one batch.

    Raises:
        InputError: A metric does not exist.
    """
    chosen = [get(name) for name in (names if names is not None else _all_names())]
    if len(_scores) > _CACHE_SIZE:
        _scores.clear()
    for metric in chosen:
        new = [code for code in dict.fromkeys(codes) if (metric.name, code) not in _scores]
        if new:
            _scores.update(zip([(metric.name, code) for code in new], metric.score_many(new), strict=True))
    return [tuple(_scores[metric.name, code] for metric in chosen) for code in codes]
