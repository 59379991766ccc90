from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.passk import pass_at_k
from codekiln.errors import InputError

counts = st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n)))


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_equals_counting_all_draws(case):
    n, correct, k = case
    draws = list(combinations([True] * correct + [False] * (n - correct), k))
    assert pass_at_k(n, correct, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@given(counts)
def test_more_correct_or_more_draws_never_lower_it(case):
    n, correct, k = case
    here = pass_at_k(n, correct, k)
    assert 0 <= here <= 1
    assert correct == n or pass_at_k(n, correct + 1, k) >= here
    assert k == n or pass_at_k(n, correct, k + 1) >= here


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_pass_at_1_is_the_share_of_correct_samples(case):
    n, correct = case
    assert pass_at_k(n, correct, 1) == pytest.approx(correct / n)


@pytest.mark.parametrize(("n", "correct", "k"), [(5, 2, 10), (0, 0, 1), (5, 2, 0)])
def test_what_cannot_be_estimated_is_refused(n, correct, k):
    with pytest.raises(InputError):
        pass_at_k(n, correct, k)


@pytest.mark.parametrize("correct", [6, -1])
def test_counts_that_cannot_be_are_no_estimate(correct):
    with pytest.raises(ValueError, match="cannot be"):
        pass_at_k(5, correct, 1)


def test_many_samples_do_not_overflow():
    assert 0 < pass_at_k(10_000, 3, 100) < 1
