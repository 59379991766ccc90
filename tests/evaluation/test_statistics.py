import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.evaluation import bootstrap

values = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)


def column(numbers):
    return np.array(numbers, dtype=float)[:, None]


@given(values)
@settings(max_examples=50)
def test_the_interval_holds_the_mean_and_stays_within_the_values(numbers):
    (interval,) = bootstrap(column(numbers), resamples=2_000)
    slack = 1e-9 * max(1.0, *map(abs, numbers))
    assert min(numbers) - slack <= interval.low <= interval.mean + slack
    assert interval.mean - slack <= interval.high <= max(numbers) + slack
    assert interval.mean == pytest.approx(np.mean(numbers))


def test_equal_seeds_give_equal_intervals_and_others_do_not():
    data = np.random.default_rng(0).normal(size=(50, 2))
    assert bootstrap(data, seed=1) == bootstrap(data, seed=1)
    assert bootstrap(data, seed=1) != bootstrap(data, seed=2)


def test_agrees_with_the_normal_approximation():
    data = np.random.default_rng(0).normal(5, 2, size=(400, 1))
    (interval,) = bootstrap(data)
    half = 1.96 * data.std() / np.sqrt(len(data))
    assert interval.low == pytest.approx(data.mean() - half, abs=0.03)
    assert interval.high == pytest.approx(data.mean() + half, abs=0.03)


def test_agrees_with_scipys_percentile_bootstrap():
    from scipy import stats

    data = np.random.default_rng(3).exponential(size=80)
    theirs = stats.bootstrap((data,), np.mean, method="percentile", rng=1, n_resamples=20_000).confidence_interval
    (ours,) = bootstrap(data[:, None], resamples=20_000)
    assert ours.low == pytest.approx(theirs.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.high, abs=0.02)


def test_about_95_percent_of_intervals_cover_the_truth():
    rng = np.random.default_rng(7)
    intervals = bootstrap(rng.normal(size=(60, 400)), resamples=1_000)
    covered = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert 0.91 <= covered <= 0.98


def test_clusters_widen_the_interval_of_dependent_problems():
    groups = np.repeat(np.arange(20), 10)
    data = np.random.default_rng(1).normal(size=20)[groups][:, None]
    (alone,), (grouped,) = bootstrap(data), bootstrap(data, list(groups))
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)
    assert grouped.mean == alone.mean


def test_missing_values_are_left_out_of_their_column_only():
    data = np.array([[1.0, np.nan], [3.0, 5.0]])
    first, second = bootstrap(data)
    assert (first.mean, second.mean, second.low, second.high) == (2, 5, 5, 5)


@pytest.mark.parametrize("data", [np.full((5, 1), np.nan), np.empty((0, 1))])
def test_no_values_give_no_interval(data):
    (interval,) = bootstrap(data)
    assert (interval.mean, interval.low, interval.high) == (None, None, None)


def test_columns_share_their_resamples():
    data = np.random.default_rng(2).normal(size=(30, 1))
    (one, shifted, zero) = bootstrap(np.hstack([data, data + 10, data - data]))
    assert shifted.low == pytest.approx(one.low + 10)
    assert (zero.mean, zero.low, zero.high) == (0, 0, 0)


def test_ten_thousand_resamples_take_a_moment():
    data = np.random.default_rng(0).normal(size=(500, 80))
    start = time.process_time()
    bootstrap(data)
    assert time.process_time() - start < 3
