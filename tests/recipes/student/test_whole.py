"""The recipe through the command line."""

import json

import pytest

from codekiln.recipes.student.recipe import Student
from codekiln.recipes.student.schema import read_rows
from tests.running import codekiln

SHORT = [
    "problems.train=24", "problems.evaluation=30", "evaluate.n=2", "evaluate.max_new_tokens=60", "sft.epochs=1",
    "evaluation.resamples=200", "evaluation.minimum_problems=5", "recipes.student.students=10",
    "recipes.student.max_characters=1200",
]  # fmt: skip


@pytest.mark.slow
def test_the_laptop_profile_trains_and_judges_by_realism(tmp_path):
    done = codekiln("run", "instruct", "--recipe", "student", "--workdir", str(tmp_path / "run"), settings=SHORT)
    assert done.returncode in (0, 4), done.stdout + done.stderr  # the gate may say no
    found = json.loads((tmp_path / "run" / "results.json").read_text())
    assert set(found["contenders"]) == {"real", "base", "sft"}
    measures = {measure.name for measure in Student.measures} | set(Student.distances)
    for name, values in found["contenders"].items():
        assert measures <= set(values)
        assert values["ast_distance"]["low"] <= values["ast_distance"]["mean"] <= values["ast_distance"]["high"], name
    assert found["contenders"]["real"]["error_class_distance"]["mean"] == 0
    checked = codekiln("validate", str(tmp_path / "run" / "filter" / "dataset"), settings=[])
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["experiment=1", "context=true", "feedback=turns reply_form=program"])
def test_data_of_every_kind_is_made_and_valid(tmp_path, variant):
    sets = [*SHORT, *(f"recipes.student.{setting}" for setting in variant.split())]
    done = codekiln("run", "data", "--recipe", "student", "--workdir", str(tmp_path / "run"), settings=sets)
    assert done.returncode == 0, done.stdout + done.stderr
    made = tmp_path / "run" / "filter" / "dataset"
    assert json.loads((made / "manifest.json").read_text())["rows"]["train"] == 24
    assert len(read_rows(made / "train_exp1_with_context.json", 1)) > 24
