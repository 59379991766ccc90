import json

import pytest
from safetensors.numpy import save_file

from codekiln import models
from codekiln.data.records import Message
from codekiln.errors import InputError
from codekiln.models.chat_files import save_chat_files
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.models.loading import load_model
from codekiln.models.template_edits import Edits
from codekiln.stages.exporting.merging import dtype_of_base
from tests import toy_models

TURNS = (Message(role="user", content="Write add."), Message(role="assistant", content="ok"))


@pytest.mark.parametrize("value", [False, None, 3, "a 'quoted' \"text\"\n", ["x", True], {"k": 1.5}])
@pytest.mark.parametrize("start", ["", "\n"])
def test_a_template_that_stands_alone_renders_as_with_its_arguments(value, start):
    tokens = toy_models.tokenizer()
    tokens.chat_template = start + toy_models.CHATML + "{% if thinking is defined %}{{ thinking }}{% endif %}"
    turns = [turn.model_dump() for turn in TURNS]
    wanted = tokens.apply_chat_template(turns, tokenize=False, thinking=value)
    tokens.chat_template = Edits({"thinking": value}).apply(tokens.chat_template)
    assert tokens.apply_chat_template(turns, tokenize=False) == wanted


def test_chat_files_ask_and_stop_as_codekiln_does(tmp_path):
    from transformers import AutoTokenizer, GenerationConfig

    base = toy_models.make(tmp_path / "base")
    GenerationConfig(eos_token_id=[1, 5], do_sample=True, temperature=0.7, repetition_penalty=1.1).save_pretrained(base)
    spec = models.get(str(base)).model_copy(update={"template_kwargs": {"enable_thinking": False}})
    save_chat_files(spec, tmp_path / "out")
    own, saved = load_chat_tokenizer(spec), AutoTokenizer.from_pretrained(tmp_path / "out")
    turns = [turn.model_dump() for turn in TURNS[:1]]
    assert saved.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) == own.render(TURNS[:1])
    settings = json.loads((tmp_path / "out" / "generation_config.json").read_text())
    assert settings["eos_token_id"] == sorted({1, 5, own.end_of_turn_id})
    assert not {"temperature", "repetition_penalty", "do_sample"} & set(settings)


def test_code_of_a_models_repository_is_neither_run_nor_asked_for(tmp_path, monkeypatch):
    """At a terminal transformers asks whether to run it, and the name may come from a version of anybody."""
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail(question))
    (tmp_path / "evil.py").write_text("raise SystemExit('it ran')")
    auto = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model", "AutoTokenizer": ["evil.Tok", None]}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": auto}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Tok", "auto_map": auto}))
    (tmp_path / "vocab.json").write_text("{}")
    save_file({}, tmp_path / "model.safetensors")
    spec = models.get(str(tmp_path))
    for load in (load_chat_tokenizer, load_model, dtype_of_base):
        with pytest.raises(InputError, match="cannot read base model|needs code of its own repository"):
            load(spec)
