"""Leaks and wrong rows in the files of a data set are found."""

import json

import pytest

from codekiln.recipes.student import export
from codekiln.recipes.student.validate import validate
from tests.recipes.student.helpers import built_dataset

STAGES = ("submission_first", "submission_mid", "submission_last")


def test_leaks_and_wrong_rows_in_the_files_are_found(plain, tmp_path):
    recipe, sets = plain
    files = recipe.files(built_dataset(recipe, sets))
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    held = tmp_path / "test_exp2_with_context_k1_old-student-old-problem.json"
    train = tmp_path / "train_exp2_with_context_k1.json"
    stolen, rows = json.loads(held.read_text())[0], json.loads(train.read_text())
    rows[0]["INPUT"]["past_problem_submissions"] = [
        {"question_name": stolen["INPUT"]["question_name"], "submissions": ["x"]}
    ]
    rows[0]["INPUT"]["student_id"] = stolen["INPUT"]["student_id"]
    train.write_text(json.dumps([*rows, stolen]))
    broken = tmp_path / "train_exp1_with_context.json"
    broken.write_text(json.dumps([{"INPUT": {}, "OUTPUT": "x"}]))
    (tmp_path / "train_exp9_odd.json").write_text("[]")
    found = [str(error) for error in recipe.validate(tmp_path)]
    for text in (
        "is also evaluated on",
        "which is evaluated on",
        "nearly repeats",
        f"{broken}: row 1.INPUT",
        "no file of this recipe",
    ):
        assert any(text in error for error in found), text


@pytest.mark.parametrize("name", ["train_exp1_with_context", "test_exp1_without_context_new-student-old-problem"])
def test_every_stage_that_was_changed_is_found(plain, tmp_path, name):
    recipe, _ = plain
    for file, content in export.files(recipe.data, recipe.split_rows, recipe.settings.variant).items():
        (tmp_path / file).write_text(content)
    path = tmp_path / f"{name}.json"
    text = path.read_text()
    assert list(validate(tmp_path, 0.8)) == []
    for number, row in enumerate(json.loads(text)[:4], start=1):
        for stage in {*STAGES} - {row["INPUT"]["stage"]}:
            changed = json.loads(text)
            changed[number - 1]["INPUT"]["stage"] = stage
            path.write_text(json.dumps(changed))
            found = [str(error) for error in validate(tmp_path, 0.8)]
            assert any(".INPUT.stage" in error and f"is {stage}, but" in error for error in found), (number, stage)
