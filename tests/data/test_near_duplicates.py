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


def jaccard(one, other):
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def edits(words):
    """Texts of one origin, so that similarities of all sizes occur."""
    changed = st.tuples(st.integers(0, len(words) - 1), st.sampled_from(("eta", "theta", "iota")))
    return st.lists(changed, max_size=4).map(
        lambda found: " ".join(dict(found).get(place, word) for place, word in enumerate(words))
    )


ALIKE = WORDS.map(lambda words: words * 3).flatmap(lambda words: st.lists(edits(words), max_size=6))


@given(TEXTS | ALIKE, TEXTS | ALIKE, st.sampled_from((THRESHOLD, 0.05, 0.25, 0.5, 0.6, 0.75, 1.0)))
def test_near_finds_exactly_the_pairs_above_the_threshold(left, right, threshold):
    right = [*right, *left]
    pairs = [(i, j, jaccard(one, other)) for i, one in enumerate(left) for j, other in enumerate(right)]
    assert similar_pairs(left, right, threshold) == [pair for pair in pairs if pair[2] >= threshold]


@given(TEXTS | ALIKE, st.sampled_from((THRESHOLD, 0.25, 0.6)))
def test_the_most_alike_of_the_earlier_texts_that_are_kept_is_named(texts, threshold):
    kept, expected = [], []
    for number, text in enumerate(texts):
        found = [(jaccard(text, texts[first]), -first) for first in kept]
        similarity, first = max(found, default=(0.0, 0))
        expected.append(-first if similarity >= threshold else number)
        kept += [number] * (expected[-1] == number)
    assert earliest_duplicates(texts, threshold) == expected


@given(TEXTS)
def test_what_is_kept_is_apart_and_what_is_dropped_is_near_something_kept(texts):
    firsts = earliest_duplicates(texts)
    kept = [texts[index] for index in sorted(set(firsts))]
    assert all(i == j for i, j, _ in similar_pairs(kept, kept))
    for index, first in enumerate(firsts):
        assert first <= index
        assert firsts[first] == first
        assert similar_pairs([texts[index]], [texts[first]])
