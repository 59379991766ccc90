"""The four charts of a report: scatter of contenders, histograms, paired differences, and training curves."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from codekiln.evaluation import Comparison, Interval
from codekiln.evaluation.figures import SMALL, colour, inline_svg
from codekiln.evaluation.report.formatting import decimals, number, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

BINS = 30
MOST_POINTS = 150
COLOURS = 6
ROUNDING = 1e-9
"""Differences smaller than this come from adding numbers in another order."""
_LEGEND = {"loss": "training", "eval_loss": "held out"}
# Offset of a name from its point, and which corner of the name lies there, from best to worst.
_PLACES = (
    (11, -3, "left", "top"), (11, 3, "left", "bottom"), (-11, -3, "right", "top"), (-11, 3, "right", "bottom"),
    (0, 12, "center", "bottom"), (0, -12, "center", "top"), (0, 32, "center", "bottom"), (0, -32, "center", "top"),
)  # fmt: skip


class Point(NamedTuple):
    """A contender's place in a scatter chart: two intervals, and the number of its colour."""

    name: str
    x: Interval
    y: Interval
    colour: int


class _Cross(NamedTuple):
    """A contender whose intervals are known: (mean, low, high) on both axes."""

    name: str
    x: tuple[float, float, float]
    y: tuple[float, float, float]
    colour: str

    @property
    def centre(self) -> tuple[float, float]:
        return self.x[0], self.y[0]


def colour_number(place: int) -> int:
    """Return the number of the style sheet's colour for the contender at position ``place``."""
    return place % COLOURS


def scatter(points: Sequence[Point], x_title: str, y_title: str, unlinked: Collection[str] = ()) -> str:
    """Draw contenders as crosses of their intervals, joined by arrows in the order given.

    Points without a value on both axes are left out; an empty text when none is left.

    Args:
        points: The contenders.
        x_title: Title of the horizontal axis.
        y_title: Title of the vertical axis.
        unlinked: Names of contenders that no arrow leads to or from.
    """
    crosses = [
        _Cross(point.name, x, y, colour(f"c{point.colour}"))
        for point in points
        if (x := point.x.known()) and (y := point.y.known())
    ]
    if not crosses:
        return ""
    described = "; ".join(f"{c.name}: {x_title} {number(c.x[0])}, {y_title} {number(c.y[0], 1)}" for c in crosses)
    arrows = list(pairwise(cross.centre for cross in crosses if cross.name not in unlinked))

    def draw(figure: "Figure") -> None:
        axes = _axes(figure, x_title, y_title)
        for cross in crosses:
            (x, left, right), (y, low, high) = cross.x, cross.y
            axes.plot([left, right], [y, y], color=cross.colour, linewidth=3)
            axes.plot([x, x], [low, high], color=cross.colour, linewidth=3)
            axes.plot(x, y, "o", color=cross.colour, markersize=12)
        for start, end in arrows:
            line = {"arrowstyle": "->", "color": colour("soft"), "linewidth": 1.6, "shrinkA": 9, "shrinkB": 9}
            axes.annotate("", end, start, arrowprops={**line, "gid": "arrow"})
        _write_names(figure, axes, crosses, arrows)

    return inline_svg(345, f"{y_title} against {x_title}", described, draw)


def histograms(values: Mapping[str, Sequence[float]], means: Mapping[str, float | None], title: str) -> str:
    """Draw the distribution of per-problem values, one row per contender over a common axis."""
    rows = {name: (place, found) for place, (name, found) in enumerate(values.items()) if found}
    if not rows:
        return ""
    every = [value for _, found in rows.values() for value in found]
    shown = {name: number(means.get(name), decimals(found)) for name, (_, found) in rows.items()}
    described = "; ".join(f"{name}: {len(found)} problems, mean {shown[name]}" for name, (_, found) in rows.items())

    def draw(figure: "Figure") -> None:
        grid = figure.subplots(len(rows), sharex=True, squeeze=False)[:, 0]
        for axes, (name, (place, found)) in zip(grid, rows.items(), strict=True):
            ink = colour(f"c{colour_number(place)}")
            axes.hist(found, bins=BINS, range=(min(every), max(every)), color=ink, histtype="stepfilled", gid="bars")
            if (mean := means.get(name)) is not None:
                axes.axvline(mean, color=colour("text"), linewidth=2)
            axes.set_title(name, color=ink, weight="bold")
            axes.set_title(f"mean {shown[name]}", loc="right", fontsize=SMALL)
            axes.set_yticks([])
            axes.spines["bottom"].set(visible=True, color=colour("rule"))
        grid[-1].set_xlabel(f"{title} per problem")
        grid[-1].locator_params(axis="x", nbins=5)

    return inline_svg(72 * len(rows) + 56, f"Distribution of {title}", described, draw)


