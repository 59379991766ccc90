"""The files of preference pairs."""

import json

import pytest

from codekiln.code import metrics
from codekiln.data.replies import extract_code
from tests.recipes.maintainability.making import built_dataset, recipe


@pytest.mark.parametrize(
    ("step", "base", "name"),
    [
        ("filter", "gemma3-4b", "global_dpo_dataset.jsonl"),
        ("self_filter", "gemma3-4b", "further_dpo_dataset_gemma3-4b.jsonl"),
        ("self_filter_2", "google/gemma-3-4b-it", "further_dpo_dataset_google-gemma-3-4b-it.jsonl"),
    ],
)
def test_the_teachers_pairs_and_the_models_own_have_their_names(step, base, name):
    files = recipe().files(built_dataset(step, base))
    assert list(files) == [name]
    assert name in recipe().card(built_dataset(step, base))


def test_a_row_has_three_message_lists_and_the_scores():
    rows = [json.loads(line) for line in recipe().files(built_dataset())["global_dpo_dataset.jsonl"].splitlines()]
    assert {row["stratum"] for row in rows} == {"quality", "correctness"}
    for row in rows:
        assert all(set(turn) == {"role", "content"} for side in ("prompt", "chosen", "rejected") for turn in row[side])
        assert "Add x up, plus one." in row["prompt"][-1]["content"]
        assert metrics.get(row["metric"]).score(extract_code(row["chosen"][0]["content"])).value == row["chosen_score"]
        assert "assert f([1]) == 2" not in json.dumps(row["prompt"])
