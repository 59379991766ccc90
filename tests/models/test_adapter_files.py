"""Adapters in odd forms: refused in one line before the base is loaded, or attached whole."""

import json
import re
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from codekiln import models
from codekiln.errors import InputError
from codekiln.models.adapter_files import check_adapter, rank_of, require_vllm
from codekiln.models.loading import attach_adapter, load_model

CONFIG, WEIGHTS, PICKLE = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n"
TINY = models.get("tiny")


def made(folder, **more):
    from peft import LoraConfig, get_peft_model

    model = load_model(TINY)
    model.name_or_path = "tiny"
    lora = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM", **more)
    get_peft_model(model, lora).save_pretrained(folder, save_embedding_layers=False)
    configure(folder, base_model_name_or_path="tiny")
    return folder


def configure(folder, **values):
    config = json.loads((folder / CONFIG).read_text())
    config.update(values)
    (folder / CONFIG).write_text(json.dumps({key: value for key, value in config.items() if value != "absent"}))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return made(tmp_path_factory.mktemp("adapter") / "adapter")


@pytest.fixture
def adapter(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "adapter")
    return tmp_path / "adapter"


def change_weights(folder, change):
    save_file(change(load_file(folder / WEIGHTS)), folder / WEIGHTS)


def as_pickle(folder):
    torch.save(load_file(folder / WEIGHTS), folder / PICKLE)
    (folder / WEIGHTS).unlink()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda at: configure(at, peft_type="IA3"), "is an adapter of the kind IA3, not LoRA"),
        (lambda at: configure(at, peft_type="PROMPT_TUNING"), "is an adapter of the kind PROMPT_TUNING, not LoRA"),
        (lambda at: configure(at, peft_type="NEW"), "is an adapter of the kind NEW, not LoRA"),
        (lambda at: configure(at, peft_type="IA3", r="absent"), "is an adapter of the kind IA3, not LoRA"),
        (lambda at: configure(at, peft_type="absent"), "is no configuration of PEFT"),
        (lambda at: (at / CONFIG).write_text('{"fine_tune_type": "lora"}'), "is no configuration of PEFT"),
        (lambda at: configure(at, r=None), "r and the values of rank_pattern have to be ranks"),
        (lambda at: configure(at, r="eight"), "r and the values of rank_pattern have to be ranks"),
        (lambda at: configure(at, rank_pattern=None), "r and the values of rank_pattern have to be ranks"),
        (lambda at: configure(at, rank_pattern={"q": 0}), "r and the values of rank_pattern have to be ranks"),
        (lambda at: (at / CONFIG).write_text("{"), f"{CONFIG}: is no JSON"),
        (lambda at: (at / CONFIG).write_text("[]"), "is no JSON object"),
        (lambda at: (at / CONFIG).unlink(), f"holds no adapter \\({CONFIG}\\)"),
        (lambda at: (at / WEIGHTS).unlink(), f"has no weights \\({WEIGHTS}\\)"),
        (lambda at: (as_pickle(at), (at / PICKLE).write_bytes(POINTER)), f"{PICKLE}: is a pointer of Git LFS"),
        (lambda at: (at / WEIGHTS).write_bytes((at / WEIGHTS).read_bytes()[:-9]), "is cut short"),
        (lambda at: (at / "codekiln.json").write_text("{"), "codekiln.json: does not say the base model"),
    ],
)  # fmt: skip
def test_a_folder_that_holds_no_adapter_is_named_before_the_base_is_loaded(adapter, change, what):
    change(adapter)
    with pytest.raises(InputError, match=what) as caught:
        check_adapter(TINY, adapter)
    assert caught.value.fix


def test_a_folder_above_adapters_or_of_a_model_says_what_to_give(whole, tmp_path):
    for step in (500, 1000):
        shutil.copytree(whole, tmp_path / f"out/checkpoint-{step}")
    (tmp_path / "config.json").write_text("{}")
    given = f"give {tmp_path}/out/checkpoint-500 or {tmp_path}/out/checkpoint-1000"
    for folder, fix in ((tmp_path / "out", given), (tmp_path, "give it as base_model: it holds a model")):
        with pytest.raises(InputError, match="holds no adapter") as caught:
            check_adapter(TINY, folder)
        assert caught.value.fix == fix


