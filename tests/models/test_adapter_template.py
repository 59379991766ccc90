"""An adapter with a chat template of its own: taken where it asks as the base model does, else refused in one line."""

import json
import shutil
from pathlib import Path

import pytest

from codekiln import models
from codekiln.errors import InputError
from codekiln.models.adapter_files import check_adapter

BASE = Path(models.get("tiny").source)
ALPACA = (
    "{% for m in messages %}{% if m.role == 'assistant' %}### Response:\n{{ m.content }}{{ eos_token }}"
    "{% else %}### Instruction:\n{{ m.content }}\n\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}### Response:\n{% endif %}"
)


@pytest.fixture
def base(tmp_path):
    shutil.copytree(BASE, tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def adapter(tmp_path):
    """Have an adapter with its tokenizer beside it, as trainers save it."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy2(BASE / name, folder / name)
    config = {"peft_type": "LORA", "r": 2, "base_model_name_or_path": "base"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    shutil.copy2(BASE / "model.safetensors", folder / "adapter_model.safetensors")
    return folder


def test_a_template_that_asks_as_the_base_model_is_asked_is_taken(base, adapter):
    template = adapter / "chat_template.jinja"
    template.write_text("{# as a trainer marks it #}" + template.read_text())
    check_adapter(models.get(str(base)), adapter)


def test_a_template_that_asks_otherwise_is_refused_with_what_to_do(base, adapter):
    """It was left out before, and the adapter asked in a form that it had never seen."""
    (adapter / "chat_template.jinja").write_text(ALPACA)
    with pytest.raises(InputError, match=r"has a chat template of its own, and \S+ has another\n") as caught:
        check_adapter(models.get(str(base)), adapter)
    assert "with the adapter's tokenizer" in caught.value.fix
    assert "remove its own from the adapter's folder" in caught.value.fix


def test_what_codekiln_trained_is_not_compared(base, adapter):
    (adapter / "chat_template.jinja").write_text(ALPACA)
    (adapter / "codekiln.json").write_text(json.dumps({"base": str(base), "revision": None}))
    check_adapter(models.get(str(base)), adapter)


def test_tokens_that_were_added_for_a_base_model_without_a_template_are_named(base, adapter):
    (base / "chat_template.jinja").unlink()
    (adapter / "chat_template.jinja").write_text(ALPACA.replace("### Response:", "<|reply|>"))
    tokenizer = json.loads((adapter / "tokenizer.json").read_text())
    added = {**tokenizer["added_tokens"][-1], "id": 100_000, "content": "<|reply|>"}
    tokenizer["added_tokens"].append(added)
    (adapter / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match=r"has none; it needs the tokens <\|reply\|>, which were added\n") as caught:
        check_adapter(models.get(str(base)), adapter)
    assert "resize_token_embeddings" in caught.value.fix
