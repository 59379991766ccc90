"""Figures drawn with matplotlib: PNG files, and inline SVG in the colours of the page around it."""

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # matplotlib takes a second to import, and most of who imports this module draws nothing
    from matplotlib.figure import Figure

WIDTH = 380
"""Width of an inline figure in CSS pixels: that of a phone, where its text keeps its size."""
SMALL = 14.5
"""Size of an inline figure's smaller text in CSS pixels."""

_VARIABLES = ("c0", "c1", "c2", "c3", "c4", "c5", "text", "soft", "rule", "good", "bad", "card")
# matplotlib writes every colour as six hex digits, and the page's depend on light or dark mode. So each variable of the
# style sheet is drawn in a colour that nothing else has, and is put back in the SVG.
_COLOURS = {name: f"#c0de{number:02x}" for number, name in enumerate(_VARIABLES)}


def colour(variable: str) -> str:
    """Return the placeholder colour for a CSS variable, such as ``c0`` or ``soft``; `inline_svg` replaces it."""
    return _COLOURS[variable]


def new(width: float, height: float) -> "Figure":
    """Return an empty figure; sizes are in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def png(figure: "Figure") -> bytes:
    """Return a figure as a PNG file; equal figures give equal bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    return file.getvalue()


def inline_svg(height: float, title: str, description: str, draw: Callable[["Figure"], None]) -> str:
    """Return a figure as an SVG element for an HTML page.

    Args:
        height: In CSS pixels.
        title: What it shows.
        description: What it shows in numbers, for people who do not see it.
        draw: Fills the figure; a ``gid`` of letters becomes the class of an element.
    """
    from matplotlib import rc_context

    file = io.StringIO()
    # Ids of markers are hashes: salted by the title, they differ from figure to figure in one page.
    with rc_context({**_STYLE, "svg.hashsalt": title}):
        figure = new(WIDTH / 72, height / 72)
        draw(figure)
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    label = escape(f"{title}. {description}")
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{label}">{_cleaned(file.getvalue())}'


def _cleaned(text: str) -> str:
    """Return the inside of an SVG file with the page's colours, without what would reach beyond it in a page."""
    body = text[text.index(">", text.index("<svg")) + 1 :]
    # A style element in a page applies to all of it.
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    # Nothing is drawn outside the axes, so that clipping only adds references.
    body = re.sub(r"<clipPath.*?</clipPath>", "", body, flags=re.DOTALL)
    body = re.sub(r' clip-path="[^"]*"', "", body)
    body = re.sub(r' id="([a-z]+)"', r' class="\1"', body)
    body = re.sub(r' id="[^"]*_\d+"', "", body)
    for name, ink in _COLOURS.items():
        body = body.replace(ink, f"var(--{name})")
    return re.sub(r"\s*\n\s*", "", body)


# Typed loosely: the keys are a closed set of literals only from matplotlib 3.11 on.
_STYLE: dict[Any, Any] = {
    "figure.dpi": 72,
    "figure.facecolor": "none",
    "font.size": 15,
    "svg.fonttype": "none",
    "text.color": colour("text"),
    "text.parse_math": False,  # a contender may be called $x$
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelcolor": colour("soft"),
    "axes.labelpad": 6,
    "axes.unicode_minus": False,  # as the numbers of the page around it
    "axes.titlecolor": colour("soft"),
    "axes.titlelocation": "left",
    "axes.titlesize": 15,
    **{f"axes.spines.{side}": False for side in ("left", "right", "top", "bottom")},
    "grid.color": colour("rule"),
    "grid.linewidth": 1,
    "legend.frameon": False,
    "legend.labelcolor": colour("soft"),
    "lines.solid_capstyle": "round",
    "xtick.bottom": False,
    "xtick.labelcolor": colour("soft"),
    "xtick.labelsize": SMALL,
    "ytick.labelcolor": colour("soft"),
    "ytick.labelsize": SMALL,
    "ytick.left": False,
}