@pytest.mark.parametrize("base", ["./coder", "../models/coder", "/models/coder", "models/lab/coder", "C:\\coder", None])
def test_a_path_is_no_name_of_another_base(adapter, base):
    configure(adapter, base_model_name_or_path=base)
    check_adapter(TINY, adapter)


@pytest.mark.parametrize("base", ["lab/coder", "unsloth/coder-bnb-4bit"])
def test_a_name_of_another_base_is_refused_with_what_works(adapter, base):
    """That of a copy in 4 bits would itself be refused as a base model."""
    configure(adapter, base_model_name_or_path=base)
    with pytest.raises(InputError, match=f"was trained on {base}, not on tiny") as caught:
        check_adapter(TINY, adapter)
    assert caught.value.fix.startswith(
        "if that is the same model, also a copy in 4 bits, say tiny in adapter_config.json"
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda held: {}, "8 of 8 weights are not in it"),
        (lambda held: dict(sorted(held.items())[:3]), "5 of 8 weights are not in it"),
        (
            lambda held: {name.replace("layers", "blocks"): at for name, at in held.items()},
            "8 of 8 weights are not in it, for example .*.layers.0.*; it has .*.blocks.0.",
        ),
        (lambda held: {name: at * float("nan") for name, at in held.items()}, "is not finite"),
    ],
)
def test_an_adapter_that_would_change_nothing_or_spoil_all_is_refused(adapter, change, what):
    """PEFT warns and goes on with the base as it is, which would then be judged as the adapter."""
    change_weights(adapter, change)
    with pytest.raises(InputError, match=what):
        attach_adapter(load_model(TINY), TINY, adapter)


def test_an_adapter_of_modules_that_the_base_has_not_is_refused(adapter):
    configure(adapter, target_modules=["Wqkv"])
    with pytest.raises(InputError, match="its matrices do not fit tiny"):
        attach_adapter(load_model(TINY), TINY, adapter)


@pytest.mark.parametrize("name", ["model.embed_tokens", "lm_head"])
def test_an_adapter_for_more_tokens_than_the_base_has_is_told_so(adapter, name):
    rows = {f"base_model.model.{name}.weight": torch.zeros(TINY.vocab + 4, TINY.hidden)}
    change_weights(adapter, lambda held: held | rows)
    configure(adapter, modules_to_save=[name.split(".")[-1]])
    wanted = f"has {TINY.vocab + 4} tokens .*, and tiny {TINY.vocab}: tokens were added first"
    with pytest.raises(InputError, match=wanted):
        attach_adapter(load_model(TINY), TINY, adapter)


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"rank_pattern": {"layers.0.self_attn.q_proj": 5}}, ""),
        ({"bias": "all"}, "biases"),
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
    ],
)
def test_odd_but_whole_adapters_are_attached_and_vllm_is_asked_what_it_takes(more, refused, tmp_path):
    adapter = made(tmp_path / "adapter", **more)
    attach_adapter(load_model(TINY), TINY, adapter)
    assert rank_of(adapter) == (5 if "rank_pattern" in more else 2)
    if not refused:
        require_vllm(adapter)
        return
    with pytest.raises(InputError, match=f"{refused}.*which vLLM does not take"):
        require_vllm(adapter)


@pytest.mark.parametrize("change", [as_pickle, lambda at: configure(at, base_model_name_or_path=None)])
def test_a_pickle_and_an_adapter_that_names_no_base_are_taken(adapter, change):
    change(adapter)
    attach_adapter(load_model(TINY), TINY, adapter)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (
            {"target_modules": ".*q_proj", "layers_to_transform": [0]},
            "is refused by PEFT: `layers_to_transform`",
        ),
        ({"lora_alpha": "16"}, "is refused by PEFT: unsupported operand"),
        ({"lora_alpha": None}, "is refused by PEFT: unsupported operand"),
        ({"bias": "some"}, "is refused by PEFT: Requested bias: some"),
        ({"task_type": "nonsense"}, "is refused by PEFT: Invalid task type"),
        ({"target_modules": ["c_attn"]}, "was trained on another base model"),
    ],
)
def test_what_peft_refuses_is_said_and_not_put_down_to_another_base(adapter, values, what):
    configure(adapter, **values)
    with pytest.raises(InputError, match=re.escape(what)) as error:
        attach_adapter(load_model(TINY), TINY, adapter)
    assert len(str(error.value).splitlines()) == 2
