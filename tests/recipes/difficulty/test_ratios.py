"""Mixes: the ratio is exact, the size the largest there is, and what cannot be says its numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from codekiln.recipes.difficulty.rates import BANDS
from codekiln.recipes.difficulty.ratios import STANDARD, BandRatio, UnattainableRatio, rows_by_rank, rows_per_band

SHARES = st.tuples(*[st.integers(0, 12)] * 3).filter(any)
AVAILABLE = st.fixed_dictionaries({band: st.integers(0, 60) for band in BANDS})


@given(SHARES, AVAILABLE, st.none() | st.integers(1, 120), st.sampled_from([1, 10, 100, 0.01]))
def test_the_ratio_is_exact_and_no_larger_data_set_has_it(shares, available, size, unit):
    ratio = BandRatio(**{band: round(share * unit, 6) for band, share in zip(BANDS, shares, strict=True)})
    lowest = [share // math.gcd(*shares) for share in shares]

    def fits(times):
        rows = [times * part for part in lowest]
        return (size is None or sum(rows) <= size) and all(
            row <= available[band] for band, row in zip(BANDS, rows, strict=True)
        )

    try:
        found = [rows_per_band(ratio, available, size)[band] for band in BANDS]
    except UnattainableRatio:
        assert not fits(1)
        return
    times = sum(found) // sum(lowest)
    assert found == [times * part for part in lowest]
    assert times >= 1
    assert fits(times)
    assert not fits(times + 1)


def test_the_four_data_sets_have_the_shares_that_their_names_promise():
    assert {name: tuple(ratio.lowest_terms().values()) for name, ratio in STANDARD.items()} == {
        "balanced": (1, 1, 1),
        "easy_heavy": (7, 2, 1),
        "medium_heavy": (1, 7, 2),
        "hard_heavy": (1, 2, 7),
    }


def test_the_published_bands_give_what_their_names_say_or_nothing():
    # The published easy_heavy had 6 easy, 39 medium and 19 hard rows, because it took what there was.
    available = {"easy": 6, "medium": 42, "hard": 137}
    with pytest.raises(UnattainableRatio, match=r"needs at least 7 easy \(there are 6\)"):
        rows_per_band(STANDARD["easy_heavy"], available)
    assert rows_per_band(STANDARD["balanced"], available) == {"easy": 6, "medium": 6, "hard": 6}
    assert rows_per_band(STANDARD["hard_heavy"], available) == {"easy": 6, "medium": 12, "hard": 42}


def test_what_cannot_be_names_every_band_that_lacks_rows():
    with pytest.raises(UnattainableRatio) as reason:
        rows_per_band(BandRatio(easy=33, medium=33, hard=34), {"easy": 20, "medium": 40, "hard": 3})
    assert "33 easy (there are 20)" in str(reason.value)
    assert "34 hard (there are 3)" in str(reason.value)
    assert "medium (there" not in str(reason.value)


def test_a_size_below_the_smallest_data_set_is_said():
    with pytest.raises(UnattainableRatio, match="needs at least 10 rows, and size allows 9"):
        rows_per_band(STANDARD["easy_heavy"], dict.fromkeys(BANDS, 50), 9)


def test_bands_with_no_share_need_no_rows():
    assert rows_per_band(BandRatio(hard=1), {"hard": 5}) == {"easy": 0, "medium": 0, "hard": 5}


@pytest.mark.parametrize("shares", [{}, {"easy": -1}, {"easy": 1, "tricky": 2}, {"easy": float("inf")}])
def test_ratios_that_are_none_are_refused(shares):
    with pytest.raises(ValidationError):
        BandRatio(**shares)


def test_second_solutions_are_of_problems_that_are_in_and_have_the_ratio_themselves():
    balanced, problems = STANDARD["balanced"], {"easy": [1, 2, 2, 2], "medium": [2, 2, 1], "hard": [2, 3]}
    one = dict.fromkeys(BANDS, 1)
    # Two of each; of the two easy ones that are taken only the second has a second solution.
    assert rows_by_rank(balanced, problems) == [dict.fromkeys(BANDS, 2), one]
    assert rows_by_rank(balanced, problems, size=8) == [dict.fromkeys(BANDS, 2)]
    with pytest.raises(UnattainableRatio, match=r"1 hard \(there are 0\)"):
        rows_by_rank(balanced, {**problems, "hard": []})
