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

BINS = 30
MOST_POINTS = 150
COLOURS = 6
LONGEST_NAME = 30
HEADING = 0.6
"""Height of a forest plot's heading, in rows."""
ROUNDING = 1e-9
"""Differences smaller than this come from adding numbers in another order."""


class Panel(NamedTuple):
    """A chart of a training curve: its title, a note, and the columns of training and of held-out rows."""

    title: str
    note: str
    training: str
    held_out: str


PANELS = (
    Panel("loss", "", "loss", "eval_loss"),
    Panel(
        "reward accuracy",
        "The share of pairs whose chosen reply the model has come to prefer, against its reference policy.",
        "rewards/accuracies",
        "eval_rewards/accuracies",
    ),
    Panel(
        "reward margin",
        "By how much: the mean difference in implicit reward between the chosen and the rejected reply.",
        "rewards/margins",
        "eval_rewards/margins",
    ),
)


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
    """Draw contenders as crosses of their intervals, numbered, and joined by arrows in the order given.

    The numbers are those of `marked`, for a legend beside the chart: names in it would cover each other and the bars.
    An empty text when no point is marked.

    Args:
        points: The contenders.
        x_title: Title of the horizontal axis.
        y_title: Title of the vertical axis.
        unlinked: Names of contenders that no arrow leads to or from.
    """
    crosses = [
        _Cross(point.name, x, y, colour(f"c{point.colour}"))
        for point in marked(points)
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
        for start, end in arrows:
            line = {"arrowstyle": "->", "color": colour("soft"), "linewidth": 1.6, "shrinkA": 9, "shrinkB": 9}
            axes.annotate("", end, start, arrowprops={**line, "gid": "arrow"})
        for place, cross in enumerate(crosses, 1):
            axes.plot(*cross.centre, "o", color=cross.colour, markersize=19, zorder=5)
            inside: dict[str, Any] = {"ha": "center", "va": "center_baseline", "weight": "bold", "zorder": 6}
            axes.text(*cross.centre, str(place), fontsize=SMALL, color=colour("card"), gid="mark", **inside)

    return inline_svg(345, f"{y_title} against {x_title}", described, draw)


def marked(points: Sequence[Point]) -> list[Point]:
    """Return the points that a scatter chart draws, in the order of their numbers: those with a value on both axes."""
    return [point for point in points if point.x.known() and point.y.known()]


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
            axes.set_title(_fitting(name), color=ink, weight="bold")
            axes.set_title(f"mean {shown[name]}", loc="right", fontsize=SMALL)
            axes.set_yticks([])
            axes.spines["bottom"].set(visible=True, color=colour("rule"))
        grid[-1].set_xlabel(f"{title} per problem")
        grid[-1].locator_params(axis="x", nbins=5)

    return inline_svg(72 * len(rows) + 56, f"Distribution of {title}", described, draw)


def curves(name: str, rows: Sequence[Mapping[str, float]], panel: Panel = PANELS[0]) -> str:
    """Draw a column of a stage's training rows as a line and that of its held-out rows as dots, by step."""
    names = {panel.training: "training", panel.held_out: "held out"}
    series = {key: points for key in names if (points := _series(rows, key))}
    if not series:
        return ""
    described = "; ".join(
        f"{names[key]} from {number(points[0][1])} to {number(points[-1][1])}" for key, points in series.items()
    )
    looks: dict[str, dict[str, Any]] = {
        panel.training: {"color": colour("c1")},
        panel.held_out: {"color": colour("c3"), "linestyle": "--", "marker": "o", "markersize": 7},
    }

    def draw(figure: "Figure") -> None:
        axes = _axes(figure, "step", "")  # the legend is where a title would be
        for key, points in series.items():
            steps, values = zip(*points, strict=True)
            axes.plot(steps, values, linewidth=2, label=names[key], **looks[key])
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(series), fontsize=SMALL, borderpad=0)

    return inline_svg(255, f"Training of {name}: {panel.title}", described, draw)


def forest(rows: Sequence[Comparison], title: str, digits: int, lower_is_better: bool = False) -> str:
    """Draw a forest plot: paired differences with their intervals and zero, under a heading for each opponent."""
    known = [(row, found) for row in rows if (found := row.interval.known())]
    if not known:
        return ""
    described = "; ".join(
        f"{row.contender} minus {row.against}: {number(row.difference, digits, True)}, "
        f"{span(row.low, row.high, digits, True)}"
        for row, _ in known
    )
    opponents = list(dict.fromkeys(row.against for row, _ in known))
    known.sort(key=lambda item: opponents.index(item[0].against))

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        heading: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "in_layout": False}
        place, above = -1.0, ""
        for row, found in known:
            place += 1
            if row.against != above:
                above, place = row.against, place + HEADING
                axes.text(0, place - 0.9, f"minus {_fitting(above)}", color=colour("soft"), **heading)
            _difference(axes, place, row, found, effect(row, lower_is_better), digits)
        axes.set(yticks=[], ylim=(place + 0.3, -0.6), xlabel=f"difference in {title}")
        axes.locator_params(axis="x", nbins=4)

    height = 46 * (len(known) + HEADING * len(opponents)) + 56
    return inline_svg(height, f"Paired differences in {title}", described, draw)


def _difference(
    axes: "Axes", place: float, row: Comparison, found: tuple[float, float, float], word: str, digits: int
) -> None:
    """Draw one difference: the name and the value above, the interval and zero below."""
    mean, low, high = found
    ink = colour({"better": "good", "worse": "bad", "same": "soft"}[word])
    # Not one line over the whole height: it would strike the names through.
    axes.plot([0, 0], [place - 0.14, place + 0.2], color=colour("text"), linewidth=2)
    axes.plot([low, high], [place, place], color=ink, linewidth=3)
    axes.plot(mean, place, "o", color=ink, markersize=11)
    words: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(), "weight": "bold", "va": "center", "in_layout": False,
    }  # fmt: skip
    axes.text(0, place - 0.4, _fitting(row.contender), **words)
    ink = colour("text") if word == "same" else ink
    axes.text(1, place - 0.4, number(mean, digits, True), ha="right", color=ink, gid=word, **words)


def _fitting(name: str) -> str:
    """Return a name that leaves room for a number beside it."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "\u2026"


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


def _series(rows: Sequence[Mapping[str, float]], key: str) -> list[tuple[float, float]]:
    points = [(row["step"], row[key]) for row in rows if key in row]
    return points[:: -(-len(points) // MOST_POINTS)] if points else []
