"""For each form of chat template: one text in training, sampling, judging and exports."""

import json
from functools import cache
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln import models
from codekiln.data.records import Example, Message
from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.chat_form import TemplateSource, read_form
from codekiln.models.chat_tokenizer import ChatTokenizer, load_chat_tokenizer
from codekiln.models.template_files import form_of, source_of
from codekiln.models.template_rendering import render
from codekiln.training.row_validation import IGNORED, validate_rows
from tests import toy_models as toy
from tests.models.template_forms import CHATML, FORMS, REFUSED

TOKENS = {"bos_token": "<bos>", "eos_token": "<eos>"}
KNOWN = frozenset({"<bos>", "<eos>", "<|im_start|>", "<|im_end|>", "<|return|>"})
TEXT = st.text("aé {}<>%'\n\t\\|", max_size=12)
SAID = TEXT.filter(str.strip)


def source(template):
    return TemplateSource("toy", template, TOKENS, KNOWN)


def raw_tokenizer():
    words = toy.tokenizer("gemma")
    words.add_tokens(["<|im_start|>", "<|im_end|>", "<|return|>"], special_tokens=True)
    return words


@cache
def chat_of(name):
    words = raw_tokenizer()
    words.chat_template = FORMS[name].template
    return ChatTokenizer(BaseModelSpec(name="toy", id="toy"), words)


def turns(*texts, system=""):
    said = [Message(role=("user", "assistant")[place % 2], content=text) for place, text in enumerate(texts)]
    return ((Message(role="system", content=system),) if system else ()) + tuple(said)


LEFT_AS_IT_IS = ("twice", "one of its own", "last turn", "no token", "asks for a reply", "alone")
"""Words of what is said and not changed."""


@pytest.mark.parametrize("name", FORMS)
def test_what_is_done_about_a_form_is_said(name):
    form = FORMS[name]
    found = read_form(source(form.template), {})
    assert len(found.notes) == len(form.says), found.notes
    for note, words in zip(found.notes, form.says, strict=True):
        assert words in note
        assert "\n" not in note
    assert found.end_of_turn == form.end
    assert render(found.template, TOKENS, [{"role": "user", "content": "Q"}], True).endswith(form.ends)
    assert found.is_changed or not found.notes or any(words in found.notes[-1] for words in LEFT_AS_IT_IS)


@pytest.mark.parametrize("name", FORMS)
def test_a_template_that_was_changed_needs_no_further_change(name):
    """A merged model is read by its own, changed template."""
    first = read_form(source(FORMS[name].template), {})
    again = read_form(source(first.template), {})
    assert (again.template, again.before, again.end_of_turn) == (first.template, first.before, first.end_of_turn)


@pytest.mark.parametrize("name", REFUSED)
def test_what_nothing_can_be_done_about_is_one_line_with_a_fix(name):
    template, what = REFUSED[name]
    with pytest.raises(InputError) as caught:
        read_form(source(template), {})
    assert what in caught.value.what
    assert "toy" in caught.value.where
    assert caught.value.fix
    assert "\n" not in caught.value.what


@given(data=st.data())
@settings(max_examples=2 * len(FORMS), deadline=None)
def test_the_prompt_of_sampling_is_a_prefix_of_what_is_trained(data):
    name = data.draw(st.sampled_from(sorted(FORMS)))
    chat, form = chat_of(name), FORMS[name]
    earlier = data.draw(st.integers(0, 2)) * 2 if form.turns else 0
    asked = turns(*[data.draw(SAID) for _ in range(earlier + 1)], system=data.draw(TEXT))
    text = data.draw(SAID)
    row = Example(prompt=asked, completion=turns("", text)[1:], task_id="t", group="g")
    [prompt] = chat.prompts([asked])
    [whole] = chat.conversations([(*asked, *row.completion)])
    assert whole[: len(prompt)] == prompt
    learned = chat.decode(whole[len(prompt) :])
    assert learned == chat.reply(text)
    assert learned.startswith(text, len(chat.form.before))
    assert learned.rstrip().endswith(form.end)
    assert not chat.form.before.strip()
    assert chat.decode(prompt) == chat.render(asked)
    if name not in ("trims what the assistant says",):
        assert all(turn.content.strip() in chat.decode(prompt) for turn in asked)
    [end] = chat.encode([form.end])[0]
    assert chat.texts([whole[len(prompt) : whole.index(end, len(prompt))]])[0].startswith(text)
    tokens = validate_rows([row], chat, 4000, where="x").rows[0]
    assert tokens["input_ids"] == whole
    assert tokens["labels"] == [IGNORED] * len(prompt) + whole[len(prompt) :]


