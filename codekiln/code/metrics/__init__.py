"""Metrics of program text: one file each.

A metric is a module of this package whose name does not start with an underscore, or an entry point
`codekiln.metrics`, and defines ``METRIC``. It parses programs and never runs them; what cannot be measured scores None
with a reason.
"""

from collections.abc import Sequence
from operator import attrgetter

from codekiln.code.metrics._metric import Direction, Metric, NoSignal, parse_bounded, stripped
from codekiln.data.records import Score
from codekiln.plugins import ModulePlugins

__all__ = ["DEFAULT", "Direction", "Metric", "NoSignal", "get", "names", "parse_bounded", "score_all", "stripped"]

DEFAULT = "structural_maintainability"

_CACHE_SIZE = 200_000
_scores: dict[tuple[str, str], Score] = {}


_METRICS: ModulePlugins[Metric] = ModulePlugins("metric", __name__, attrgetter("METRIC"), dash="_")

get = _METRICS.get


def names() -> tuple[str, ...]:
    """Return the names of all metrics, the default first."""
    return tuple(sorted(_METRICS.names(), key=lambda name: name != DEFAULT))


def score_all(codes: Sequence[str], metrics: Sequence[str] | None = None) -> list[tuple[Score, ...]]:
    """Return the scores of every program, in order: one per name in ``metrics`` (default: all).

    Equal texts are measured once per process; a metric sees all new texts in one batch.

    Raises:
        InputError: A metric does not exist.
    """
    chosen = [get(name) for name in (names() if metrics is None else metrics)]
    if len(_scores) > _CACHE_SIZE:
        _scores.clear()
    for metric in chosen:
        new = [code for code in dict.fromkeys(codes) if (metric.name, code) not in _scores]
        if new:
            _scores.update(zip([(metric.name, code) for code in new], metric.score_many(new), strict=True))
    return [tuple(_scores[metric.name, code] for metric in chosen) for code in codes]
