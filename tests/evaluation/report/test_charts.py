"""Drawings hold what they are given, whatever the numbers."""

import re

from hypothesis import given
from hypothesis import strategies as st

from codekiln.evaluation import Comparison, Interval
from codekiln.evaluation.report import charts
from codekiln.evaluation.report.svg import WIDTH, scale

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 6))


def interval(low: float, mean: float, high: float) -> Interval:
    return Interval(mean=mean, low=low, high=high)


@given(st.lists(st.tuples(numbers, numbers, numbers).map(sorted), min_size=1, max_size=6))
def test_every_mark_is_inside_the_drawing(found: list) -> None:
    points = [charts.Point("n", interval(*values), interval(*values), 0) for values in found]
    drawn = charts.scatter(points, "x", "y")
    height = float(re.search(r"viewBox=\"0 0 \d+ (\d+)\"", drawn)[1])
    for x, y in re.findall(r'<circle cx="(.*?)" cy="(.*?)"', drawn):
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= height


@given(numbers, numbers)
def test_ticks_are_inside_and_told_apart(low: float, high: float) -> None:
    axis = scale([low, high], 0, 100)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 6
    assert all(-1e-6 <= axis(tick) <= 100 + 1e-6 for tick in ticks)
    assert len({axis.label(tick) for tick in ticks}) == len(ticks)


def test_histogram_counts_every_value() -> None:
    values = [1.0, 1.0, 2.0, 3.0]
    drawn = charts.histograms({"base": values, "none": []}, {"base": 1.75}, "metric")
    heights = [float(value) for value in re.findall(r'height="([\d.]+)" class="fill', drawn)]
    assert sorted(heights) == [20.0, 20.0, 40.0]
    assert "base: 4 problems, mean 1.8" in drawn


def test_curves_show_training_and_held_out_loss() -> None:
    rows = [{"step": step, "loss": 2.0 / step} for step in range(1, 1001)] + [{"step": 500, "eval_loss": 0.5}]
    drawn = charts.curves("dpo", rows)
    assert "training from 2.000 to 0.002; held out from 0.500 to 0.500" in drawn
    assert drawn.count(" L") < 300


def test_a_forest_tells_better_from_worse() -> None:
    def row(name: str, low: float, high: float) -> Comparison:
        return Comparison(
            contender=name, against="base", measure="m", difference=(low + high) / 2, low=low, high=high, n=9
        )

    rows = [row("up", 1, 2), row("down", -2, -1), row("none", -1, 1), row("tiny", 1e-15, 1e-15)]
    assert [charts.verdict(item) for item in rows] == ["better", "worse", "same", "same"]
    assert [charts.verdict(item, lower_is_better=True) for item in rows] == ["worse", "better", "same", "same"]
    assert "up minus base: +1.50, +1.00 to +2.00" in charts.forest(rows, "m", 2)


def test_nothing_known_draws_nothing() -> None:
    unknown = Interval(mean=None, low=None, high=None)
    assert charts.scatter([charts.Point("base", unknown, interval(0, 1, 2), 0)], "x", "y") == ""
    assert charts.histograms({"base": []}, {}, "m") == ""
    assert charts.curves("sft", []) == ""
    assert charts.forest([], "m", 2) == ""
