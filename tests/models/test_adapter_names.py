import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from codekiln import models
from codekiln.errors import InputError
from codekiln.models.adapter_names import renamed, require_text_names

WHOLE = "base_model.model.model.language_model.layers."
OLD = "base_model.model.language_model.model.layers."
TEXT = "base_model.model.model.layers."
# Unsloth's FastModel writes this, and lists of names, for a model that also sees images.
UNSLOTH = r"(?:.*?(?:language|text).*?(?:self_attn|mlp).*?(?:q_proj|down_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|mlp)\.(?:q_proj|down_proj))"  # noqa: E501  # as it is written


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Gemma 3 in miniature, with its vision tower, and an adapter of the whole of it that changes what it says."""
    from peft import LoraConfig, get_peft_model
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    folder = tmp_path_factory.mktemp("gemma3")
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    text = {**sizes, "vocab_size": 300, "head_dim": 8, "num_key_value_heads": 2, "sliding_window": 16}
    vision = {**sizes, "num_hidden_layers": 1, "image_size": 28, "patch_size": 14}
    config = Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=299)
    whole = Gemma3ForConditionalGeneration(config).eval()
    whole.save_pretrained(folder / "base")
    torch.manual_seed(1)
    wrapped = get_peft_model(whole, LoraConfig(r=4, target_modules=UNSLOTH, task_type="CAUSAL_LM")).eval()
    with torch.no_grad():
        for name, weight in wrapped.named_parameters():
            if "lora_B" in name:
                weight.normal_()
    wrapped.save_pretrained(folder / "adapter")
    with torch.inference_mode():
        torch.save(wrapped(torch.arange(5, 25)[None]).logits, folder / "logits.pt")
    return folder


def adapter_called(place, folder, prefix):
    """Return the adapter with its weights under the names of another transformers, or of the text model."""
    folder.mkdir()
    held = load_file(place / "adapter" / "adapter_model.safetensors")
    assert all(name.startswith(WHOLE) for name in held)
    save_file({name.replace(WHOLE, prefix): each for name, each in held.items()}, folder / "adapter_model.safetensors")
    config = json.loads((place / "adapter" / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "/content/gemma"}))
    return folder


@pytest.mark.parametrize("prefix", [WHOLE, OLD, TEXT])
@pytest.mark.parametrize("architecture", [None, "Gemma3ForCausalLM"])
def test_an_adapter_of_the_whole_model_changes_the_language_model_alone(place, tmp_path, prefix, architecture):
    from codekiln.models.loading import attach_adapter, load_model

    spec = models.get("gemma3-4b").model_copy(update={"id": str(place / "base")})
    spec = spec if architecture else models.get(str(place / "base"))
    model = attach_adapter(load_model(spec, "float32"), spec, adapter_called(place, tmp_path / "adapter", prefix))
    with torch.inference_mode():
        found = model(torch.arange(5, 25)[None]).logits
    torch.testing.assert_close(found, torch.load(place / "logits.pt"))


def test_names_are_matched_all_or_none():
    wanted = {f"{TEXT}0.q_proj.lora_A.weight", f"{TEXT}0.q_proj.lora_B.weight"}
    held = {name.replace(TEXT, OLD) for name in wanted}
    assert renamed(held, wanted) == {name: name.replace(TEXT, OLD) for name in wanted}
    assert renamed({*held, "base_model.model.vision_tower.q_proj.lora_A.weight"}, wanted)
    assert renamed(sorted(held)[:1], wanted) == {}
    assert renamed({*held, *wanted}, wanted) == {}


def test_vllm_is_not_given_weights_that_it_would_leave_out(place, tmp_path):
    text, whole = models.get("gemma3-4b"), models.get(str(place / "base"))
    adapter = adapter_called(place, tmp_path / "whole", WHOLE)
    require_text_names(whole, adapter)
    require_text_names(text, adapter_called(place, tmp_path / "text", TEXT))
    with pytest.raises(InputError, match="which vLLM would leave out"):
        require_text_names(text, adapter)
