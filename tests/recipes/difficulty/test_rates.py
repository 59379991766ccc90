"""Rates and bands: never a value that the samples do not give, never a band off by a rounding error."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.records import Graded, Sample, Verdict
from codekiln.recipes.difficulty.rates import UNSOLVED, Rate, Thresholds, exact, rate_of, tally


def graded(task_id, passed):
    verdict = Verdict(
        task_id=task_id, status="passed" if passed else "failed", tests_total=1, tests_run=1, tests_passed=int(passed)
    )
    return Graded(sample=Sample(task_id=task_id, solution="x = 1"), verdict=verdict)


@given(st.integers(1, 40), st.data())
def test_estimates_are_unbiased_and_absent_where_there_are_too_few_samples(n, data):
    correct = data.draw(st.integers(0, n))
    for name, value in Rate(n, correct).estimates().items():
        k = int(name.removeprefix("pass@"))
        if k > n:
            assert value is None
        else:
            assert value == pytest.approx(float(1 - Fraction(comb(n - correct, k), comb(n, k))))


@given(st.integers(1, 60), st.integers(1, 99), st.integers(1, 100))
def test_a_share_equal_to_a_threshold_is_in_the_band_above(n, medium, easy):
    if medium >= easy:
        return
    thresholds = Thresholds(easy=easy / 100, medium=medium / 100)
    for correct in range(n + 1):
        share = Fraction(correct, n)
        wanted = "easy" if share >= Fraction(easy, 100) else "medium" if share >= Fraction(medium, 100) else "hard"
        assert thresholds.band(Rate(n, correct)) == (wanted if correct else UNSOLVED)


def test_thresholds_are_the_numbers_as_written():
    assert exact(0.1) == Fraction(1, 10)
    assert Thresholds(easy=0.9, medium=0.1).band(Rate(10, 1)) == "medium"
    assert Thresholds(easy=0.75, medium=0.3).band(Rate(12, 9)) == "easy"
    assert Thresholds(easy=0.75, medium=0.3).band(Rate(100, 30)) == "medium"


def test_a_problem_that_nobody_solved_is_not_hard_but_a_band_of_its_own():
    assert Thresholds(0.75, 0.3).band(Rate(12, 0)) == UNSOLVED
    assert Thresholds(0.75, 0.3).band(Rate(12, 1)) == "hard"


def test_counts_travel_with_each_sample_so_that_filters_change_no_rate():
    rows = tally([graded("a", True), graded("a", False), graded("a", False), graded("b", True)])
    assert rate_of([rows[0]]) == rate_of(rows[1:3]) == Rate(3, 1)
    assert rate_of([rows[3]]) == Rate(1, 1)
    assert rate_of([graded("a", True), graded("a", False)]) == Rate(2, 1)
    assert rate_of([]) == Rate(0, 0)
