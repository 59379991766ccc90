"""The four drawings of a report, as inline SVG that takes its colours from the page's style sheet."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from codekiln.evaluation import Comparison, Interval
from codekiln.evaluation.report.formatting import decimals, number, span
from codekiln.evaluation.report.svg import (
    LETTER,
    WIDTH,
    Scale,
    arrow,
    box,
    dot,
    line,
    path,
    scale,
    svg,
    text,
    x_axis,
    y_axis,
)

LEFT, RIGHT, TOP = 52, WIDTH - 12, 30
BINS = 30
MOST_POINTS = 150
COLOURS = 6
ROUNDING = 1e-9
"""Differences smaller than this are what is left of adding numbers in another order."""


class Point(NamedTuple):
    """A contender's place: two intervals and the number of its colour."""

    name: str
    x: Interval
    y: Interval
    colour: int


def colour(number: int) -> int:
    """Return the style sheet's colour for the ``number``-th contender."""
    return number % COLOURS


def scatter(points: Sequence[Point], x_title: str, y_title: str, apart: Collection[str] = ()) -> str:
    """Draw contenders as crosses of their intervals, joined by arrows in the order given.

    Points without a value on both axes are left out; an empty text when none is left.

    Args:
        points: The contenders.
        x_title: What is across.
        y_title: What is up.
        apart: Names of contenders that no arrow leads to or from.
    """
    points = [point for point in points if _known(point.x) and _known(point.y)]
    if not points:
        return ""
    across = scale([value for point in points for value in _ends(point.x)], LEFT, RIGHT, 0.12)
    up = scale([value for point in points for value in _ends(point.y)], 300, TOP, 0.12)
    spots = [(across(point.x.mean), up(point.y.mean)) for point in points]
    chain = [spot for point, spot in zip(points, spots, strict=True) if point.name not in apart]
    arrows = [arrow(*start, *end, margin=9) for start, end in zip(chain, chain[1:], strict=False)]
    crosses = [_cross(point, across, up) for point in points]
    told = "; ".join(f"{p.name}: {x_title} {number(p.x.mean)}, {y_title} {number(p.y.mean, 1)}" for p in points)
    return svg(
        345,
        f"{y_title} against {x_title}",
        told,
        x_axis(across, 300, x_title, TOP),
        y_axis(up, LEFT, RIGHT, y_title),
        *crosses,
        *arrows,
        *_labels(points, spots, _drawn_areas(points, spots, across, up)),
    )


def histograms(values: Mapping[str, Sequence[float]], means: Mapping[str, float | None], title: str) -> str:
    """Draw how per-problem values are spread, one row per contender over a common axis."""
    rows = {name: found for name, found in values.items() if found}
    if not rows:
        return ""
    across = scale([value for found in rows.values() for value in found], 8, RIGHT, 0.02)
    parts, y, order = [], 10.0, list(values)
    for name, found in rows.items():
        parts.append(_histogram(name, found, means.get(name), across, y, colour(order.index(name))))
        y += 72
    told = "; ".join(
        f"{name}: {len(found)} problems, mean {_mean(found, means.get(name))}" for name, found in rows.items()
    )
    return svg(y + 46, f"Distribution of {title}", told, x_axis(across, y, f"{title} per problem", 10), *parts)


def curves(name: str, rows: Sequence[Mapping[str, float]]) -> str:
    """Draw a stage's training loss as a line and its held-out loss as dots, by step."""
    series = {key: _series(rows, key) for key in ("loss", "eval_loss")}
    series = {key: points for key, points in series.items() if points}
    if not series:
        return ""
    every = [point for points in series.values() for point in points]
    across = scale([step for step, _ in every], LEFT, RIGHT, 0.03)
    up = scale([value for _, value in every], 210, TOP, 0.08)
    drawn = [
        path([(across(step), up(value)) for step, value in points], f"curve {key}")
        + (_dots(points, across, up) if key == "eval_loss" else "")
        for key, points in series.items()
    ]
    told = "; ".join(
        f"{_LEGEND[key]} from {number(points[0][1])} to {number(points[-1][1])}" for key, points in series.items()
    )
    return svg(
        255,
        f"Training of {name}",
        told,
        x_axis(across, 210, "step", TOP),
        y_axis(up, LEFT, RIGHT, "loss"),
        *drawn,
        *_legend(list(series)),
    )


def forest(rows: Sequence[Comparison], title: str, digits: int, lower_is_better: bool = False) -> str:
    """Draw paired differences with their intervals around the line of no difference."""
    rows = [row for row in rows if _known(row)]
    if not rows:
        return ""
    ends = [value for row in rows for value in (row.low, row.high)]
    across = scale([0.0, *ends], 12, RIGHT - 6, 0.06)
    bottom = 10 + 52 * len(rows)
    parts = [line(across(0), 6, across(0), bottom, "zero")]
    parts += [
        _difference(row, across, 10 + 52 * place, digits, verdict(row, lower_is_better))
        for place, row in enumerate(rows)
    ]
    told = "; ".join(
        f"{row.contender} minus {row.against}: {number(row.difference, digits, True)}, "
        f"{span(row.low, row.high, digits, True)}"
        for row in rows
    )
    axis = x_axis(across, bottom, f"difference in {title}", 6)
    return svg(bottom + 46, f"Paired differences in {title}", told, axis, *parts)


