"""Programs side by side."""

from hypothesis import given
from hypothesis import strategies as st

from codekiln.evaluation.report.diff import MOST_LINES, side_by_side

programs = st.lists(st.sampled_from(["a = 1", "b = 2", "    return a", "", "print(a, b)"]), max_size=12).map("\n".join)


def text(side: list) -> str:
    return "\n".join("".join(piece.text for piece in line.pieces) for line in side if line.kind != "gap")


@given(programs, programs)
def test_both_programs_are_shown_whole_and_aligned(before: str, after: str) -> None:
    left, right = side_by_side(before, after)
    assert len(left) == len(right)
    assert text(left) == before.strip("\n")
    assert text(right) == after.strip("\n")
    for one, other in zip(left, right, strict=True):
        assert (one.kind == "same") == (other.kind == "same")
        assert not one.kind == other.kind == "gap"


def test_the_words_that_changed_are_marked() -> None:
    left, right = side_by_side("total = total + 1", "total = total + 2")
    assert [piece.text for piece in left[0].pieces if piece.changed] == ["1"]
    assert [piece.text for piece in right[0].pieces if piece.changed] == ["2"]


def test_a_different_line_is_not_marked_word_by_word() -> None:
    left, right = side_by_side("for x in y:", "return sorted(set(words))")
    assert not any(piece.changed for piece in (*left[0].pieces, *right[0].pieces))


def test_a_huge_program_is_cut_and_says_so() -> None:
    left, _ = side_by_side("x = 1\n" * 1000, "y = 2")
    assert len(left) == MOST_LINES + 1
    assert left[-1].pieces[0].text == f"... {1000 - MOST_LINES} more lines"
