"""How many errors fit is exact: compared with trying every choice."""

import itertools
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.recipes.debugging.error_capacity import can_hold, capacity
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts


@dataclass(frozen=True)
class Place:
    first: int
    last: int
    intended: str


places = st.lists(
    st.builds(
        lambda first, length, intended: Place(first, first + length, intended),
        st.integers(1, 9),
        st.integers(0, 2),
        st.sampled_from(CLASSES),
    ),
    max_size=7,
)


def apart(chosen):
    return all(
        right.first > left.last + 1 or left.first > right.last + 1 for left, right in itertools.combinations(chosen, 2)
    )


def reachable(found):
    subsets = (chosen for size in range(len(found) + 1) for chosen in itertools.combinations(found, size))
    return {
        tuple(sum(item.intended == name for item in chosen) for name in CLASSES) for chosen in subsets if apart(chosen)
    }


@settings(max_examples=60, deadline=None)
@given(places, st.tuples(*[st.integers(0, 2)] * 3))
def test_what_is_possible_is_what_some_choice_reaches(found, counts):
    assert can_hold(found, ErrorCounts(*counts)) == (counts in reachable(found))


@settings(max_examples=30, deadline=None)
@given(places)
def test_room_is_the_most_of_each_class_alone(found):
    most = [max(counts[place] for counts in reachable(found)) for place in range(3)]
    assert capacity(found) == ErrorCounts(*most)


def test_neighbouring_lines_are_too_near_and_one_between_is_enough():
    first, second = Place(3, 3, "syntax"), Place(4, 4, "logical")
    assert not can_hold([first, second], ErrorCounts(syntax=1, logical=1))
    assert can_hold([first, Place(5, 5, "logical")], ErrorCounts(syntax=1, logical=1))
