"""The formulas of power against simulated evaluations that our own gate judges."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.calibration.judging import evaluations, promoted
from benchmarks.calibration.worlds import SAMPLE_SD, SAMPLES, Change, World, draw
from codekiln.evaluation import power as formulas
from codekiln.evaluation.estimation import compared
from codekiln.evaluation.power import (
    WANTED,
    Design,
    Spread,
    equal_half_width,
    obstacles,
    power,
    too_few_equal,
    too_few_groups,
)
from codekiln.evaluation.statistics import mean_intervals


def spread_of(world: World) -> Spread:
    """Return the spreads of a simulated world, from a sample of its problems so large that they are exact."""
    rng = np.random.default_rng(0)
    logits = 1.2 + rng.normal(0, np.hypot(1, 1.5), 20_000)
    before, after = (1 / (1 + np.exp(-x)) for x in (logits, logits + world.shift + rng.normal(0, 0.4, 20_000)))
    return Spread(tuple(before), float((after - before).std()), metric_sd=1.5, sample_sd=SAMPLE_SD)


@pytest.mark.parametrize(
    ("problems", "passing", "metric"),
    [(200, 0.0, 1.0), (200, 0.02, 1.0), (200, 0.05, 0.5), (500, 0.0, 0.5), (60, 0.05, 1.5)],
)
def test_the_chance_of_promotion_is_that_of_simulated_evaluations(problems, passing, metric):
    world = World((1,) * problems, Change(passing, metric))
    judged = [
        (promoted(one), one.comparisons[0])
        for base, (candidate,) in draw(world, 800, 1, np.random.default_rng(4))
        for one in evaluations(base, candidate, list(range(problems)))
    ]
    design, spread = Design(problems, SAMPLES), spread_of(world)
    found = np.mean([won for won, _ in judged])
    assert formulas.promoted(design, spread, metric, passing) == pytest.approx(found, abs=0.06)
    half = np.mean([(passing.high - passing.low) / 2 for _, passing in judged])
    assert power(design, spread).guard_half_width == pytest.approx(half, rel=0.05)
    held = np.mean([passing.low >= -design.tolerance for _, passing in judged])
    assert formulas.guard_holds(design, spread, passing) == pytest.approx(held, abs=0.05)


def test_groups_that_share_what_changes_cost_power():
    alone, shared = Spread(), Spread(shared=0.5)
    design = Design(400, 20, groups=40)
    assert formulas.guard_holds(design, shared, 0.02) < formulas.guard_holds(design, alone, 0.02)
    assert power(design, shared, 0.05).gain > power(design, alone, 0.05).gain
    sizes, rng = np.repeat(np.arange(40), 10), np.random.default_rng(1)
    noise = rng.normal(0, np.sqrt(0.5), (4000, 40))[:, sizes] + rng.normal(0, np.sqrt(0.5), (4000, 400))
    assert formulas._error(design, shared, 1.0, 400) == pytest.approx(noise.mean(1).std(), rel=0.05)


def test_the_smallest_gain_has_the_chance_that_is_asked():
    design = Design(200, 10)
    found = power(design, change=0.05)
    assert formulas.promoted(design, Spread(), found.gain, 0.05) == pytest.approx(WANTED, abs=0.001)
    assert power(replace(design, problems=400), change=0.05).gain < found.gain


def test_without_the_guard_no_gain_is_promoted_and_the_numbers_say_what_it_takes():
    design = Design(200, 10)
    found = power(design)
    assert found.gain is None
    assert found.guard < WANTED
    enough = replace(design, problems=found.problems)
    assert power(enough).guard >= 0.9 > power(replace(enough, problems=found.problems - 1)).guard
    assert power(enough).gain is not None
    sampled = power(Design(600, 10))
    assert power(Design(600, sampled.samples)).guard >= 0.9 > power(Design(600, sampled.samples - 1)).guard


def test_more_samples_do_not_help_where_problems_themselves_change():
    assert power(Design(50, 10), Spread(passing_sd=0.3)).samples is None
    assert power(Design(50, 10), Spread(passing_sd=0.3), change=-0.02).problems is None


def test_a_stricter_level_needs_more():
    usual, strict = power(Design(500, 20)), power(Design(500, 20, level=0.005))
    assert strict.guard_half_width > usual.guard_half_width
    assert strict.guard < usual.guard
    assert strict.problems > usual.problems


def test_a_gain_far_beyond_the_noise_is_certain():
    assert formulas.promoted(Design(5000, 100), Spread(), 1000.0, 0.05) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("problems", "groups", "found"),
    [
        (200, 200, []),
        (30, 10, []),
        (6, 6, ["6 problems, where the gate needs 30", "6 groups, where the gate needs 10"]),
        (200, 9, ["9 groups, where the gate needs 10"]),
    ],
)
def test_a_set_that_can_never_promote_has_a_reason(problems, groups, found):
    assert obstacles(problems, groups, 30) == found


def test_who_lowers_the_number_of_problems_lowers_that_of_groups():
    assert obstacles(8, 5, 5) == []
    assert obstacles(8, 4, 5) == ["4 groups, where the gate needs 5"]


@pytest.mark.parametrize(("problems", "groups", "level"), [(60, 60, 0.049), (60, 20, 0.05), (139, 139, 0.0005)])
def test_the_interval_of_no_difference_is_that_of_the_evaluation(problems, groups, level):
    labels = [task % groups for task in range(problems)]
    (found,) = mean_intervals(np.zeros((problems, 1)), labels, ["difference of shares"])
    interval = compared(("dpo", "base", "valid"), found.interval, found).at(level)
    design = Design(problems, 4, groups, level=level)
    assert equal_half_width(design) == pytest.approx(interval.high) == pytest.approx(-interval.low)


def test_the_fewest_problems_that_rule_out_a_fall_are_said():
    assert too_few_equal(Design(139, 4, level=0.049), "valid") == []
    (few,) = too_few_equal(Design(138, 4, level=0.049), "valid")
    assert "same valid on every problem is refused" in few
    assert "not ruled out (tolerance 0.02); that takes 139 problems, or a tolerance of 0.03" in few
    assert too_few_equal(Design(138, 4, tolerance=0.03, level=0.049), "valid") == []
    (grouped,) = too_few_equal(Design(138, 4, groups=46, level=0.049), "valid")
    assert "that takes 416 problems" in grouped
    (impossible,) = too_few_equal(Design(138, 4, tolerance=0.0, level=0.049), "valid")
    assert impossible.endswith("that takes a tolerance of 0.03")


def test_fewer_groups_than_must_differ_are_named():
    def said(groups):
        return too_few_groups(Design(200, 4, groups=groups, level=0.049))

    assert said(5) == ["no candidate can be promoted: at least 6 groups must differ, and there are 5"]
    assert said(6) == ["only the first candidate can be promoted: at least 12 groups must differ, and there are 6"]
    assert said(12) == []
