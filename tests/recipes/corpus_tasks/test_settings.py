"""Settings that make no sense are refused, and the profiles fit."""

import pytest

from codekiln.errors import InputError
from codekiln.settings import profiles
from codekiln.settings.resolve import resolve, validate


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"shares": {"poem": 1}}, "no category 'poem'"),
        ({"shares": {"docstring": 0}}, "at least one must be positive"),
        ({"shares": {"docstring": -1}}, "must be finite and not negative"),
        ({"families": ["wrong-bondary"]}, "did you mean 'wrong-boundary'"),
        ({"families": ["missing-colon"]}, "no family"),
        ({"shares": {"explain": float("nan")}}, "weights must be finite"),
        ({"shares": {"explain": float("inf")}}, "weights must be finite"),
        ({"min_lines": 61}, "min_lines = 61 is more than max_lines = 60"),
        ({"outcomes": 9}, "outcomes = 9 is more than trials = 8"),
        ({"alike": 0.9}, "less than or equal to 0.8"),
        ({"corpus": ""}, "at least 1 character"),
    ],
)
def test_wrong_settings_are_refused(own, message):
    with pytest.raises(InputError, match=message):
        validate({"recipe": "corpus-tasks", "metric": "behaviour", "recipes": {"corpus-tasks": own}})


def test_the_laptop_profile_fits_the_embedded_model():
    settings = resolve("laptop", {"recipe": "corpus-tasks"})
    assert settings.metric == "behaviour"
    assert settings.evaluation.k == (1, 3)
    assert settings.recipes["corpus-tasks"]["max_characters"] <= 2 * settings.sft.max_length


def test_the_published_hyper_parameters_are_a_profile():
    profile = profiles.read("seed-track-b")
    settings = resolve("seed-track-b", {"recipe": profile["recipe"]})
    sft, lora = settings.sft, settings.lora
    assert settings.base_model == "qwen2.5-coder-1.5b-base"
    assert (lora.r, lora.alpha, lora.dropout) == (16, 32, 0.05)
    assert (sft.epochs, sft.batch_size, sft.micro_batch, sft.learning_rate, sft.scheduler) == (3, 16, 4, 2e-4, "cosine")
    assert (sft.warmup, sft.max_length, sft.max_grad_norm) == (0.03, 1024, 0.3)
    assert (settings.evaluate.n, settings.evaluate.temperature, settings.evaluation.k) == (3, 0.6, (1, 3))
    teacher = settings.teachers["endpoint"]
    assert teacher["model"] == "Qwen/Qwen3-Coder-30B-A3B-Instruct"
    assert (teacher["sampling"]["temperature"], teacher["sampling"]["max_new_tokens"]) == (0.4, 600)
    assert settings.recipes["corpus-tasks"]["shares"] == {
        "docstring": 80, "explain": 80, "bugfix": 76, "complete": 65, "unit_test": 2,
    }  # fmt: skip
