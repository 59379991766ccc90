"""The profile of the published study."""

import tomllib
from pathlib import Path

import pytest

from codekiln.settings import profiles
from codekiln.settings.resolve import resolve


def test_the_studys_profile_has_its_hyper_parameters():
    path = Path(str(profiles.__file__)).parent / "seed-two-stage-dpo.toml"
    values = tomllib.loads(path.read_text())
    assert values["lora"] == {"r": 16, "alpha": 32, "dropout": 0.1}
    for stage in ("dpo", "dpo_further"):
        wanted = {"epochs": 250, "learning_rate": 5e-7, "batch_size": 16, "micro_batch": 1, "beta": 0.1}
        wanted |= {"loss": ["sigmoid"]}
        wanted |= {"max_length": 1024, "holdout": 0.0, "patience": 0, "reference": "base", "eval_every": 50}
        assert {key: values[stage][key] for key in wanted} == wanted
    for stage in ("self_generate", "evaluate"):
        assert values[stage] == {"n": 10, "temperature": 0.6, "top_p": 0.9, "max_new_tokens": 1024}
    settings = resolve("seed-two-stage-dpo")
    assert (settings.metric, settings.base_model) == ("maintainability_index", "gemma3-4b")
    assert settings.teachers["endpoint"]["structured"] is True
    assert settings.teachers["endpoint"]["sampling"]["n"] == 2


@pytest.mark.parametrize("base", ["gemma3-1b", "gemma3-4b", "gemma3-12b", "qwen3-4b", "qwen2.5-coder-1.5b"])
def test_every_base_model_of_the_text_is_known(base):
    assert resolve("seed-two-stage-dpo", {"base_model": base}).base_model == base
