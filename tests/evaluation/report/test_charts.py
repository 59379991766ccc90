"""Charts hold what they are given, whatever the numbers."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codekiln.evaluation import Comparison, Interval
from codekiln.evaluation.figures import WIDTH
from codekiln.evaluation.report import charts

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 6))
NAMES = ("base", "sft", "dpo", "dpo_further", "champion", "$x$")


def interval(low: float, mean: float, high: float) -> Interval:
    return Interval(mean=mean, low=low, high=high)


def row(name: str, low: float, high: float) -> Comparison:
    return Comparison(contender=name, against="base", measure="m", difference=(low + high) / 2, low=low, high=high, n=9)


@given(st.lists(st.tuples(numbers, numbers, numbers).map(sorted), min_size=1, max_size=6))
@example([[0.5, 0.5, 0.5]] * 3)
@example([[-1e6, 0.0, 1e6], [0.0, 1e-6, 2e-6]])
@settings(max_examples=20, deadline=None)
def test_every_mark_is_inside_the_drawing(found: list) -> None:
    points = [
        charts.Point(name, interval(*values), interval(*values), 0) for name, values in zip(NAMES, found, strict=False)
    ]
    drawn = charts.scatter(points, "x", "y")
    height = float(re.search(r"viewBox=\"0 0 \d+ (\d+)\"", drawn)[1])
    marks = re.findall(r'<use [^>]*x="([^"]*)" y="([^"]*)"', drawn)
    assert len(marks) == len(points)
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= height for x, y in marks)
    assert all(f">{place}</text>" in drawn for place in range(1, len(points) + 1))
    assert all(f"{point.name}: x " in drawn for point in points)
    assert "nan" not in drawn


def test_arrows_join_the_stages_and_leave_out_the_others() -> None:
    points = [charts.Point(name, interval(x, x, x), interval(x, x, x), 0) for x, name in enumerate(NAMES[:4])]
    assert charts.scatter(points, "x", "y").count('class="arrow"') == 3
    assert charts.scatter(points, "x", "y", unlinked=["sft"]).count('class="arrow"') == 2


def test_points_are_numbered_as_in_the_legend() -> None:
    unknown, known = Interval(mean=None, low=None, high=None), interval(0, 1, 2)
    points = [charts.Point("base", unknown, known, 0), charts.Point("sft", known, known, 1)]
    assert [point.name for point in charts.marked(points)] == ["sft"]
    drawn = charts.scatter(points, "x", "y")
    assert ">1</text>" in drawn
    assert ">2</text>" not in drawn
    assert ">sft</text>" not in drawn


def test_a_forest_leaves_room_for_its_numbers_beside_long_names() -> None:
    long = "a model with a very long name, unchanged"
    rows = [row(long, 1, 2), Comparison(**{**row("x", 1, 2).model_dump(), "against": long})]
    shown = re.findall(r">([^<]*)</text>", charts.forest(rows, "m", 2))
    assert long not in " ".join(shown)
    assert f"{long[: charts.LONGEST_NAME - 1]}\u2026" in shown
    assert f"{long} minus base" in charts.forest(rows, "m", 2)


def test_a_forest_has_one_heading_for_each_opponent() -> None:
    other = Comparison(**{**row("c", 1, 2).model_dump(), "against": "a"})
    shown = re.findall(r">([^<]*)</text>", charts.forest([row("a", 1, 2), other, row("b", 1, 2)], "m", 2))
    assert [text for text in shown if text in ("a", "b", "c") or text.startswith("minus")] == [
        "minus base", "a", "b", "minus a", "c",
    ]  # fmt: skip


def test_histogram_counts_every_value() -> None:
    drawn = charts.histograms({"base": [1.0, 1.0, 2.0, 3.0], "none": []}, {"base": 1.75}, "metric")
    path = re.search(r'class="bars"><path d="M ([^"]*)z"', drawn)[1]
    heights = [float(point.split()[1]) for point in path.split("L")]
    low, half, full = sorted(set(heights), reverse=True)
    assert low - half == pytest.approx(half - full)
    # Each bar's top has two corners: one bar of two values, two bars of one.
    assert (heights.count(half), heights.count(full)) == (4, 2)
    assert "base: 4 problems, mean 1.8" in drawn


def test_a_histogram_of_one_value_is_drawn() -> None:
    assert "base: 2 problems, mean 0.500" in charts.histograms({"base": [0.5, 0.5]}, {"base": 0.5}, "metric")


def test_curves_show_training_and_held_out_loss() -> None:
    rows = [{"step": step, "loss": 2.0 / step} for step in range(1, 1001)] + [{"step": 500, "eval_loss": 0.5}]
    drawn = charts.curves("dpo", rows)
    assert "training from 2.000 to 0.002; held out from 0.500 to 0.500" in drawn
    assert ">training</text>" in drawn
    assert ">held out</text>" in drawn
    assert drawn.count("L ") < 300


def test_preference_training_has_reward_accuracy_and_margin() -> None:
    rows = [
        {"step": 1, "loss": 0.7, "rewards/accuracies": 0.5, "rewards/margins": 0.0},
        {"step": 2, "loss": 0.4, "rewards/accuracies": 0.75, "rewards/margins": 1.5, "eval_rewards/accuracies": 0.9},
    ]
    loss, accuracy, margin = (charts.curves("dpo", rows, panel) for panel in charts.PANELS)
    assert "Training of dpo: loss. training from 0.700 to 0.400" in loss
    assert "training from 0.500 to 0.750; held out from 0.900 to 0.900" in accuracy
    assert "training from 0.000 to 1.500" in margin
    assert charts.curves("sft", rows[:0] + [{"step": 1, "loss": 1.0}], charts.PANELS[1]) == ""


def test_a_forest_tells_better_from_worse() -> None:
    rows = [row("up", 1, 2), row("down", -2, -1), row("none", -1, 1), row("tiny", 1e-15, 1e-15)]
    assert [charts.effect(item) for item in rows] == ["better", "worse", "same", "same"]
    assert [charts.effect(item, lower_is_better=True) for item in rows] == ["worse", "better", "same", "same"]
    drawn = charts.forest(rows, "m", 2)
    assert "up minus base: +1.50, +1.00 to +2.00" in drawn
    assert re.findall(r'class="(better|worse|same)"', drawn) == ["better", "worse", "same", "same"]


def test_a_drawing_takes_its_colours_from_the_page_and_touches_nothing_else_of_it() -> None:
    drawn = charts.forest([row("up", 1, 2)], "m", 2)
    assert set(re.findall(r"(?:fill|stroke): ([^;\"]*)", drawn)) <= {
        "none", "var(--good)", "var(--rule)", "var(--soft)", "var(--text)",
    }  # fmt: skip
    assert "<style" not in drawn
    other = charts.forest([row("up", 1, 2)], "n", 2)
    assert not set(re.findall(' id="(.*?)"', drawn)) & set(re.findall(' id="(.*?)"', other))


def test_nothing_known_draws_nothing() -> None:
    unknown = Interval(mean=None, low=None, high=None)
    assert charts.scatter([charts.Point("base", unknown, interval(0, 1, 2), 0)], "x", "y") == ""
    assert charts.histograms({"base": []}, {}, "m") == ""
    assert charts.curves("sft", []) == ""
    assert charts.forest([], "m", 2) == ""
