"""Rates and bands: never a value that the samples do not give, never a band off by a rounding error."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.recipes.difficulty.rates import UNSOLVED, BandThresholds, SolveRate, decimal_fraction


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