@pytest.mark.parametrize("name", FORMS)
def test_others_render_what_was_trained(name, tmp_path):
    """A saved tokenizer needs no codekiln, and the reader without transformers renders as transformers does."""
    from transformers import AutoTokenizer

    chat = chat_of(name)
    chat.tokenizer.save_pretrained(tmp_path)
    saved = AutoTokenizer.from_pretrained(tmp_path)
    talks = [("Q",), ("Q", "A", "Again")] if FORMS[name].turns else [("Q",)]
    for talk in talks:
        for system in ("", "Be brief."):
            asked = turns(*talk, system=system)
            plain = [turn.model_dump() for turn in asked]
            wanted = saved.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
            assert wanted == chat.render(asked) == render(chat.form.template, saved.special_tokens_map, plain, True)
            assert all(text in wanted for text in (*talk, system))


@pytest.mark.parametrize("name", ["chatml", "raises on a system turn", "thinking by argument", "no end of any turn"])
def test_files_are_read_as_a_tokenizer_has_them(name, tmp_path):
    words = raw_tokenizer()
    words.chat_template = FORMS[name].template
    words.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    spec = models.get(str(tmp_path))
    assert form_of(spec) == load_chat_tokenizer(spec).form


def test_a_template_of_its_own_counts_and_not_the_configurations(tmp_path):
    config = {"eos_token": {"content": "<eos>"}, "chat_template": "{{ raise_exception('old') }}"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "chat_template.jinja").write_text(CHATML)
    (tmp_path / "vocab.json").write_text("{}")
    spec = BaseModelSpec(name="toy", id=str(tmp_path))
    assert source_of(spec).template == CHATML
    (tmp_path / "chat_template.jinja").unlink()
    named = [{"name": "default", "template": CHATML}, {"name": "rag", "template": "x"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": named}))
    assert form_of(spec).template == CHATML


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({}, "has no tokenizer"),
        ({"tokenizer_config.json": "{"}, "tokenizer_config.json: is no JSON"),
        ({"tokenizer_config.json": "[]"}, "tokenizer_config.json: is no JSON object"),
        ({"tokenizer_config.json": '{"eos_token": "x"}'}, "has no chat template"),
    ],
)
def test_files_that_hold_no_template_are_named(files, what, tmp_path):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=what):
        form_of(BaseModelSpec(name="toy", id=str(tmp_path)))


def test_a_conversation_that_a_template_refuses_is_one_line():
    chat = chat_of("one question alone")
    with pytest.raises(InputError, match="toy: its chat template refuses a conversation: one question\n  fix: "):
        chat.render(turns("Q", "A", "Again"))


def test_texts_come_in_parts_where_a_server_sends_them_so():
    form = read_form(source(FORMS["raises on a system turn"].template), {})
    parts = [{"role": role, "content": [{"type": "text", "text": role}]} for role in ("system", "user")]
    assert "<|im_start|>user\nsystem\n\nuser<|im_end|>" in render(form.template, TOKENS, parts, True)


def test_user_turns_that_follow_each_other_and_a_system_turn_that_is_last():
    form = read_form(source(FORMS["requires alternation"].template), {})
    talk = [("system", "S"), ("user", "A"), ("user", "B"), ("assistant", "C"), ("user", "D"), ("system", "E")]
    text = render(form.template, TOKENS, [{"role": role, "content": text} for role, text in talk], False)
    said = [part.removesuffix("<|im_end|>\n") for part in text.split("<|im_start|>")[1:]]
    assert said[:2] == ["user\nS\n\nA\n\nB", "assistant\nC"]
    assert "D" in text
    assert "E" in text


@pytest.mark.slow
def test_templates_of_published_models_are_read():
    """Those that TRL brings: nothing is lost, and no thought stays open."""
    folder = resources.files("trl") / "chat_templates"
    turns = [{"role": role, "content": f"the {role}'s"} for role in ("system", "user", "assistant", "user")]
    turns[-1] = {"role": "user", "content": "again"}
    found = [path for path in folder.iterdir() if path.name.endswith(".jinja") and "_training" not in path.name]
    assert len(found) > 20
    for path in found:
        try:
            form = read_form(source(path.read_text(encoding="utf-8")), {})
        except InputError as error:
            assert path.name.startswith(("idefics", "llava", "smolvlm")), error  # noqa: PT017  # some take parts alone
            continue
        text = render(form.template, TOKENS, turns, True)
        assert all(turn["content"] in text for turn in turns), path.name
        last = text.rpartition("again")[2].lower()
        assert last.count("<think>") <= last.count("</think>"), path.name
        assert read_form(source(form.template), {}).template == form.template, path.name
