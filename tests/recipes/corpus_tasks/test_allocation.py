"""Exact numbers, whole groups."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data import splits
from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks import allocation
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES

SHARES = st.fixed_dictionaries({name: st.floats(0, 100) for name in CATEGORIES}).filter(
    lambda shares: sum(shares.values()) > 1e-6
)
AVAILABLE = st.fixed_dictionaries({name: st.integers(0, 40) for name in CATEGORIES})


@given(st.integers(0, 500), SHARES)
def test_counts_add_up_and_are_within_one_of_the_share(total, shares):
    found = allocation.counts(total, shares)
    whole = sum(shares.values())
    assert sum(found.values()) == total
    assert all(abs(found[name] - total * shares[name] / whole) < 1 for name in shares)


def test_the_published_counts_are_hit():
    shares = {"docstring": 80, "explain": 80, "bugfix": 76, "complete": 65, "unit_test": 2}
    assert allocation.counts(303, shares) == shares
    assert sum(allocation.counts(257, shares).values()) == 257
    assert allocation.counts(46, shares) == {
        "docstring": 12,
        "explain": 12,
        "bugfix": 12,
        "complete": 10,
        "unit_test": 0,
    }


@given(AVAILABLE, SHARES)
def test_the_largest_total_is_possible_and_no_larger_one_is(available, shares):
    total = allocation.largest(available, shares)
    bound = sum(available.values())

    def fits(number):
        return all(count <= available[name] for name, count in allocation.counts(number, shares).items())

    assert total == 0 or fits(total)
    assert not any(fits(number) for number in range(total + 1, bound + 1))


GROUPED = st.lists(st.tuples(st.integers(0, 8).map("g{}".format), st.sampled_from(CATEGORIES)), min_size=2, max_size=60)


@given(GROUPED, st.floats(0.05, 0.95), st.integers(0, 99))
def test_every_group_has_one_side(tasks, fraction, seed):
    side_of = splits.stratified(tasks, dict.fromkeys(CATEGORIES, 1.0), fraction, seed)
    assert set(side_of) == {group for group, _ in tasks}
    assert set(side_of.values()) <= {splits.TRAIN, splits.EVALUATION}
    assert side_of == splits.stratified(tasks, dict.fromkeys(CATEGORIES, 1.0), fraction, seed)


def test_each_category_is_divided_by_the_fraction():
    tasks = [(f"g{number}", category) for number in range(100) for category in CATEGORIES[: 1 + number % 5]]
    side_of = splits.stratified(tasks, dict.fromkeys(CATEGORIES, 1.0), 0.2, 0)
    total, judging = Counter(), Counter()
    for group, category in tasks:
        total[category] += 1
        judging[category] += side_of[group] == splits.EVALUATION
    assert all(abs(judging[name] / total[name] - 0.2) < 0.06 for name in CATEGORIES)


@given(st.lists(st.integers(0, 5).map("f{}.py".format), min_size=1, max_size=20), st.data())
def test_files_and_what_is_alike_are_one_group(files, data):
    places = st.integers(0, len(files) - 1)
    alike = data.draw(st.lists(st.tuples(places, places), max_size=5))
    found = allocation.groups(files, alike)
    by_file = {}
    for name, group in zip(files, found, strict=True):
        assert by_file.setdefault(name, group) == group
    assert all(found[left] == found[right] for left, right in alike)


def test_files_that_have_nothing_in_common_are_apart():
    assert allocation.groups(["a", "b", "a", "c"], [(0, 3)]) == ["a", "b", "a", "a"]


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
    taken = allocation.take(rows, wanted, used_by, 0)
    assert Counter(row.stratum for row in taken) == +Counter(wanted)
    assert len({row.task_id for row in taken}) == len(taken)


def test_functions_serve_once_before_one_serves_twice():
    rows = problems(dict.fromkeys(CATEGORIES, 10))
    used_by = {row.task_id: row.task_id.split("/")[1] for row in rows}
    taken = allocation.take(rows, dict.fromkeys(CATEGORIES, 2), used_by, 0)
    assert max(Counter(used_by[row.task_id] for row in taken).values()) == 1


@pytest.mark.parametrize("available", [{}, {"docstring": 0}])
def test_nothing_gives_nothing(available):
    assert allocation.largest(available, {"docstring": 1.0}) == 0