def curves(name: str, rows: Sequence[Mapping[str, float]]) -> str:
    """Draw a stage's training loss as a line and its held-out loss as dots, by step."""
    series = {key: points for key in _LEGEND if (points := _series(rows, key))}
    if not series:
        return ""
    described = "; ".join(
        f"{_LEGEND[key]} from {number(points[0][1])} to {number(points[-1][1])}" for key, points in series.items()
    )
    looks: dict[str, dict[str, Any]] = {
        "loss": {"color": colour("c1")},
        "eval_loss": {"color": colour("c3"), "linestyle": "--", "marker": "o", "markersize": 7},
    }

    def draw(figure: "Figure") -> None:
        axes = _axes(figure, "step", "loss")
        for key, points in series.items():
            steps, losses = zip(*points, strict=True)
            axes.plot(steps, losses, linewidth=2, label=_LEGEND[key], **looks[key])
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(series), fontsize=SMALL, borderpad=0)

    return inline_svg(255, f"Training of {name}", described, draw)


def forest(rows: Sequence[Comparison], title: str, digits: int, lower_is_better: bool = False) -> str:
    """Draw a forest plot: paired differences with their confidence intervals, and a line at zero."""
    known = [(row, found) for row in rows if (found := row.interval.known())]
    if not known:
        return ""
    described = "; ".join(
        f"{row.contender} minus {row.against}: {number(row.difference, digits, True)}, "
        f"{span(row.low, row.high, digits, True)}"
        for row, _ in known
    )

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.axvline(0, color=colour("text"), linewidth=1.5, linestyle="--")
        for place, (row, (mean, low, high)) in enumerate(known):
            found = effect(row, lower_is_better)
            ink = colour({"better": "good", "worse": "bad", "same": "soft"}[found])
            axes.plot([low, high], [place, place], color=ink, linewidth=3)
            axes.plot(mean, place, "o", color=ink, markersize=11)
            words: dict[str, Any] = {
                "transform": axes.get_yaxis_transform(), "weight": "bold", "va": "center", "in_layout": False,
            }  # fmt: skip
            axes.text(0, place - 0.38, f"{row.contender} vs {row.against}", **words)
            ink = colour("text") if found == "same" else ink
            axes.text(1, place - 0.38, number(mean, digits, True), ha="right", color=ink, gid=found, **words)
        axes.set(yticks=[], ylim=(len(known) - 0.7, -0.6), xlabel=f"difference in {title}")
        axes.locator_params(axis="x", nbins=4)

    return inline_svg(52 * len(known) + 56, f"Paired differences in {title}", described, draw)


def effect(row: Comparison, lower_is_better: bool = False) -> str:
    """Return ``better``, ``worse``, or ``same`` when the interval contains zero or is unknown."""
    found = row.interval.known()
    if found is None or found[1] <= ROUNDING and found[2] >= -ROUNDING:
        return "same"
    return "better" if (found[1] > 0) is not lower_is_better else "worse"


def _axes(figure: "Figure", x_title: str, y_title: str) -> "Axes":
    """Return axes with the vertical axis's title above them: beside them, a phone has no room for it."""
    axes = figure.add_subplot()
    axes.set(xlabel=x_title, title=y_title)
    axes.margins(0.1)
    axes.locator_params(nbins=5)
    return axes


def _write_names(
    figure: "Figure", axes: "Axes", crosses: Sequence[_Cross], arrows: Sequence[tuple[tuple[float, float], ...]]
) -> None:
    """Write the name of each contender where it covers the least of what is drawn already."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()  # places the axes, which all extents depend on
    taken = [line.get_window_extent() for line in axes.lines]
    for start, end in arrows:
        (x1, y1), (x2, y2) = axes.transData.transform([start, end])
        steps = [(x1 + (x2 - x1) * part / 20, y1 + (y2 - y1) * part / 20) for part in range(21)]
        taken += [Bbox.from_bounds(x - 2, y - 2, 4, 4) for x, y in steps]
    for cross in crosses:
        look: dict[str, Any] = {
            "textcoords": "offset points",
            "color": cross.colour,
            "weight": "bold",
            "in_layout": False,
        }
        label = axes.annotate(cross.name, cross.centre, (0, 0), **look)
        _move(label, min(_PLACES, key=lambda place: _covered(_move(label, place), axes.bbox, taken)))
        taken.append(label.get_window_extent())


def _move(label: "Annotation", place: tuple[float, float, str, str]) -> "Bbox":
    """Put a label beside its point, and return the area that it takes there."""
    x, y, horizontal, vertical = place
    label.set(position=(x, y), horizontalalignment=horizontal, verticalalignment=vertical)
    return label.get_window_extent()


def _covered(area: "Bbox", frame: "Bbox", taken: Sequence["Bbox"]) -> float:
    """Return the area that a label covers of others, plus a hundredfold of what lies outside the frame."""
    outside = area.width * area.height - _intersection(area, frame)
    return 100 * outside + sum(_intersection(area, other) for other in taken)


def _intersection(one: "Bbox", other: "Bbox") -> float:
    found = one.intersection(one, other)
    return 0.0 if found is None else float(found.width * found.height)


def _series(rows: Sequence[Mapping[str, float]], key: str) -> list[tuple[float, float]]:
    points = [(row["step"], row[key]) for row in rows if key in row]
    return points[:: -(-len(points) // MOST_POINTS)] if points else []
