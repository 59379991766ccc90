"""Settings explain themselves, and the profiles fit."""

import pytest

from codekiln import recipes
from codekiln.errors import InputError
from codekiln.recipes.student.recipe import Student
from codekiln.recipes.student.settings import StudentSettings
from codekiln.settings.resolve import resolve


def test_the_recipe_is_found_and_its_settings_explain_themselves():
    assert recipes.get("student") is Student
    assert all(field.description for field in StudentSettings.model_fields.values())
    assert {Student.target, Student.guard} <= {measure.name for measure in Student.measures}


def test_feedback_in_experiment_1_is_refused():
    with pytest.raises(InputError, match="experiment 1 shows none"):
        resolve("laptop", {"recipe": "student"}, ["recipes.student.feedback=turns", "recipes.student.experiment=1"])


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (["thinking=true", "experiment=1"], "a student thinks about an earlier submission"),
        (["feedback=turns", "reply_form=edits"], "no numbered lines"),
    ],
)
def test_forms_that_do_not_go_together_are_refused(own, message):
    with pytest.raises(InputError, match=message):
        resolve("laptop", {"recipe": "student"}, [f"recipes.student.{one}" for one in own])


@pytest.mark.parametrize("profile", ["laptop", "cluster", "seed-student"])
def test_profiles_fit_the_recipe(profile):
    settings = resolve(profile, {"recipe": "student"})
    assert settings.metric == "ast_distance"
    assert settings.teacher == "reference"
    if profile == "seed-student":
        assert (settings.lora.r, settings.lora.alpha, settings.lora.dropout) == (16, 32, 0.05)
        assert (settings.sft.learning_rate, settings.sft.epochs, settings.sft.max_length) == (1e-4, 1, 8192)
        assert (settings.sft.batch_size, settings.sft.micro_batch) == (16, 4)
        assert (settings.evaluate.temperature, settings.evaluate.top_p) == (0.7, 0.8)
