"""Rates and bands: never a value that the samples do not give, never a band off by a rounding error."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.recipes.difficulty.rates import UNSOLVED, UNSURE, BandThresholds, SolveRate, decimal_fraction


@given(st.integers(1, 40), st.data())
def test_estimates_are_unbiased_and_absent_where_there_are_too_few_samples(n, data):
    correct = data.draw(st.integers(0, n))
    for name, value in SolveRate(n, correct).estimates().items():
        k = int(name.removeprefix("pass@"))
        if k > n:
            assert value is None
        else:
            assert value == pytest.approx(float(1 - Fraction(comb(n - correct, k), comb(n, k))))


@given(st.integers(1, 60), st.integers(1, 99), st.integers(1, 100))
def test_a_share_equal_to_a_threshold_is_in_the_band_above(n, medium, easy):
    if medium >= easy:
        return
    thresholds = BandThresholds(easy=easy / 100, medium=medium / 100)
    for correct in range(n + 1):
        share = Fraction(correct, n)
        wanted = "easy" if share >= Fraction(easy, 100) else "medium" if share >= Fraction(medium, 100) else "hard"
        assert thresholds.band(SolveRate(n, correct)) == (wanted if correct else UNSOLVED)


def test_thresholds_are_the_numbers_as_written():
    assert decimal_fraction(0.1) == Fraction(1, 10)
    assert BandThresholds(easy=0.9, medium=0.1).band(SolveRate(10, 1)) == "medium"
    assert BandThresholds(easy=0.75, medium=0.3).band(SolveRate(12, 9)) == "easy"
    assert BandThresholds(easy=0.75, medium=0.3).band(SolveRate(100, 30)) == "medium"


def test_a_problem_that_nobody_solved_is_not_hard_but_a_band_of_its_own():
    assert BandThresholds(0.75, 0.3).band(SolveRate(12, 0)) == UNSOLVED
    assert BandThresholds(0.75, 0.3).band(SolveRate(12, 1)) == "hard"


def test_a_problem_near_a_threshold_is_unsure_until_there_are_more_samples():
    thresholds = BandThresholds(0.75, 0.3, sure=0.7)
    # Of ten samples three, seven and eight are nearer to a threshold than ten samples can tell.
    bands = [thresholds.band(SolveRate(10, correct)) for correct in range(11)]
    assert bands == [UNSOLVED, "hard", "hard", UNSURE, *["medium"] * 3, UNSURE, UNSURE, "easy", "easy"]
    assert thresholds.band(SolveRate(100, 80)) == "easy"
    assert BandThresholds(0.75, 0.3).band(SolveRate(10, 8)) == "easy"


@given(st.integers(1, 200), st.data())
def test_the_chances_of_the_bands_add_up_and_the_interval_holds_the_rate(n, data):
    rate = SolveRate(n, data.draw(st.integers(0, n)))
    low, high = rate.interval()
    assert 0 <= low <= rate.correct / n <= high <= 1
    assert low < high
    thresholds = BandThresholds(0.75, 0.3)
    ends = [(0.0, 0.3), (0.3, 0.75), (0.75, 1.0)]
    assert sum(rate.chance(*end) for end in ends) == pytest.approx(1)
    if rate.correct:
        place = ["hard", "medium", "easy"].index(thresholds.nearest(rate))
        assert thresholds.certainty(rate) == pytest.approx(rate.chance(*ends[place]))


def test_the_interval_is_the_one_that_tables_of_jeffreys_have():
    # Brown, Cai and DasGupta 2001, table 5: 2 of 10 and 0 of 10.
    assert SolveRate(10, 2).interval() == pytest.approx((0.044, 0.503), abs=5e-4)
    assert SolveRate(10, 0).interval() == pytest.approx((0.0, 0.217), abs=5e-4)
    assert SolveRate(0, 0).interval() is None


def test_intervals_hold_the_true_rate_about_as_often_as_they_say():
    for true in (0.1, 0.3, 0.5, 0.75, 0.9):
        held = sum(
            comb(20, correct) * true**correct * (1 - true) ** (20 - correct)
            for correct in range(21)
            if SolveRate(20, correct).interval()[0] <= true <= SolveRate(20, correct).interval()[1]
        )
        assert held == pytest.approx(0.95, abs=0.035)
