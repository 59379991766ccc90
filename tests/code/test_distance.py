"""Distances of programs by text and by syntax tree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.code.distance import (
    edit_distance,
    kth_nearest,
    mean_pairwise,
    pairwise_preorder_distances,
    pq_gram_distance,
    preorder_distance,
    token_similarity,
)

LOOP = "def f(x):\n    t = 0\n    for y in x:\n        t += y\n    return t\n"
CALL = "def f(x):\n    return sum(x)\n"
WHILE = "def f(x):\n    t = 0\n    while x:\n        t += x.pop()\n    return t\n"
NO_COLON = "def f(x)\n    return sum(x)\n"
PROGRAMS = st.sampled_from([LOOP, CALL, WHILE, "", "x", "x = 1", "import os", "def f(): pass"])
TEXTS = PROGRAMS | st.sampled_from([NO_COLON, "x = (", "\x00"])
ON_TREES = pytest.mark.parametrize("distance", [preorder_distance, pq_gram_distance])


@given(TEXTS, TEXTS)
def test_distances_of_texts_are_symmetric_bounded_and_zero_for_equal_texts(left, right):
    for distance in (edit_distance, preorder_distance):
        assert distance(left, right) == distance(right, left)
        assert 0 <= distance(left, right) <= 1
        assert distance(left, left) == 0


@given(TEXTS, TEXTS)
def test_the_token_similarity_is_symmetric_bounded_and_ignores_layout(left, right):
    assert token_similarity(left, right) == token_similarity(right, left)
    assert 0 <= token_similarity(left, right) <= 1
    assert token_similarity(f"{left}\n# a", "".join(f" {word}" for word in f"{left}\n# a".split())) == 1


def test_the_token_similarity_counts_repeated_tokens():
    assert token_similarity("a a b", "a b b") == 2 * 2 / 6
    assert token_similarity("a", "b") == 0


@given(PROGRAMS, PROGRAMS)
def test_the_pq_gram_distance_is_symmetric_bounded_and_zero_for_equal_programs(left, right):
    assert pq_gram_distance(left, right) == pq_gram_distance(right, left)
    assert 0 <= pq_gram_distance(left, right) <= 1
    assert pq_gram_distance(left, left) == 0


@ON_TREES
def test_names_constants_comments_and_layout_do_not_count_on_trees(distance):
    renamed = "def g(xs):\n\n    s = 7  # start\n    for item in xs:\n        s += item\n    return s\n"
    assert distance(LOOP, renamed) == 0


def test_docstrings_count_in_the_preorder_distance_only():
    documented = LOOP.replace("    t = 0", '    """Add."""\n    t = 0')
    assert pq_gram_distance(LOOP, documented) == 0
    assert preorder_distance(LOOP, documented) > 0


@ON_TREES
def test_a_loop_is_nearer_to_another_loop_than_to_a_call(distance):
    assert 0 < distance(LOOP, WHILE) < distance(LOOP, CALL)


@ON_TREES
def test_an_operator_counts_on_trees(distance):
    assert distance("x = a + b", "x = a - b") > 0


def test_distances_have_the_values_of_their_definitions():
    assert edit_distance("kitten", "sitting") == pytest.approx(3 / 7)
    # Module, Assign, Name, BinOp, Name, Add/Sub, Name: one of seven nodes differs.
    assert preorder_distance("x = a + b", "x = a - b") == pytest.approx(1 / 7)
    # Module, Expr, Name against Module, Pass. The grams of the root share nothing, for the sibling's label differs.
    assert pq_gram_distance("x", "pass") == 1
    # Of the bags {Module: 4 grams, two Pass: 2 equal ones} and {Module: 3 grams, one Pass: 1}, 3 grams are common.
    assert pq_gram_distance("pass\npass", "pass") == pytest.approx(1 - 2 * 3 / (6 + 4))


def test_a_text_that_does_not_parse_is_far_from_every_program():
    assert preorder_distance(CALL, NO_COLON) == 1
    assert 0 < preorder_distance(NO_COLON, NO_COLON + " # x") < 0.5


def test_a_text_that_does_not_parse_has_no_pq_gram_distance():
    with pytest.raises(SyntaxError):
        pq_gram_distance("def f(:", "x = 1")


def test_the_kth_nearest_distance_is_the_largest_where_there_are_fewer():
    assert kth_nearest([0.3, 0.1, 0.2], 2) == 0.2
    assert kth_nearest([0.3, 0.1], 9) == 0.3
    assert kth_nearest([], 1) is None


def test_pairwise_distances_are_those_of_every_pair():
    left, right = [LOOP, CALL, NO_COLON], [WHILE, LOOP]
    expected = [[preorder_distance(one, other) for other in right] for one in left]
    assert pairwise_preorder_distances(left, right).tolist() == expected
    assert pairwise_preorder_distances([], left).shape == (0, 3)


def test_the_mean_distance_leaves_out_the_diagonal():
    codes = ["x = 1", "y = 2", "x ="]
    assert mean_pairwise(pairwise_preorder_distances(codes, codes)) == pytest.approx(2 / 3)
    assert mean_pairwise(np.zeros((1, 1))) is None
