"""Adapters from before safetensors: read as weights alone."""

import json
import sys

import pytest
import torch
from safetensors.torch import load_file

from codekiln.errors import InputError
from codekiln.models.pickled_adapter import in_safetensors
from codekiln.stages import fetch
from codekiln.stages.named_model import named_model

WEIGHTS, PICKLE, CONFIG = "adapter_model.safetensors", "adapter_model.bin", "adapter_config.json"
HELD = {"a.lora_A.weight": torch.arange(6.0).reshape(2, 3), "a.lora_B.weight": torch.ones(3, 2).T}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "old").mkdir()
    torch.save(HELD, tmp_path / "old" / PICKLE)
    config = {"peft_type": "LORA", "r": 2, "base_model_name_or_path": "owner/model"}
    (tmp_path / "old" / CONFIG).write_text(json.dumps(config))
    return tmp_path / "old"


def assert_converted(adapter):
    found = load_file(adapter / WEIGHTS)
    assert found.keys() == HELD.keys()
    assert all(torch.equal(found[name], weight) for name, weight in HELD.items())


def test_a_pickle_is_given_as_safetensors_and_stays_as_it_is(folder):
    with in_safetensors(folder) as adapter:
        assert_converted(adapter)
        assert (adapter / CONFIG).read_bytes() == (folder / CONFIG).read_bytes()
    assert not adapter.exists()
    assert {path.name for path in folder.iterdir()} == {PICKLE, CONFIG}


def test_safetensors_beside_a_pickle_are_taken_as_they_are(folder):
    (folder / WEIGHTS).write_bytes(b"weights")
    with in_safetensors(folder) as adapter:
        assert adapter == folder


def test_judge_export_and_generate_take_a_pickle(folder, tmp_path):
    with named_model(str(folder)) as model:
        assert (model.name, model.base) == (str(folder), "owner/model")
        assert_converted(model.adapter)
    (tmp_path / "fetched").mkdir()
    with in_safetensors(folder) as adapter:
        fetch._copy(adapter, tmp_path / "fetched")
    assert_converted(tmp_path / "fetched")


def test_a_pickle_that_is_cut_short_is_named(folder):
    (folder / PICKLE).write_bytes((folder / PICKLE).read_bytes()[:-200])
    with pytest.raises(InputError, match=f"{PICKLE}: is cut short"), in_safetensors(folder):
        pass


@pytest.mark.parametrize(
    "held",
    [sys.exit, [1, 2], {"step": 3}, {7: torch.ones(2)}, {"a.weight": torch.ones(2, 2).to_sparse()}],
    ids=["code", "list", "number", "no name", "sparse"],
)
def test_what_holds_more_than_weights_is_refused_and_not_run(folder, held):
    torch.save(held, folder / PICKLE)
    with pytest.raises(InputError, match="holds something else than an adapter's weights"), in_safetensors(folder):
        pass
