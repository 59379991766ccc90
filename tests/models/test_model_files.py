"""Folders of base models in odd forms: named before any work, or loaded."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from codekiln import demo, models
from codekiln.errors import InputError, ModelError
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.models.hub_access import check_access
from codekiln.models.loading import load_model
from codekiln.models.template_files import form_of

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PARTS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")

TOKENS = f"{models.get('tiny').vocab:,}"


@pytest.fixture
def base(tmp_path):
    shutil.copytree(demo.base_path(), tmp_path / "base")
    return tmp_path / "base"


def configure(folder, **values):
    config = json.loads((folder / "config.json").read_text())
    config.update(values)
    (folder / "config.json").write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def in_parts(folder, parts=PARTS):
    """Divide the weights among parts; those that are not named are left out."""
    weights = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    places = {name: PARTS[number % 2] for number, name in enumerate(sorted(weights))}
    for part in parts:
        held = {name: weights[name] for name, place in places.items() if place == part}
        save_file(held, folder / part, metadata={"format": "pt"})
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))


def replaced(folder, name, content=b""):
    (folder / WEIGHTS).unlink()
    (folder / name).write_bytes(content)


def in_training_parts(folder, *names):
    """Leave the weights in files that a training writes for each device."""
    (folder / WEIGHTS).unlink()
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")


def as_link(folder, name):
    """Leave the link of the Hub's cache, without the file that it leads to."""
    (folder / name).unlink()
    (folder / name).symlink_to("../../blobs/abc")


FSDP = ("optimizer_0/__0_0.distcp", "pytorch_model_fsdp_0/__0_0.distcp")


def without(folder, *names):
    for name in names:
        (folder / name).unlink(missing_ok=True)


def as_pickle(folder):
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def add_token(folder):
    """Add the token of the template to the tokenizer alone."""
    held = json.loads((folder / "tokenizer.json").read_text())
    new = {"id": models.get("tiny").vocab, "content": "<|assistant|><|new|>"}
    held["added_tokens"].append({**held["added_tokens"][0], **new})
    (folder / "tokenizer.json").write_text(json.dumps(held))
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").write_text(template.replace("<|assistant|>", "<|assistant|><|new|>"))


@pytest.mark.parametrize("change", [in_parts, as_pickle], ids=["in parts", "a pickle alone"])
def test_weights_in_other_forms_are_loaded(base, change):
    change(base)
    spec = models.get(str(base))
    check_access(spec)
    assert load_model(spec).num_parameters() == models.get("tiny").params


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda at: in_parts(at, PARTS[:1]), f"{INDEX}: names {PARTS[1]}, which is not here"),
        (lambda at: (in_parts(at), (at / INDEX).unlink()), "has weights in parts, but no model.safetensors.index.json"),
        (lambda at: (in_parts(at), (at / INDEX).write_text("{")), f"{INDEX}: is no JSON"),
        (lambda at: (in_parts(at), (at / INDEX).write_text("[]")), f"{INDEX}: is no JSON object"),
        (lambda at: (in_parts(at), (at / INDEX).write_text("{}")), f"{INDEX}: has no weight_map"),
        (lambda at: replaced(at, "pytorch_model.bin", POINTER.encode()), "pytorch_model.bin: is a pointer of Git LFS"),
        (lambda at: replaced(at, "model.Q4_K_M.gguf"), "has weights in GGUF alone"),
        (lambda at: in_training_parts(at, *FSDP), r"parts of a training \(pytorch_model_fsdp_0/__0_0.distcp\), not"),
        (lambda at: in_training_parts(at, "zero_to_fp32.py"), r"parts of a training \(zero_to_fp32.py\), not joined"),
        (lambda at: as_link(at, WEIGHTS), f"{WEIGHTS}: is a link to ../../blobs/abc, which is not here"),
        (lambda at: as_link(at, "tokenizer.json"), "tokenizer.json: is a link to ../../blobs/abc, which is not here"),
        (lambda at: as_link(at, "config.json"), "config.json: is a link to ../../blobs/abc, which is not here"),
        (lambda at: without(at, WEIGHTS), r"has no weights \(model.safetensors\)"),
        (lambda at: (at / "config.json").write_text("{"), "config.json: is no JSON"),
        (lambda at: (at / "config.json").write_text("[]"), "config.json: is no JSON object"),
        (lambda at: (at / "config.json").write_text(POINTER), "config.json: is a pointer of Git LFS"),
        (lambda at: configure(at, model_type=None), "config.json: has no model_type"),
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_loaded_is_named_by_check_and_before_work(base, change, what):
    change(base)
    for ask in (check_access, load_model):
        with pytest.raises(InputError, match=what) as caught:
            ask(models.get(str(base)))
        assert caught.value.fix


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda at: without(at, "tokenizer.json", "tokenizer_config.json"), "has no tokenizer"),
        (lambda at: without(at, "tokenizer.json"), "has no tokenizer"),
        (lambda at: (at / "tokenizer.json").write_text("{"), "tokenizer.json: is no JSON"),
        (lambda at: (at / "tokenizer.json").write_text(POINTER), "tokenizer.json: is a pointer of Git LFS"),
        (lambda at: configure(at, vocab_size=100), f"its tokenizer has {TOKENS} tokens, and the model embeds 100"),
        (add_token, f"its token .* has the number {TOKENS}, and the model embeds {TOKENS}"),
    ],
)
def test_a_tokenizer_that_is_not_the_models_is_named(base, change, what):
    change(base)
    for ask in (form_of, load_chat_tokenizer):
        with pytest.raises(InputError, match=what) as caught:
            ask(models.get(str(base)))
        assert caught.value.fix


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"vocab_size": 2000}, "its weights have other shapes than its config.json says"),
        ({"model_type": "nosuch"}, "does not know its kind, nosuch"),
        ({"model_type": "t5"}, "Unrecognized configuration class"),
        ({"num_hidden_layers": 9}, "cannot read base model"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "requires optimum.*\n.*in full"),
    ],
)
def test_a_configuration_of_another_kind_is_no_traceback(base, values, what):
    configure(base, **values)
    with pytest.raises((InputError, ModelError), match=what):
        load_model(models.get(str(base)))


