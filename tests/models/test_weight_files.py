"""Weight files that hold no weights, or the same ones twice."""

import json
import shutil

import numpy
import pytest
from safetensors.numpy import save, save_file

from codekiln import demo, models
from codekiln.errors import InputError
from codekiln.models.adapter_files import check_adapter
from codekiln.models.loading import attach_adapter, load_model
from codekiln.models.weight_files import check_files, loaded_files
from codekiln.training.memory import shape_of
from tests import toy_models as toy

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


@pytest.fixture
def base(tmp_path):
    shutil.copytree(demo.base_path(), tmp_path / "base")
    return tmp_path / "base"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (POINTER, "is a pointer of Git LFS"),
        (b"", "is cut short"),
        (b"\x10\x00", "is cut short"),
        (b"<html>not found</html>", "is cut short, or no safetensors file"),
        (None, "is cut short"),
        (
            save({"a.weight": numpy.zeros((0,)), "b": numpy.zeros((2,))}),
            "1 of 2 weights are empty, for example a.weight",
        ),
    ],
)
def test_a_file_without_weights_is_named_before_any_work(base, content, what):
    path = base / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(InputError, match=f"model.safetensors: {what}"):
        load_model(models.get(str(base)))


def test_what_is_whole_is_taken(base, tmp_path):
    check_files(base)
    save_file({}, tmp_path / "empty.safetensors")
    check_files(tmp_path)


def test_weights_that_lie_there_twice_count_once(tmp_path):
    config = {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 100, "dtype": "bfloat16"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    for name in (*SHARDS, "consolidated.safetensors"):
        (tmp_path / name).write_bytes(b"0" * 1_000_000)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": dict(enumerate(SHARDS))}))
    assert [path.name for path in loaded_files(tmp_path)] == list(SHARDS)
    assert shape_of(models.BaseModelSpec(name="x", id=str(tmp_path))).params == 1_000_000
    (tmp_path / "model.safetensors.index.json").unlink()
    assert [path.name for path in loaded_files(tmp_path)] == list(SHARDS)


def adapter_of(folder, **changes):
    """Write an adapter that PEFT trained on another model."""
    import transformers
    from peft import LoraConfig, get_peft_model

    config = transformers.AutoConfig.from_pretrained(models.get("tiny").source)
    for key, value in changes.items():
        setattr(config, key, value)
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.name_or_path = "someone/other-coder"
    lora = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    get_peft_model(model, lora).save_pretrained(folder)
    return folder


def test_an_adapter_of_another_base_is_named(tmp_path):
    adapter = adapter_of(tmp_path / "adapter")
    with pytest.raises(InputError, match="was trained on someone/other-coder, not on tiny"):
        check_adapter(models.get("tiny"), adapter)
    (adapter / "adapter_model.safetensors").write_bytes(POINTER)
    with pytest.raises(InputError, match="adapter_model.safetensors: is a pointer of Git LFS"):
        check_adapter(models.get("tiny"), adapter)


def test_an_adapter_of_another_shape_is_named(base, tmp_path):
    adapter = adapter_of(tmp_path / "adapter", hidden_size=64, head_dim=32)
    spec = models.get(str(base))
    with pytest.raises(InputError, match="its matrices do not fit"):
        attach_adapter(load_model(spec), spec, adapter)


def test_an_adapter_of_a_folder_that_moved_is_taken(tmp_path):
    toy.make(tmp_path / "toy")
    spec = models.get(str(tmp_path / "toy"))
    adapter = tmp_path / "adapter"
    from peft import LoraConfig, get_peft_model

    get_peft_model(load_model(spec), LoraConfig(r=2, target_modules="all-linear")).save_pretrained(adapter)
    (tmp_path / "toy").rename(tmp_path / "moved")
    moved = models.get(str(tmp_path / "moved"))
    assert attach_adapter(load_model(moved), moved, adapter).peft_config


def test_a_folder_without_an_adapter_is_named(tmp_path):
    with pytest.raises(InputError) as refused:
        check_adapter(models.get("tiny"), tmp_path)
    assert str(refused.value) == f"{tmp_path}: holds no adapter (adapter_config.json)\n  fix: give an adapter's folder"
