"""Ollama's template, run by Go's own engine (Helm's), writes what the chat template writes."""

from pathlib import Path

import helm_python
import pytest
import yaml

from codekiln import models
from codekiln.errors import ModelError
from codekiln.models.chat_tokenizer import ChatTokenizer, load_chat_tokenizer
from codekiln.stages.exporting.ollama import Turns, modelfile, turns_of
from tests import toy_models

QWEN = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are Qwen, made by {{ '{{' }}somebody.<|im_end|>\n"
    "{% endif %}" + toy_models.CHATML
)
THINKS = toy_models.CHATML.replace("assistant\n{% endif %}", "assistant\n<think>\n\n</think>\n\n{% endif %}")
# Gemma 3 has no system turn, puts its text before the first user turn, trims, and refuses turns out of order.
GEMMA = (
    "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- set first = messages[0]['content'] + '\n\n' -%}"
    "{%- set said = messages[1:] -%}{%- else -%}{%- set first = '' -%}{%- set said = messages -%}{%- endif -%}"
    "{%- for m in said -%}{%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) -%}"
    "{{ raise_exception('roles must alternate') }}{%- endif -%}"
    "{%- set who = 'model' if m['role'] == 'assistant' else m['role'] -%}"
    "{{ '<start_of_turn>' + who + '\n' + (first if loop.first else '') }}"
    "{{ m['content'] | trim }}{{ '<end_of_turn>\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}"
)
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    + toy_models.GEMMA
)
TALKS = [
    [("user", "Write add(a, b).\n\n  Use {{ braces }}.")],
    [("user", "One."), ("assistant", "```python\nx = 1\n```"), ("user", "Two?")],
    [("user", "One."), ("assistant", "1"), ("user", "Two?"), ("assistant", "2"), ("user", "Three?")],
]
SYSTEM = ("system", "Be brief.")


def tokenizer(name: str):
    if name == "tiny":
        return load_chat_tokenizer(models.get("tiny")).tokenizer
    found = toy_models.tokenizer("gemma" if name in ("gemma", "no system") else "chatml")
    found.chat_template = {
        "qwen": QWEN, "chatml": toy_models.CHATML, "thinks": THINKS, "gemma": GEMMA, "no system": NO_SYSTEM
    }[name]  # fmt: skip
    return found


def by_go(folder: Path, template: str, talk: list[tuple[str, str]]) -> str:
    """Render a template as Ollama does: ``.System`` apart, and all turns, the system's too, in ``.Messages``."""
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: ollama\nversion: 0.1.0\n")
    (folder / "templates" / "_it.tpl").write_text('{{ define "it" }}' + template + "{{ end }}")
    (folder / "templates" / "out.yaml").write_text('out: {{ include "it" .Values | toJson }}\n')
    system = "\n\n".join(text for role, text in talk if role == "system")
    turns = [{"Role": role, "Content": text} for role, text in talk]
    [text] = helm_python.Chart.load(folder).render({"System": system, "Messages": turns}, name="x").values()
    return yaml.safe_load(text)["out"]


@pytest.mark.parametrize("is_trained", [False, True])
@pytest.mark.parametrize("name", ["tiny", "chatml", "qwen", "thinks", "gemma", "no system"])
def test_gos_engine_writes_what_the_chat_template_writes(name, is_trained, tmp_path):
    tokens = tokenizer(name)
    if is_trained:  # its template is the one that codekiln trains with
        assert ChatTokenizer(models.BaseModelSpec(name="toy", id="toy"), tokens).form.template == tokens.chat_template
    found = turns_of(tokens)
    assert (found.system is None) == (name == "no system" and not is_trained)
    talks = TALKS + ([[SYSTEM, *talk] for talk in TALKS] if found.system else [])
    for talk in talks:
        turns = [{"role": role, "content": text} for role, text in talk]
        wanted = tokens.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        assert by_go(tmp_path, found.go_template(), talk) == wanted.removeprefix(tokens.bos_token or "")


def test_braces_at_the_ends_of_texts_are_no_part_of_actions(tmp_path):
    found = Turns(first="{", system=None, reply="}}{", again="{{{", last='{{- "x" }}{')
    for talk in TALKS:
        wanted = found.render([{"role": role, "content": text} for role, text in talk])
        assert by_go(tmp_path, found.go_template(), talk) == wanted


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}<|im_start|>{{ m['content'] | upper }}<|im_end|>{% endfor %}",
        "{% for m in messages[-1:] %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}",
        toy_models.CHATML.replace("{{ m['content'] }}", "{{ m['content'] | replace('a', 'b') }}"),
    ],
)
def test_a_template_that_does_more_is_refused(template):
    tokens = toy_models.tokenizer()
    tokens.chat_template = template
    with pytest.raises(ModelError):
        turns_of(tokens)


def test_a_modelfile_says_where_a_reply_ends(tmp_path):
    from codekiln.models.chat_files import save_chat_files

    save_chat_files(models.get("tiny"), tmp_path)
    lines = modelfile(tmp_path, "./model.gguf", "Apache-2.0").splitlines()
    assert lines[0] == "FROM ./model.gguf"
    assert 'PARAMETER stop "<|end|>"' in lines
    assert lines[1].startswith('TEMPLATE """{{')


def test_a_template_that_changes_texts_is_none_of_ollamas():
    tokens = toy_models.tokenizer()
    tokens.chat_template = toy_models.CHATML.replace(
        "{{ m['content'] }}", "{{ m['content'] | replace('Write', 'Draw') }}"
    )
    with pytest.raises(ModelError) as refused:
        turns_of(tokens)
    assert str(refused.value) == (
        "its chat template is none that a template of Ollama can express\n"
        "  fix: give --format gguf, and write a Modelfile for it"
    )


def test_three_quotes_are_refused_before_a_modelfile_holds_them(tmp_path, monkeypatch):
    from codekiln.models.chat_files import save_chat_files

    save_chat_files(models.get("tiny"), tmp_path)
    quoted = Turns(first='"' * 3, system=None, reply="r", again="a", last="l")
    monkeypatch.setattr("codekiln.stages.exporting.ollama.turns_of", lambda tokenizer: quoted)
    with pytest.raises(ModelError, match="has three quotes in a row, which no Modelfile can hold"):
        modelfile(tmp_path, "./model.gguf", "")