def verdict(row: Comparison, lower_is_better: bool = False) -> str:
    """Return ``better``, ``worse``, or ``same`` when the interval holds zero or is not known."""
    if not _known(row) or row.low <= ROUNDING and row.high >= -ROUNDING:
        return "same"
    return "better" if (row.low > 0) is not lower_is_better else "worse"


_LEGEND = {"loss": "training", "eval_loss": "held out"}


def _known(item: Interval | Comparison) -> bool:
    return item.low is not None and item.high is not None


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def _cross(point: Point, across: Scale, up: Scale) -> str:
    x, y, style = across(point.x.mean), up(point.y.mean), f"c{point.colour}"
    return (
        line(across(point.x.low), y, across(point.x.high), y, f"bar {style}")
        + line(x, up(point.y.low), x, up(point.y.high), f"bar {style}")
        + dot(x, y, 6, f"fill {style}")
    )


def _drawn_areas(
    points: Sequence[Point], spots: Sequence[tuple[float, float]], across: Scale, up: Scale
) -> list[tuple[float, ...]]:
    areas = [(x - 8, y - 8, x + 8, y + 8) for x, y in spots]
    for point, (x, y) in zip(points, spots, strict=True):
        areas += [
            (across(point.x.low), y - 3, across(point.x.high), y + 3),
            (x - 3, up(point.y.high), x + 3, up(point.y.low)),
        ]
    for (x1, y1), (x2, y2) in zip(spots, spots[1:], strict=False):
        way = [(x1 + (x2 - x1) * part / 20, y1 + (y2 - y1) * part / 20) for part in range(21)]
        areas += [(x - 2, y - 2, x + 2, y + 2) for x, y in way]
    return areas


def _labels(points: Sequence[Point], spots: Sequence[tuple[float, float]], taken: list[tuple[float, ...]]) -> list[str]:
    drawn = []
    for point, (x, y) in zip(points, spots, strict=True):
        wide = len(point.name) * LETTER
        area = min(_places(x, y, wide), key=lambda area: _badness(area, taken))
        taken.append(area)
        drawn.append(text(area[0], area[3] - 4, point.name, f"label c{point.colour}"))
    return drawn


def _places(x: float, y: float, wide: float) -> list[tuple[float, float, float, float]]:
    corners = [
        (x + 11, y + 6),
        (x + 11, y - 22),
        (x - wide - 11, y + 6),
        (x - wide - 11, y - 22),
        (x - wide / 2, y - 32),
        (x - wide / 2, y + 14),
        (x - wide / 2, y - 52),
        (x - wide / 2, y + 34),
    ]
    return [(left, top, left + wide, top + 18) for left, top in corners]


def _badness(area: tuple[float, ...], taken: Sequence[tuple[float, ...]]) -> float:
    left, top, right, bottom = area
    outside = max(0, LEFT - left) + max(0, right - RIGHT) + max(0, TOP - top) + max(0, bottom - 300)
    overlap = sum(
        max(0, min(right, other[2]) - max(left, other[0])) * max(0, min(bottom, other[3]) - max(top, other[1]))
        for other in taken
    )
    return 100 * outside + overlap


def _histogram(name: str, values: Sequence[float], mean: float | None, across: Scale, y: float, shade: int) -> str:
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int((value - across.low) / (across.high - across.low) * BINS))] += 1
    wide, most = (across.end - across.start) / BINS, max(counts)
    bars = [
        box(across.start + place * wide, y + 64 - 40 * count / most, wide - 1, 40 * count / most, f"fill c{shade}")
        for place, count in enumerate(counts)
        if count
    ]
    middle = line(across(mean), y + 22, across(mean), y + 64, "mean") if mean is not None else ""
    label = text(across.start, y + 16, name, f"label c{shade}") + text(
        RIGHT, y + 16, f"mean {_mean(values, mean)}", "tick", "end"
    )
    return label + "".join(bars) + middle + line(across.start, y + 64, RIGHT, y + 64, "grid")


def _mean(values: Sequence[float], mean: float | None) -> str:
    return number(mean, decimals(values))


def _series(rows: Sequence[Mapping[str, float]], key: str) -> list[tuple[float, float]]:
    points = [(row["step"], row[key]) for row in rows if key in row]
    return points[:: -(-len(points) // MOST_POINTS)] if points else []


def _dots(points: Sequence[tuple[float, float]], across: Scale, up: Scale) -> str:
    return "".join(dot(across(step), up(value), 3.5, "eval_loss mark") for step, value in points)


def _legend(keys: Sequence[str]) -> list[str]:
    parts, x = [], WIDTH / 2
    for key in keys:
        parts += [line(x, 11, x + 22, 11, f"curve {key}"), text(x + 28, 16, _LEGEND[key], "tick")]
        x += 44 + len(_LEGEND[key]) * LETTER
    return parts


def _difference(row: Comparison, across: Scale, y: float, digits: int, style: str) -> str:
    return (
        box(0, y, WIDTH, 22, "veil")
        + text(0, y + 16, f"{row.contender} vs {row.against}", "label")
        + text(WIDTH, y + 16, number(row.difference, digits, True), f"label {style}", "end")
        + line(across(row.low), y + 33, across(row.high), y + 33, f"bar {style}")
        + dot(across(row.difference), y + 33, 5.5, f"fill {style}")
    )
