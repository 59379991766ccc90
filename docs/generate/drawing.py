"""Boxes and arrows as an SVG that is equal, byte by byte, whenever it is drawn again."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

PAGE, TEXT, SOFT, RULE = "#ffffff", "#1d2430", "#586274", "#c5ccd5"
UNIT = 72
"""Points of one unit of the drawing, so that sizes in points fit boxes in units."""
LEAN = 0.3
"""How far from a box's middle a slanted arrow starts and ends, as a share of its width."""
Point = tuple[float, float]

# Text stays text, so that a changed name is one changed line; the salt keeps ids equal between runs.
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "codekiln",
    "font.family": ["DejaVu Sans", "sans-serif"],
}


class Drawing:
    """A drawing area of ``width`` by ``height`` units with its origin at the lower left.

    Args:
        axes: Axes that cover the whole figure.
    """

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        self.text = ""

    def box(self, x: float, y: float, label: str, *, width: float, fill: str, edge: str, height: float = 0.42) -> None:
        """Draw a box with its label, centred at (x, y)."""
        corner = (x - width / 2, y - height / 2)
        style = "round,pad=0,rounding_size=0.08"
        self._axes.add_patch(
            FancyBboxPatch(corner, width, height, boxstyle=style, facecolor=fill, edgecolor=edge, lw=1.2, zorder=2)
        )
        self.label(x, y, label, size=11, color=TEXT)

    def label(self, x: float, y: float, text: str, *, size: float, color: str = SOFT, align: str = "center") -> None:
        """Write one line of text, centred in height at y."""
        self._axes.text(x, y, text, size=size, color=color, ha=align, va="center", zorder=4)

    def note(self, x: float, y: float, text: str) -> None:
        """Write a short text over an arrow, on a patch of the page's colour."""
        patch = {"boxstyle": "square,pad=0.15", "facecolor": PAGE, "edgecolor": "none"}
        self._axes.text(x, y, text, size=9, color=SOFT, ha="center", va="center", zorder=3, bbox=patch)

    def connect(self, source: Point, target: Point, width: float, height: float) -> Point:
        """Draw an arrow between the facing sides of two boxes of one size; returns its middle.

        Args:
            source: Centre of the box it starts at.
            target: Centre of the box it points to.
            width: Width of both boxes.
            height: Height of both boxes.
        """
        (x1, y1), (x2, y2) = source, target
        right, down = (x2 > x1) - (x2 < x1), (y1 > y2) - (y1 < y2)
        if not down:
            start, end = (x1 + right * width / 2, y1), (x2 - right * width / 2, y2)
        else:
            lean = LEAN * right * width
            start, end = (x1 + lean, y1 - down * height / 2), (x2 - lean, y2 + down * height / 2)
        self._axes.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, lw=1.1, color=SOFT, zorder=1,
                            shrinkA=0, shrinkB=0)
        )  # fmt: skip
        return (start[0] + end[0]) / 2, (start[1] + end[1]) / 2


@contextmanager
def drawn(width: float, height: float) -> Iterator[Drawing]:
    """Give a drawing of ``width`` by ``height`` units; when the block ends, ``text`` holds it as SVG."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), dpi=UNIT, facecolor=PAGE)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        drawing = Drawing(axes)
        yield drawing
        written = io.StringIO()
        figure.savefig(written, format="svg", facecolor=PAGE, metadata={"Date": None, "Creator": None})
    drawing.text = re.sub(r"[ \t]+$", "", written.getvalue(), flags=re.MULTILINE)
