"""Exact numbers per category."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks import quota_sampling
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES

SHARES = st.fixed_dictionaries({name: st.floats(0, 100) for name in CATEGORIES}).filter(
    lambda shares: sum(shares.values()) > 1e-6
)
AVAILABLE = st.fixed_dictionaries({name: st.integers(0, 40) for name in CATEGORIES})


@given(st.integers(0, 500), SHARES)
def test_counts_add_up_and_are_within_one_of_the_share(total, shares):
    found = quota_sampling.apportion(total, shares)
    whole = sum(shares.values())
    assert sum(found.values()) == total
    assert all(abs(found[name] - total * shares[name] / whole) < 1 for name in shares)


def test_the_published_counts_are_hit():
    shares = {"docstring": 80, "explain": 80, "bugfix": 76, "complete": 65, "unit_test": 2}
    assert quota_sampling.apportion(303, shares) == shares
    assert sum(quota_sampling.apportion(257, shares).values()) == 257
    assert quota_sampling.apportion(46, shares) == {
        "docstring": 12,
        "explain": 12,
        "bugfix": 12,
        "complete": 10,
        "unit_test": 0,
    }


@given(AVAILABLE, SHARES)
def test_the_largest_total_is_possible_and_no_larger_one_is(available, shares):
    total = quota_sampling.largest_total(available, shares)
    bound = sum(available.values())

    def fits(number):
        return all(count <= available[name] for name, count in quota_sampling.apportion(number, shares).items())

    assert total == 0 or fits(total)
    assert not any(fits(number) for number in range(total + 1, bound + 1))


def problems(sizes):
    return [
        Problem(task_id=f"{category}/{number}", prompt="x", stratum=category)
        for category, size in sizes.items()
        for number in range(size)
    ]


@given(AVAILABLE, st.data())
def test_exactly_what_is_wanted_is_taken(available, data):
    wanted = {name: data.draw(st.integers(0, available[name])) for name in available}
    rows = problems(available)
    used_by = {row.task_id: row.task_id.split("/")[1] for row in rows}
    taken = quota_sampling.sample(rows, wanted, used_by, 0)
    assert Counter(row.stratum for row in taken) == +Counter(wanted)
    assert len({row.task_id for row in taken}) == len(taken)


def test_functions_serve_once_before_one_serves_twice():
    rows = problems(dict.fromkeys(CATEGORIES, 10))
    used_by = {row.task_id: row.task_id.split("/")[1] for row in rows}
    taken = quota_sampling.sample(rows, dict.fromkeys(CATEGORIES, 2), used_by, 0)
    assert max(Counter(used_by[row.task_id] for row in taken).values()) == 1


@pytest.mark.parametrize("available", [{}, {"docstring": 0}])
def test_nothing_gives_nothing(available):
    assert quota_sampling.largest_total(available, {"docstring": 1.0}) == 0
