"""Settings of the recipe."""

import pytest

from tests.recipes.difficulty.making import KIND


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"easy": 0.3}, "must be below"),
        ({"mix": "tricky"}, "is none of"),
        ({"mixes": {"a/b": {"easy": 1}}}, "file names"),
        ({"best_by": "comment_ratio"}, "must be one of"),
        ({"mixes": {"mine": {}}}, "above 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        KIND.Settings(**fields)


def test_a_ratio_of_ones_own_stands_beside_the_four_and_may_replace_one():
    own = {"mine": {"easy": 0.5, "hard": 0.5}, "balanced": {"easy": 33, "medium": 33, "hard": 34}}
    mixes = KIND.Settings(mixes=own).mixes
    assert list(mixes) == ["balanced", "easy_heavy", "medium_heavy", "hard_heavy", "mine"]
    assert mixes["mine"].lowest_terms() == {"easy": 1, "medium": 0, "hard": 1}
    assert mixes["balanced"].lowest_terms() == {"easy": 33, "medium": 33, "hard": 34}
    assert KIND.Settings(**KIND.Settings(mixes=mixes).model_dump()).mixes == mixes
