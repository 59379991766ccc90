"""A data set folder is proven again: whatever was changed in it is found, with its line."""

import json
from dataclasses import replace

import pytest

from codekiln.recipes.debugging.export import EXERCISES, TESTING, TRAINING
from codekiln.recipes.debugging.material import ErrorCounts
from codekiln.recipes.debugging.validate import validate
from tests.recipes.debugging.making import LIMITS, MATERIAL, PROGRAM, edited, material, reply, request

OTHER = material("temperature-table")
GOOD = reply(edited(("range(count):", "range(count)")), (5, "The colon is missing."))
TEST = reply(edited(("celsius <= 0", "celsius <= 1"), program=OTHER.program), (6, "The limit is 1 instead of 0."))


def row(user, assistant, system="Write an exercise."):
    turns = zip(("system", "user", "assistant"), (system, user, assistant), strict=True)
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def exercise(item, side):
    known = {"name": item.name, "side": side, "description": item.description, "program": item.program}
    return known | {"stdin": list(item.stdins), "calls": list(item.calls)}


def write(folder, training=None, testing=None, exercises=None):
    content = {
        TRAINING: training or [row(request(ErrorCounts(syntax=1)), GOOD)],
        TESTING: testing or [row(request(ErrorCounts(logical=1), OTHER), TEST)],
        EXERCISES: exercises or [exercise(MATERIAL, "training"), exercise(OTHER, "test")],
    }
    for name, rows in content.items():
        (folder / name).write_text("".join(json.dumps(item) + "\n" for item in rows))
    return folder


def faults(folder):
    return [str(error) for error in validate(folder, LIMITS, workers=1)]


def test_a_good_folder_has_no_faults(tmp_path):
    inputs = [*OTHER.stdins, "1\n", "0.5\n"]
    known = [exercise(MATERIAL, "training"), exercise(OTHER, "test") | {"stdin": inputs}]
    assert faults(write(tmp_path, exercises=known)) == []


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x1c"])
def test_rows_with_line_ends_of_other_kinds_have_no_faults(tmp_path, mark):
    odd = replace(OTHER, description=f"Read a temperature.{mark}Print its state.")
    files = {
        TRAINING: [row(request(ErrorCounts(syntax=1)), GOOD)],
        TESTING: [row(request(ErrorCounts(logical=1), odd), TEST)],
        EXERCISES: [exercise(MATERIAL, "training"), exercise(odd, "test") | {"stdin": ["1\n", "0.5\n", "-1\n"]}],
    }
    for name, rows in files.items():
        (tmp_path / name).write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in rows))
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "change", "where", "what"),
    [
        (TRAINING, lambda text: text + text, f"{TRAINING}:2", "is row 1 again"),
        (TRAINING, lambda text: text.replace('"Write an exercise."', "null"), f"{TRAINING}:1", "is not {'messages'"),
        (TRAINING, lambda text: text.replace('"Write an exercise."', "3"), f"{TRAINING}:1", "is not {'messages'"),
        (TRAINING, lambda text: text + "\udcff", "", "is not UTF-8"),
        (EXERCISES, lambda text: text + text.split("\n")[0], f"{EXERCISES}:3", "another exercise of the name 'bill'"),
        (EXERCISES, lambda text: text.replace('"test"', '"both"'), f"{EXERCISES}:2", "is not an exercise"),
        (EXERCISES, lambda text: text.replace('"calls": []', '"calls": [3]'), f"{EXERCISES}:1", "is not an exercise"),
        (EXERCISES, lambda text: text.replace('"calls": []', '"calls": null'), f"{EXERCISES}:1", "is not an exercise"),
    ],
)
def test_whatever_is_in_the_files_is_told_with_its_line(tmp_path, name, change, where, what):
    path = write(tmp_path) / name
    path.write_text(change(path.read_text()), errors="surrogateescape")
    assert any(text.startswith(f"{tmp_path / where}: ") and what in text for text in faults(tmp_path))


def test_an_error_that_the_trials_do_not_show_is_found(tmp_path):
    """The changed limit matters between 0 and 1 alone, and no input is there."""
    known = [exercise(MATERIAL, "training"), exercise(OTHER, "test") | {"stdin": ["25\n", "100\n"]}]
    found = faults(write(tmp_path, exercises=known))
    assert {text.partition(": ")[0] for text in found} == {f"{tmp_path / TESTING}:1.assistant"}
    assert any("logical-count" in text for text in found)


@pytest.mark.parametrize(
    ("wrong", "where", "what"),
    [
        (row(request(ErrorCounts(syntax=1)), GOOD, system=" "), ":2", "the system turn is empty"),
        (row(request(ErrorCounts(syntax=2)), GOOD), ":2.assistant", "syntax-count"),
        (row(request(ErrorCounts(syntax=1)), GOOD.replace("Line 5", "Line 4")), ":2.assistant", "malformed"),
        (row(request(ErrorCounts(syntax=1)), GOOD.replace("5", "4")), ":2.assistant", "wrong-line"),
        (
            row(request(ErrorCounts(syntax=1)), reply(PROGRAM, (5, "The colon is missing."))),
            ":2.assistant",
            "nothing-changed",
        ),
        (row("Please.", GOOD), ":2.user", "<correct-program> comes 0 times"),
        (row(request(ErrorCounts(syntax=1), OTHER), GOOD), ":2.user", "is not among the training exercises"),
        ({"messages": row("a", "b")["messages"][1:]}, ":2", "is not {'messages'"),
        ({"text": "no"}, ":2", "is not {'messages'"),
        ({"messages": row("a", "b")["messages"][::-1]}, ":2", "has the turns assistant, user, system"),
    ],
)
def test_a_row_that_is_not_what_it_says_is_found(tmp_path, wrong, where, what):
    found = faults(write(tmp_path, training=[row(request(ErrorCounts(syntax=1)), GOOD), wrong]))
    assert any(text.startswith(f"{tmp_path / TRAINING}{where}: ") and what in text for text in found), found


def test_an_exercise_on_both_sides_is_found(tmp_path):
    twin = exercise(MATERIAL, "test") | {"name": "twin", "program": PROGRAM + "\n\n# the end"}
    found = faults(write(tmp_path, exercises=[exercise(MATERIAL, "training"), exercise(OTHER, "test"), twin]))
    assert any("the training exercise 'bill' nearly repeats the test exercise 'twin'" in text for text in found)


def test_missing_files_and_broken_lines_are_found(tmp_path):
    assert len(faults(tmp_path)) == 3
    write(tmp_path)
    with (tmp_path / EXERCISES).open("a") as file:
        file.write("{}\n")
    assert any("is not an exercise with name" in text for text in faults(tmp_path))
