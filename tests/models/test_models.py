import json
import logging

import pytest

from codekiln import models
from codekiln.data.prompts import code_turn
from codekiln.errors import InputError, ModelError
from codekiln.models.chat_tokenizer import ChatTokenizer, load_chat_tokenizer
from tests import toy_models as toy


@pytest.mark.parametrize("name", models.names())
def test_every_table_entry_is_complete(name):
    spec = models.get(name)
    assert spec.licence
    assert spec.notes
    assert "lm_head" not in spec.lora_targets
    if name != "tiny":
        assert spec.end_of_turn
        assert spec.params > 20 * spec.layers * spec.hidden
        assert models.get(spec.id) == spec, "the Hub id leads to the same entry"


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(InputError, match="gemma3-1b"):
        models.get("gema3-1b")


def test_a_hub_id_and_a_folder_outside_the_table_are_generic_models(tmp_path):
    assert models.get("someone/some-model").lora_targets == "all-linear"
    with pytest.raises(InputError, match=r"config\.json"):
        models.get(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    spec = models.get(str(tmp_path))
    assert (spec.source, spec.hub_revision) == (str(tmp_path), None)


@pytest.mark.parametrize(("template", "token"), [("chatml", "<|im_end|>"), ("gemma", "<end_of_turn>")])
def test_the_end_of_turn_is_read_off_the_template(template, token):
    spec = models.BaseModelSpec(name="toy", id="toy")
    assert ChatTokenizer(spec, toy.tokenizer(template)).end_of_turn == token


def test_a_wrong_end_of_turn_and_a_missing_template_are_errors():
    words = toy.tokenizer()
    with pytest.raises(InputError, match="not a token"):
        ChatTokenizer(models.BaseModelSpec(name="toy", id="toy", end_of_turn="<nothing>"), words)
    words.chat_template = None
    with pytest.raises(InputError, match="no chat template"):
        ChatTokenizer(models.BaseModelSpec(name="toy", id="toy"), words)


def test_a_template_that_never_ends_the_turn_needs_an_end_of_text():
    words = toy.tokenizer()
    words.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    assert ChatTokenizer(models.BaseModelSpec(name="toy", id="toy"), words).end_of_turn == words.eos_token
    words = toy.tokenizer()
    words.chat_template, words.eos_token = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}", None
    with pytest.raises(InputError, match="not with a token"):
        ChatTokenizer(models.BaseModelSpec(name="toy", id="toy"), words)


def test_a_model_that_cannot_be_read_is_the_users_mistake(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "vocab.json").write_text("{}")
    with pytest.raises(InputError, match="cannot read base model"):
        load_chat_tokenizer(models.get(str(tmp_path)))


def test_prompt_tokens_are_what_the_template_writes():
    chat = ChatTokenizer(models.BaseModelSpec(name="toy", id="toy"), toy.tokenizer())
    prompt = toy.question(3)
    [ids] = chat.prompts([prompt])
    assert chat.decode(ids) == f"<|im_start|>user\n{prompt[0].content}<|im_end|>\n<|im_start|>assistant\n"
    [whole] = chat.conversations([prompt + code_turn("x = 1")])
    assert whole[: len(ids)] == ids


def test_missing_weights_are_an_error_and_not_random(tmp_path):
    from safetensors.torch import load_file, save_file

    from codekiln.models.loading import load_model

    folder = toy.make(tmp_path / "base")
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="up_proj"):
        load_model(models.get(str(folder)))


def test_a_multimodal_gemma3_checkpoint_gives_its_language_model(tmp_path, monkeypatch):
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    from codekiln.models.language_model import language_model_folder
    from codekiln.models.loading import load_model

    monkeypatch.setenv("CODEKILN_CACHE", str(tmp_path / "cache"))
    text = {
        "vocab_size": 300,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "head_dim": 8,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "sliding_window": 16,
        "query_pre_attn_scalar": 8,
    }
    vision = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    whole = Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=299)
    ).eval()
    whole.save_pretrained(tmp_path / "base")
    spec = models.get("gemma3-4b").model_copy(update={"id": str(tmp_path / "base")})
    ids = torch.arange(5, 25)[None]
    with torch.inference_mode():
        assert torch.equal(load_model(spec)(ids).logits, whole(ids).logits)
        # The same as a folder that needs no mapping, for engines that know none.
        folder = language_model_folder(spec)
        assert torch.equal(load_model(models.get(str(folder)))(ids).logits, whole(ids).logits)
    assert json.loads((folder / "config.json").read_text())["architectures"] == ["Gemma3ForCausalLM"]
    before = [(path, path.stat().st_mtime_ns) for path in sorted(folder.iterdir())]
    assert not [path for path, _ in before if "vision" in path.read_bytes().decode(errors="replace")]
    assert [(path, path.stat().st_mtime_ns) for path in sorted(language_model_folder(spec).iterdir())] == before
    wrong = spec.model_copy(update={"key_mapping": {"^language_model": "x"}})
    with pytest.raises(ModelError, match="weights are not in the checkpoint"):
        language_model_folder(wrong)
    assert sorted(path.name for path in folder.parent.iterdir() if path.is_dir()) == [folder.name]


def test_bitsandbytes_does_not_ask_for_a_package_that_nothing_needs(caplog):
    logging.getLogger("bitsandbytes.backends.cpu.ops").warning("Failed to load CPU gemm_4bit_forward")
    assert not caplog.records


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("Qwen2.5-Coder-1.5B-Instruct", "give its name here, 'qwen2.5-coder-1.5b', or its Hub id"),
        ("gemma-3-4b-it", "give its name here, 'gemma3-4b'"),
        ("hf.co/Qwen/Qwen2.5-Coder-1.5B-Instruct", "give its Hub id, 'Qwen/Qwen2.5-Coder-1.5B-Instruct'"),
        ("huggingface.co/unsloth/Qwen3-4B-GGUF:Q4_K_M", "give the model that the GGUF file was made from"),
        ("./models/Qwen3", "check the path: there is no folder /"),
    ],
)
def test_a_model_by_another_sites_name_is_told_its_own(name, fix):
    with pytest.raises(InputError) as caught:
        models.get(name)
    assert caught.value.fix.startswith(fix)
