import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from codekiln.evaluation import bootstrap, mean_intervals
from codekiln.evaluation.estimation import compared
from codekiln.evaluation.statistics import Interval, minimum_differing

values = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40)
shares = st.lists(st.floats(0, 1), min_size=2, max_size=40)


def column(numbers):
    return np.array(numbers, dtype=float)[:, None]


def interval(numbers, clusters=None, kind="value"):
    (found,) = mean_intervals(column(numbers), clusters, [kind])
    return found.interval


@given(values)
@settings(max_examples=50)
def test_problems_by_themselves_have_the_t_interval_of_the_textbook(numbers):
    found = interval(numbers)
    half = stats.t.ppf(0.975, len(numbers) - 1) * stats.sem(numbers)
    assert found.mean == pytest.approx(np.mean(numbers))
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half), abs=1e-6)


def test_clusters_of_equal_size_have_the_factor_of_cr1_and_g_minus_1_degrees():
    groups = np.repeat(np.arange(12), 5)
    data = np.random.default_rng(4).normal(size=60) + np.random.default_rng(5).normal(size=12)[groups]
    sums = np.bincount(groups, data - data.mean())
    half = stats.t.ppf(0.975, 11) * np.sqrt(12 / 11 * (sums**2).sum()) / 60
    found = interval(data, list(groups))
    assert (found.low, found.high) == pytest.approx((data.mean() - half, data.mean() + half))


def test_uneven_clusters_have_the_matrices_of_bell_and_mccaffrey():
    labels = np.repeat(np.arange(7), [1, 1, 2, 3, 5, 8, 13])
    data, n = np.random.default_rng(6).normal(size=33), 33
    centring, scores = np.eye(n) - 1 / n, []
    for cluster in range(7):
        rows = np.flatnonzero(labels == cluster)
        adjusted = linalg.inv(linalg.sqrtm(np.eye(len(rows)) - 1 / n))
        scores.append(centring[rows].T @ adjusted @ np.ones(len(rows)) / n)
    variance = sum((score @ data) ** 2 for score in scores)
    products = np.array(scores) @ np.array(scores).T
    half = stats.t.ppf(0.975, np.trace(products) ** 2 / (products**2).sum()) * np.sqrt(variance)
    found = interval(data, list(labels))
    assert (found.low, found.high) == pytest.approx((data.mean() - half, data.mean() + half))


@given(shares)
@settings(max_examples=50)
def test_the_interval_of_a_share_holds_its_mean_and_stays_between_0_and_1(numbers):
    found = interval(numbers, kind="share")
    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1


@pytest.mark.parametrize("right", [0, 1, 25, 49, 50])
def test_shares_of_yes_and_no_have_wilsons_interval(right):
    # scipy's takes the normal quantile and n, ours the t quantile and n - 1.
    theirs = stats.binomtest(right, 50).proportion_ci(method="wilson")
    found = interval([1.0] * right + [0.0] * (50 - right), kind="share")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_a_difference_that_few_problems_show_has_the_interval_of_bonett_and_price():
    changes = [1.0, 1.0, -1.0] + [0.0] * 57
    up, down = 3 / 62, 2 / 62
    error = np.sqrt((up + down - (up - down) ** 2) / 61)
    half = stats.t.ppf(0.975, 61) * error
    found = interval(changes, kind="difference of shares")
    assert (found.low, found.high) == pytest.approx((up - down - half, up - down + half))


def test_no_difference_at_all_is_no_proof_that_there_is_none():
    found = interval([0.0] * 200, kind="difference of shares")
    assert found.high == -found.low == pytest.approx(3 / 200, rel=0.1)  # the rule of three


