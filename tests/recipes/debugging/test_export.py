"""The chat files, and the section of the data card about them."""

import json

from codekiln.recipes.debugging.export import EXERCISES, TESTING, TRAINING
from codekiln.recipes.debugging.material import CLASSES
from codekiln.recipes.debugging.prompts import SYSTEM
from tests.recipes.debugging.making import NAMES


def test_the_files_are_chat_rows_and_pass_their_own_check(made, tmp_path):
    made_by, sets, everything = made
    files = made_by.files(everything)
    assert set(files) == {TRAINING, TESTING, EXERCISES}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    rows = [json.loads(line) for line in files[TRAINING].splitlines()]
    assert len(rows) == len(sets.train)
    assert [turn["role"] for turn in rows[0]["messages"]] == ["system", "user", "assistant"]
    assert all(row["messages"][0]["content"] == SYSTEM for row in rows)
    assert len(files[TESTING].splitlines()) == len(sets.evaluation)
    assert sorted(json.loads(line)["name"] for line in files[EXERCISES].splitlines()) == sorted(NAMES)
    assert list(made_by.validate(tmp_path)) == []
    rows[1]["messages"][2]["content"] = rows[0]["messages"][2]["content"]
    (tmp_path / TRAINING).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert {error.where for error in made_by.validate(tmp_path)} == {f"{tmp_path / TRAINING}:2.assistant"}


def test_the_card_counts_what_is_there(made):
    made_by, sets, everything = made
    card = made_by.card(everything)
    counts = [str(sum(row.grading_context["counts"][name] for row in sets.train)) for name in CLASSES]
    assert f"| {len(sets.train)} | {' | '.join(counts)} |" in card
    assert TRAINING in card
    assert SYSTEM in card
