"""Inputs derived from those of the tests: their types, how far they are from these, and the choice among them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.code.hardening.contract import Contract
from codekiln.code.hardening.cover import cover
from codekiln.code.hardening.mutants import mutants_of
from codekiln.code.hardening.perturb import inputs_near
from codekiln.data.normalise import fingerprint

VALUES = st.recursive(
    st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text("aB 1,", max_size=5) | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text("ab"), inner),
    max_leaves=8,
)


@given(st.lists(VALUES, min_size=1, max_size=3).map(tuple), st.integers(0, 9))
def test_arguments_keep_their_types_and_seeds_are_left_out(seed, number):
    found = inputs_near([seed], "def f(x): return x > 12", random.Random(number))
    assert all(tuple(map(type, item)) == tuple(map(type, seed)) for item in found)
    texts = [repr(item) for item in found]
    assert len({*texts, repr(seed)}) == len(texts) + 1
    assert texts == [repr(item) for item in inputs_near([seed], "def f(x): return x > 12", random.Random(number))]


@pytest.mark.parametrize(
    ("seed", "near"),
    [
        ((5,), [(6,), (4,), (0,), (-5,), (57,), (12,), (13,), (11,)]),
        (("Ab",), [("",), ("AbAb",), ("aB",), ("AB",), ("bA",), ("Abx",)]),
        (([2, 1],), [([],), ([1, 2],), ([2, 1, 2],), ([2],), ([2, 1, 2, 1],), ([3, 1],)]),
        (({"k": 1},), [({},), ({"k": 2},)]),
        (({1, 2},), [({1},), (set(),)]),
        ((True, 1.5), [(False, 1.5), (True, -1.5), (True, 0.0)]),
    ],
)
def test_neighbours_of_each_type_are_among_the_inputs(seed, near):
    found = inputs_near([seed], "def f(x):\n    return x > 12 or x == 'x'", random.Random(0))
    assert [item for item in near if item not in found] == []


def test_arguments_of_different_calls_are_mixed():
    assert (1, "b") in inputs_near([(1, "a"), (9, "b")], "x = 1", random.Random(0))


SEEDS = {
    "sorted": [([1, 3, 5], 3), ([2, 4, 6, 8], 8)],
    "length": [([7, 1, 9], 3), ([5, 5], 2)],
    "brackets": [("(())",), ("()(())",)],
    "words": [("ab cd",), ("x yz w",)],
    "grid": [([[1, 2], [3, 4]],), ([[4, 1], [2, 3]],)],
}


@pytest.mark.parametrize(
    ("seeds", "arguments"),
    [
        ("sorted", ([1, 3, 5, 7], 3)),
        ("sorted", ([2, 4, 5], 5)),
        ("length", ([7, 5], 2)),
        ("brackets", ("(())()",)),
        ("words", ("b zwq",)),
        ("grid", ([[2, 1], [3, 4]],)),
    ],
)
def test_an_ordinary_input_is_not_strange(seeds, arguments):
    assert Contract(SEEDS[seeds]).strangeness(arguments) == 0


@pytest.mark.parametrize(
    ("seeds", "arguments"),
    [
        ("sorted", ([3, 1, 5], 3)),
        ("sorted", ([1, 3, 5], 4)),
        ("sorted", ([-1, 3, 5], 3)),
        ("sorted", ([], 3)),
        ("sorted", ([1, 3, 500], 3)),
        ("length", ([7, 1, 9], 2)),
        ("brackets", ("(()",)),
        ("brackets", ("())(()",)),
        ("words", ("ab  cd",)),
        ("words", (" ab",)),
        ("words", ("AB cd",)),
        ("words", ("",)),
        ("grid", ([[1, 2], [3]],)),
        ("grid", ([[1, 2], [3, 3]],)),
        ("grid", ([[1, 2], [3, 5]],)),
    ],
)
def test_an_input_that_leaves_what_all_have_in_common_is_strange(seeds, arguments):
    assert Contract(SEEDS[seeds]).strangeness(arguments) > 0


@given(st.lists(st.tuples(VALUES), min_size=1, max_size=3))
def test_the_inputs_of_the_tests_are_not_strange(seeds):
    assert {Contract(seeds).strangeness(seed) for seed in seeds} == {0}


def sets(*several):
    return [frozenset(each) for each in several]


def test_few_inputs_cover_and_near_ones_come_first():
    assert cover(sets({1}, {1, 2}, {3}, {1, 2, 3}), [0, 0, 0, 5], 9) == [1, 2]
    assert cover(sets({1}, {1, 2, 3}), [0, 0], 9) == [1]
    assert cover(sets({1}, {2}, {3}), [0, 0, 0], 2) == [0, 1]
    assert cover(sets(set(), {4}), [0, 3], 9) == [1]
    assert cover([], [], 9) == []


def test_an_input_that_later_ones_replace_is_dropped():
    assert cover(sets({1, 2, 3, 4}, {1, 2, 5}, {3, 4, 6}), [0, 0, 0], 9) == [1, 2]


def test_mutants_are_different_programs_and_none_is_the_reference():
    reference = (
        "def f(a, b):\n    total = 0\n    for x in a:\n        if x > b:\n            total += x\n    return total\n"
    )
    mutants = mutants_of(reference, 100, "s")
    prints = [fingerprint(text) for text in mutants]
    assert len(mutants) > 8
    assert len({*prints, fingerprint(reference)}) == len(prints) + 1
    assert mutants_of(reference, 5, "s") == mutants[:5]
    assert mutants_of("def f(:", 5, "s") == []