@pytest.mark.parametrize(("differing", "wider"), [(5, True), (6, False)])
def test_clusters_are_added_only_where_few_differ(differing, wider):
    changes = [1.0, -1.0] * (differing // 2) + [1.0] * (differing % 2) + [0.0] * 100
    plain, bounded = interval(changes), interval(changes, kind="difference of shares")
    assert (bounded.high - bounded.low > 1.05 * (plain.high - plain.low)) is wider
    assert wider or bounded == plain


@pytest.mark.parametrize("level", [0.05, 0.049, 0.03125, 0.0005, 2e-6])
def test_as_many_clusters_must_differ_as_the_sign_test_needs_at_the_level(level):
    enough = minimum_differing(level)
    assert stats.binomtest(enough, enough).pvalue <= level < stats.binomtest(enough - 1, enough - 1).pvalue


@pytest.mark.parametrize(("differing", "wider"), [(11, True), (12, False)])
def test_at_a_stricter_level_clusters_are_added_where_more_differ(differing, wider):
    changes = [-1.0] * differing + [0.0] * 150
    (shares,), (values,) = (mean_intervals(column(changes), kinds=[kind]) for kind in ("difference of shares", "value"))
    shares, values = (compared(("dpo", "base", "pass@1"), one.interval, one) for one in (shares, values))
    assert (shares.low, shares.high) == (values.low, values.high)
    strict, plain = shares.at(0.0005), values.at(0.0005)
    assert (strict.low < plain.low) is (strict.high > plain.high) is wider
    assert wider or (strict.low, strict.high) == (plain.low, plain.high)
    padded = stats.ttest_1samp([*changes, 1.0, -1.0], 0).confidence_interval(0.9995)
    assert not wider or (strict.low, strict.high) == pytest.approx((padded.low, padded.high), abs=0.004)


def test_values_and_shares_themselves_are_never_taken_with_more_clusters():
    data = np.tile(column([0.0] * 30 + [1.0] * 2), 3)
    found = mean_intervals(data, kinds=["value", "share", "difference of shares"])
    assert [item.padded is None for item in found] == [True, True, False]
    (one_group,) = mean_intervals(column([1.0, 0.0]), ["a", "a"], ["difference of shares"])
    assert one_group.padded is None


@pytest.mark.parametrize("case", ["even", "uneven", "missing"])
def test_about_95_percent_of_intervals_cover_the_truth(case):
    rng = np.random.default_rng(7)
    sizes = {"even": [5] * 12, "uneven": [1] * 10 + [4] * 5 + [10, 20], "missing": [5] * 12}[case]
    labels = np.repeat(np.arange(len(sizes)), sizes)
    data = rng.normal(size=(len(labels), 2000)) + rng.normal(size=(len(sizes), 2000))[labels]
    if case == "missing":
        data[rng.random(data.shape) < 0.3] = np.nan
    found = [item.interval for item in mean_intervals(data, list(labels))]
    assert 0.93 <= np.mean([item.low <= 0 <= item.high for item in found]) <= 0.97


def test_an_estimate_says_what_it_rests_on():
    data = np.array([[0.0, 1.0], [0.0, 2.0], [3.0, np.nan], [0.0, np.nan]])
    first, second = mean_intervals(data, ["a", "a", "b", "c"])
    assert first[1:4] == (4, 3, 1)
    assert second[1:] == (2, 1, 1, None, None)


def test_degrees_of_freedom_are_groups_less_one_and_fewer_where_groups_are_uneven():
    (even,) = mean_intervals(column(range(20)), list(np.repeat(np.arange(5), 4)))
    (uneven,) = mean_intervals(column(range(20)), [0] * 12 + [1, 1, 2, 2, 3, 3, 4, 4])
    assert even.df == pytest.approx(4)
    assert 1 < uneven.df < 3


def test_missing_values_are_left_out_of_their_column_only():
    data = np.array([[1.0, np.nan], [3.0, 5.0], [5.0, 5.0]])
    first, second = (item.interval for item in mean_intervals(data))
    assert (first.mean, second.mean, second.low, second.high) == (3, 5, 5, 5)


def test_one_group_has_a_mean_and_no_interval():
    assert interval([1.0, 3.0], ["a", "a"]) == Interval(mean=2.0, low=None, high=None)
    assert interval([1.0, 3.0], ["a", "a"], "share").known() is None


@pytest.mark.parametrize("data", [np.full((5, 1), np.nan), np.empty((0, 1))])
def test_no_values_give_no_interval(data):
    (found,) = mean_intervals(data)
    assert found.interval == Interval(mean=None, low=None, high=None)
    (derived,) = bootstrap(data, None, [lambda means: means[:, 0]])
    assert derived == found.interval


def first(means):
    return means[:, 0]


def test_the_bootstrap_agrees_with_the_t_interval_where_both_apply():
    groups = np.repeat(np.arange(10), 20)
    data = np.random.default_rng(1).normal(size=10)[groups][:, None]
    (derived,) = bootstrap(data, list(groups), [first])
    exact = interval(data[:, 0], list(groups))
    assert derived.mean == pytest.approx(exact.mean)
    assert derived.high - derived.low == pytest.approx(exact.high - exact.low, rel=0.1)


def test_the_bootstrap_agrees_with_scipys_but_for_its_wider_percentiles():
    data = np.random.default_rng(3).exponential(size=400)
    theirs = stats.bootstrap((data,), np.mean, method="percentile", rng=1, n_resamples=20_000).confidence_interval
    (ours,) = bootstrap(data[:, None], None, [first], resamples=20_000)
    assert ours.low == pytest.approx(theirs.low, abs=0.01)
    assert ours.high == pytest.approx(theirs.high, abs=0.01)


def test_equal_seeds_give_equal_intervals_and_others_do_not():
    data = np.random.default_rng(0).normal(size=(50, 2))
    assert bootstrap(data, None, [first], seed=1) == bootstrap(data, None, [first], seed=1)
    assert bootstrap(data, None, [first], seed=1) != bootstrap(data, None, [first], seed=2)


def test_functions_share_their_resamples():
    data = np.random.default_rng(2).normal(size=(30, 2))
    one, shifted, zero = bootstrap(data, None, [first, lambda means: first(means) + 10, lambda means: 0 * first(means)])
    assert shifted.low == pytest.approx(one.low + 10)
    assert (zero.mean, zero.low, zero.high) == (0, 0, 0)


def test_many_columns_and_ten_thousand_resamples_take_a_moment():
    data = np.random.default_rng(0).normal(size=(500, 80))
    start = time.process_time()
    mean_intervals(data)
    bootstrap(data, None, [first])
    assert time.process_time() - start < 3
