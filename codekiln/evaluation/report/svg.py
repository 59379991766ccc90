"""The few SVG parts the charts are made of: 380 units wide, so that text keeps its size on a phone."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

WIDTH = 380
LETTER = 8.8
"""Estimated width of a letter at the charts' font size."""


@dataclass(frozen=True)
class Scale:
    """A linear map from values to units."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the position of ``value``."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, count: int = 4) -> list[float]:
        """Return about ``count`` round values inside the scale."""
        step = _round_step((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def label(self, value: float) -> str:
        """Return ``value`` with the decimals that tell its ticks apart."""
        step = _round_step((self.high - self.low) / 4)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        return f"{value + 0.0:.{digits}f}"


def scale(values: Iterable[float], start: float, end: float, padding: float = 0.08) -> Scale:
    """Return a scale over ``values`` with some room at both ends."""
    known = list(values)
    low, high = min(known), max(known)
    room = (high - low) * padding or abs(high) * padding or 1.0
    return Scale(low - room, high + room, start, end)


def svg(height: float, title: str, description: str, *parts: str) -> str:
    """Return a whole drawing, with a title and a description for those who do not see it."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(f"{title}. {description}")}">'
        f"{''.join(parts)}</svg>"
    )


def text(x: float, y: float, content: str, style: str = "", anchor: str = "start") -> str:
    """Return a text whose base line starts, ends or is centred at ``x``."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def box(x: float, y: float, width: float, height: float, style: str) -> str:
    """Return a filled rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" class="{style}"/>'


def dot(x: float, y: float, radius: float, style: str) -> str:
    """Return a filled circle."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" class="{style}"/>'


def path(points: Iterable[tuple[float, float]], style: str) -> str:
    """Return straight strokes through points."""
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{steps}" class="{style}"/>'


def arrow(x1: float, y1: float, x2: float, y2: float, margin: float) -> str:
    """Return an arrow that keeps ``margin`` from both ends; nothing when they are too close."""
    length = math.hypot(x2 - x1, y2 - y1)
    if length < 2 * margin + 6:
        return ""
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    x1, y1, x2, y2 = x1 + dx * margin, y1 + dy * margin, x2 - dx * margin, y2 - dy * margin
    wing = [(x2 - 8 * dx + side * 4 * dy, y2 - 8 * dy - side * 4 * dx) for side in (1, -1)]
    return line(x1, y1, x2, y2, "arrow") + path([wing[0], (x2, y2), wing[1]], "arrow")


def x_axis(scale: Scale, y: float, title: str, top: float) -> str:
    """Return ticks, grid lines up to ``top`` and a title below."""
    marks = [line(scale(tick), top, scale(tick), y, "grid") for tick in scale.ticks()]
    labels = [text(scale(tick), y + 19, scale.label(tick), "tick", "middle") for tick in scale.ticks()]
    return "".join([*marks, *labels, text((scale.start + scale.end) / 2, y + 40, title, "axis", "middle")])


def y_axis(scale: Scale, x: float, right: float, title: str) -> str:
    """Return ticks, grid lines to ``right`` and a title above."""
    marks = [line(x, scale(tick), right, scale(tick), "grid") for tick in scale.ticks()]
    labels = [text(x - 7, scale(tick) + 5, scale.label(tick), "tick", "end") for tick in scale.ticks()]
    return "".join([*marks, *labels, text(0, 16, title, "axis")])


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
