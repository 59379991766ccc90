"""Settings that cannot work are refused."""

import pytest

from tests.recipes.debugging.making import recipe


@pytest.mark.parametrize(
    "own",
    [
        {"system_prompt": ""},
        {"system_prompt": " \n"},
        {"least_errors": 0},
        {"least_errors": 4, "most_errors": 3},
        {"requests_per_exercise": 0},
        {"unknown": 1},
    ],
)
def test_settings_without_sense_are_refused(own):
    with pytest.raises(ValueError, match="validation error"):
        recipe(**own)
