"""The published files and the card."""

import json

from codekiln.data import prompts
from codekiln.recipes.corpus_tasks.export import ALL, KEYS, TEST, TRAIN
from tests.recipes.corpus_tasks.helpers import recipe


def test_files_have_the_published_form_and_the_instruction_that_was_asked(sets, dataset, folder):
    files = {name: json.loads((folder / name).read_text()) for name in (TRAIN, TEST, ALL)}
    assert set(files) == {"sft_trackb_train.json", "sft_trackb_test.json", "sft_trackb_all.json"}
    assert files[ALL] == files[TRAIN] + files[TEST]
    assert all(tuple(row) == KEYS for row in files[ALL])
    assert [row["instruction"] for row in files[TRAIN]] == [row.prompt[-1].content for row in dataset.rows.examples]
    assert [row["instruction"] for row in files[TEST]] == [prompts.messages(row)[-1].content for row in sets.evaluation]


def test_the_card_says_what_a_stranger_asks(dataset):
    text = recipe().card(dataset)
    for word in (TRAIN, "not stated", "8 | 2", "What is proven", "not proven", "reference"):
        assert word in text
