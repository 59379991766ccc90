"""What is wrong with the files of a published data set is found."""

import json

import pytest

from codekiln.recipes.corpus_tasks.export import ALL, TEST, TRAIN
from codekiln.recipes.corpus_tasks.reply_parser import ParsedReply, fenced
from tests.recipes.corpus_tasks.helpers import recipe


def complaints(folder, **own):
    return [str(error) for error in recipe(**own).validate(folder)]


def change(folder, name, edit):
    rows = json.loads((folder / name).read_text())
    edit(rows)
    (folder / name).write_text(json.dumps(rows))
    both = [row for part in (TRAIN, TEST) for row in json.loads((folder / part).read_text())]
    (folder / ALL).write_text(json.dumps(both))


def test_a_sound_folder_is_sound(folder):
    assert complaints(folder) == []


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda rows: rows[0].update(category="poem"), "no category 'poem'"),
        (lambda rows: rows[0].pop("source_file"), "does not have exactly the text fields"),
        (lambda rows: rows[0].update(response="```python\ndef f(:\n```"), "a code block does not parse"),
        (lambda rows: rows.sort(key=lambda row: row["category"]) or rows.__delitem__(slice(3)), "the proportions are"),
    ],
)
def test_what_is_wrong_with_a_row_is_found(folder, edit, message):
    change(folder, TRAIN, edit)
    assert any(message in text for text in complaints(folder))


def test_a_fix_that_is_the_bug_is_found(folder):
    def edit(rows):
        row = next(row for row in rows if row["category"] == "bugfix")
        row["response"] = f"Fixed the bug.\n{fenced('# no bug' + chr(10) + ParsedReply(row['instruction']).code)}"

    change(folder, TEST, edit)
    assert any("the fix is the program with the bug" in text for text in complaints(folder))


def test_a_file_and_a_function_on_both_sides_are_found(folder):
    moved = json.loads((folder / TRAIN).read_text())[0]
    change(folder, TEST, lambda rows: rows.append(moved))
    found = complaints(folder)
    assert any("are in both splits" in text for text in found)
    assert any("nearly the same function" in text for text in found)


def test_functions_that_share_a_signature_alone_may_be_on_both_sides(folder):
    def same_signature(rows):
        row = next(row for row in rows if row["category"] == "complete")
        row["instruction"] = fenced('def merge(left, right):\n    """Return something."""')

    for name in (TRAIN, TEST):
        change(folder, name, same_signature)
    assert complaints(folder) == []


def test_missing_and_broken_files_are_found(folder):
    (folder / TRAIN).unlink()
    (folder / TEST).write_text("no JSON")
    found = complaints(folder)
    assert ["is missing" in found[0], "is not JSON" in found[1], len(found)] == [True, True, 2]
