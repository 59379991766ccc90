"""The distance of syntax trees: by build, not by words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.code.distance import distance

LOOP = "def f(x):\n    t = 0\n    for y in x:\n        t += y\n    return t\n"
CALL = "def f(x):\n    return sum(x)\n"
WHILE = "def f(x):\n    t = 0\n    while x:\n        t += x.pop()\n    return t\n"
PROGRAMS = st.sampled_from([LOOP, CALL, WHILE, "x = 1", "import os", "def f(): pass"])


@given(PROGRAMS, PROGRAMS)
def test_it_is_symmetric_between_zero_and_one_and_zero_for_the_same(one, other):
    assert distance(one, other) == distance(other, one)
    assert 0 <= distance(one, other) <= 1
    assert distance(one, one) == 0


def test_names_constants_comments_and_layout_do_not_count():
    renamed = 'def g(xs):\n    """Add."""\n\n    s = 7  # start\n    for item in xs:\n        s += item\n    return s\n'
    assert distance(LOOP, renamed) == 0


def test_a_loop_is_nearer_to_another_loop_than_to_a_call():
    assert 0 < distance(LOOP, WHILE) < distance(LOOP, CALL)


def test_an_operator_counts():
    assert distance("x = a + b", "x = a - b") > 0


def test_what_is_no_program_has_no_distance():
    with pytest.raises(SyntaxError):
        distance("def f(:", "x = 1")
