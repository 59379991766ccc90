import json

import pytest

from codekiln import models
from codekiln.errors import InputError
from codekiln.stages import fetch
from tests.adapters import random_adapter


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    folder = random_adapter(tmp_path_factory.mktemp("own") / "adapter")
    (folder / "codekiln.json").unlink()
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "/old/place"}))
    return folder


def test_an_adapter_that_fits_is_taken(adapter):
    fetch._require_fit(models.get("tiny"), adapter)


def test_a_base_that_cannot_be_read_from_here_is_left_to_the_evaluation(adapter, monkeypatch):
    monkeypatch.setattr(fetch, "is_cached", lambda spec: False)
    fetch._require_fit(models.get("owner/model"), adapter)


def test_added_tokens_are_found_before_anything_is_sampled(adapter, tmp_path):
    import torch
    from safetensors.torch import load_file, save_file

    copy = tmp_path / "adapter"
    copy.mkdir()
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["modules_to_save"] = ["embed_tokens"]
    (copy / "adapter_config.json").write_text(json.dumps(config))
    spec = models.get("tiny")
    rows, width = load_file(f"{spec.source}/model.safetensors")["model.embed_tokens.weight"].shape
    held = load_file(adapter / "adapter_model.safetensors")
    held["base_model.model.model.embed_tokens.weight"] = torch.zeros(rows + 2, width)
    save_file(held, copy / "adapter_model.safetensors")
    with pytest.raises(InputError, match=f"has {rows + 2} tokens .*, and tiny {rows}: tokens were added first"):
        fetch._require_fit(spec, copy)
