from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.near_duplicates import THRESHOLD, earliest_duplicates, shingles, similar_pairs

WORDS = st.lists(
    st.sampled_from(("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")), min_size=1, max_size=14
)
TEXTS = st.lists(WORDS.map(" ".join), max_size=8)

LOOP = "def total(xs):\n    result = 0\n    for x in xs:\n        result += x\n    return result\n"


def test_comments_and_layout_of_programs_do_not_count():
    dressed = 'def total(xs):\n    """Add up."""\n    # start\n    result=0\n    for x in xs:\n        result += x\n'
    dressed += "    return result"
    assert shingles(LOOP) == shingles(dressed)


def test_a_small_edit_is_near_and_another_program_is_not():
    longer = LOOP + "\n".join(f"\n\ndef step{i}(x):\n    return x * {i} + {i + 1}\n" for i in range(6))
    edited = longer.replace("x * 3", "x * 30")
    other = "def first(words):\n    return sorted(words, key=len)[0].upper() if words else ''\n"
    assert [(i, j) for i, j, _ in similar_pairs([edited, other], [longer])] == [(0, 0)]


def test_short_texts_are_near_only_when_they_are_equal():
    assert similar_pairs(["Add two.", "Add three."], ["add two."]) == [(0, 0, 1.0)]


@given(TEXTS, TEXTS)
def test_near_finds_exactly_the_pairs_above_the_threshold(left, right):
    def jaccard(one, other):
        a, b = shingles(one), shingles(other)
        return len(a & b) / len(a | b)

    expected = [(i, j) for i, one in enumerate(left) for j, two in enumerate(right) if jaccard(one, two) >= THRESHOLD]
    assert [(i, j) for i, j, _ in similar_pairs(left, right)] == expected


@given(TEXTS)
def test_what_is_kept_is_apart_and_what_is_dropped_is_near_something_kept(texts):
    firsts = earliest_duplicates(texts)
    kept = [texts[index] for index in sorted(set(firsts))]
    assert all(i == j for i, j, _ in similar_pairs(kept, kept))
    for index, first in enumerate(firsts):
        assert first <= index
        assert firsts[first] == first
        assert similar_pairs([texts[index]], [texts[first]])