def test_a_checkpoint_of_parts_alone_is_named(base):
    """Trainer writes no config.json beside the parts of FSDP."""
    in_training_parts(base, *FSDP)
    without(base, "config.json")
    with pytest.raises(InputError, match="not joined\n  fix: run `accelerate merge-weights` on them"):
        models.get(str(base))


AUTO = {"AutoConfig": "configuration.Config", "AutoModelForCausalLM": "modeling.Model"}


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "its weights are quantised (awq)"),
        ({"quantization_config": {"quant_method": "fp8"}}, "its weights are quantised (fp8)"),
        ({"quantization": {"group_size": 64, "bits": 4}}, "its weights are quantised (4 bits)"),
        ({"architectures": ["BertForMaskedLM"]}, "is a BertForMaskedLM, not a causal language model"),
        ({"architectures": ["Qwen3ForSequenceClassification"]}, "is a Qwen3ForSequenceClassification, not a causal"),
        ({"model_type": "t5", "is_encoder_decoder": True}, "is an encoder with a decoder"),
        ({"model_type": "chatglm", "auto_map": AUTO}, "its kind, chatglm, needs code of its own repository"),
        ({"model_type": "qwen99"}, "does not know its kind, qwen99"),
    ],
)
def test_a_model_of_another_kind_is_named_before_any_work(base, values, what):
    configure(base, **values)
    with pytest.raises(InputError, match=re.escape(what)):
        check_access(models.get(str(base)))


@pytest.mark.parametrize(
    "values", [{"auto_map": AUTO}, {"architectures": ["GPT2LMHeadModel"]}, {"architectures": None}]
)
def test_a_model_that_transformers_has_code_for_is_taken(base, values):
    configure(base, **values)
    assert check_access(models.get(str(base))).startswith("folder ")


@pytest.mark.parametrize(
    ("old", "new"),
    [("model.", "_orig_mod.model."), ("model.", "module.model."), ("q_proj.", "q_proj.base_layer.")],
    ids=["torch.compile", "DDP", "an adapter that is not merged"],
)
def test_weights_of_a_model_that_something_wraps_are_named(base, old, new):
    held = {name.replace(old, new): weight for name, weight in load_file(base / WEIGHTS).items()}
    save_file(held, base / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=f"are not in the checkpoint, .*; it has .*{new}.*\n  fix: save the model its"):
        load_model(models.get(str(base)))


def test_an_adapter_is_no_base_model_even_beside_one(base, tmp_path):
    """From a folder with both transformers loads the two, and an adapter would be trained on top of another."""
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    for folder in (base, adapter):
        (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "lab/base"}')
        with pytest.raises(InputError, match=r"holds an adapter \(adapter_config.json\).*\n  fix: give lab/base; or"):
            models.get(str(folder))


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("https://hub.example/lab/m", "give its Hub id, 'lab/m'"),
        ("https://hub.example/lab/m/tree/main", "give its Hub id, 'lab/m'"),
        ("hf://lab/m", "give its Hub id, 'lab/m'"),
        ("lab/m/", "give its Hub id, 'lab/m'"),
        ("lab/m@v1", "give its Hub id, 'lab/m'"),
        ("base/config.json", "give its folder, base"),
        ("cache", "give cache/snapshots/abc"),
        ("./gone/", "check the path: there is no folder /"),
        ("./gone", "check the path: there is no folder /"),
        ("../gone", "check the path: there is no folder /"),
        ("~/gone", f"give {Path.home()}/gone"),
    ],
)
def test_a_name_that_is_almost_right_is_corrected(base, name, fix, monkeypatch):
    monkeypatch.chdir(base.parent)
    shutil.copytree(base, "cache/snapshots/abc")
    with pytest.raises(InputError) as error:
        models.get(name)
    assert str(error.value.fix).startswith(fix)


@pytest.mark.parametrize(
    "change", [{"pad_token": "<|new|>"}, {"pad_token": None}, {"pad_token": None, "eos_token": None}]
)
def test_padding_is_a_token_that_the_model_embeds(base, change):
    """A token for padding that was added to the tokenizer alone has a number outside of the embedding."""
    held = json.loads((base / "tokenizer.json").read_text())
    held["added_tokens"].append({**held["added_tokens"][0], "id": models.get("tiny").vocab, "content": "<|new|>"})
    (base / "tokenizer.json").write_text(json.dumps(held))
    config = json.loads((base / "tokenizer_config.json").read_text()) | change
    kept = {name: value for name, value in config.items() if value is not None}
    (base / "tokenizer_config.json").write_text(json.dumps(kept))
    chat = load_chat_tokenizer(models.get(str(base)))
    assert chat.tokenizer.pad_token == chat.tokenizer.eos_token
    assert chat.tokenizer.pad_token_id < models.get("tiny").vocab


@pytest.mark.parametrize("form", ["utf-8-sig", "utf-16"])
def test_a_configuration_that_transformers_cannot_read_is_named_before_any_work(base, form):
    path = base / "config.json"
    path.write_bytes(path.read_text().encode(form))
    with pytest.raises(
        InputError, match="config.json: is no JSON in UTF-8: .*\n  fix: download it again, or save it as"
    ):
        check_access(models.get(str(base)))
