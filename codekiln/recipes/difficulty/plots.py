"""Plots of a data set by difficulty: rows of each band per mix, and the histogram of pass@1 over problems."""

from collections.abc import Mapping, Sequence

from codekiln.evaluation import figures
from codekiln.recipes.difficulty.mixture import Mix, RatedSolutions
from codekiln.recipes.difficulty.rates import BANDS, UNSOLVED, UNSURE

COLOURS = {"easy": "#4c9f70", "medium": "#e0a030", "hard": "#b5483a", UNSURE: "#6f8fc9", UNSOLVED: "#8a8a8a"}
WIDTH = 0.05


def bands(mixes: Sequence[Mix], rated: RatedSolutions) -> bytes:
    """Return a PNG with one stacked bar a data set: its rows of each band."""
    figure = figures.new(8, 1.2 + 0.5 * len(mixes))
    axes = figure.add_subplot()
    names = [mix.name if mix.rows else f"{mix.name} (not possible)" for mix in mixes]
    left = [0] * len(mixes)
    for band in BANDS:
        sizes = [sum(rated.bands[row.problem.task_id] == band for row in mix.rows) for mix in mixes]
        bars = axes.barh(names, sizes, left=left, color=COLOURS[band], label=band)
        axes.bar_label(bars, [str(size) if size else "" for size in sizes], label_type="center", color="white")
        left = [start + size for start, size in zip(left, sizes, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("rows")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figures.png(figure)


def solved(rated: RatedSolutions, thresholds: Mapping[str, float]) -> bytes:
    """Return a PNG with the histogram of pass@1 over problems, in the colours of their bands.

    Args:
        rated: The rates and bands.
        thresholds: Where to draw lines, by band.
    """
    figure = figures.new(8, 3.2)
    axes = figure.add_subplot()
    shown = [*BANDS, UNSURE, UNSOLVED]
    rates = [
        [
            rate
            for name, band in rated.bands.items()
            if band == one and (rate := rated.rates[name].pass_at(1)) is not None
        ]
        for one in shown
    ]
    labels = [f"{band} ({len(found)})" for band, found in zip(shown, rates, strict=True)]
    # Shares of ten or twenty samples lie in the middle of a bar: on its edge, rounding would decide where they count.
    edges = [WIDTH * (place - 0.5) for place in range(round(1 / WIDTH) + 2)]
    axes.hist(rates, bins=edges, stacked=True, color=[COLOURS[band] for band in shown], label=labels)
    for value in thresholds.values():
        axes.axvline(value, color="black", linewidth=0.8, linestyle=":")
    axes.set_xlabel("pass@1")
    axes.set_ylabel("problems")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figures.png(figure)
