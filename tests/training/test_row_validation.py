import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.prompts import code_turn
from codekiln.data.records import Message
from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.chat_tokenizer import ChatTokenizer
from codekiln.training.row_validation import IGNORED, split_holdout, validate_rows
from tests import toy_models as toy


def chat_of(template="chatml"):
    return ChatTokenizer(BaseModelSpec(name="toy", id="toy"), toy.tokenizer(template))


@pytest.fixture(scope="module")
def chat():
    return chat_of()


def said(text, role="assistant"):
    return (Message(role=role, content=text),)


def reason_of(row, chat, max_length=400):
    """Return why a row is rejected when it comes with twenty good ones."""
    good = toy.examples(20) if hasattr(row, "completion") else toy.pairs(20)
    validated = validate_rows([row, *good], chat, max_length, where="data.jsonl")
    assert len(validated.rows) == 21 - len(validated.rejected)
    return validated.rejected[0].reason if validated.rejected else None


@pytest.mark.parametrize("template", ["chatml", "gemma"])
def test_good_rows_are_kept_and_only_completions_are_learned(template):
    chat = chat_of(template)
    validated = validate_rows(toy.examples(4), chat, 400, where="data.jsonl")
    assert not validated.rejected
    assert validated.groups == ("g0", "g0", "g1", "g1")
    for index, row in enumerate(validated.rows):
        learned = [token for token in row["labels"] if token != IGNORED]
        start = row["labels"].index(learned[0])
        assert row["labels"][start:] == row["input_ids"][start:] == learned
        assert chat.decode(learned) == f"{code_turn(toy.program(index))[0].content}{chat.end_of_turn}\n"
        assert toy.question(index)[0].content in chat.decode(row["input_ids"][:start])


def test_the_tokens_are_those_trl_would_make(chat):
    from trl.data_utils import apply_chat_template

    for example, row in zip(toy.examples(3), validate_rows(toy.examples(3), chat, 400, where="x").rows, strict=True):
        text = apply_chat_template(example.model_dump(include={"prompt", "completion"}), chat.tokenizer)
        assert row["input_ids"] == chat.encode([text["prompt"] + text["completion"]])[0]
        assert row["labels"].count(IGNORED) == len(chat.encode([text["prompt"]])[0])


def test_a_pair_shares_its_prompt(chat):
    [row] = validate_rows(toy.pairs(1), chat, 400, where="x").rows
    assert chat.decode(row["prompt_ids"] + row["chosen_ids"]).endswith(f"return a + 0\n```{chat.end_of_turn}\n")
    assert chat.decode(row["prompt_ids"] + row["rejected_ids"]).endswith(f"return result\n```{chat.end_of_turn}\n")


EXAMPLE, PAIR = toy.examples(1)[0], toy.pairs(1)[0]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (EXAMPLE, None),
        (EXAMPLE.model_copy(update={"prompt": ()}), "wrong-roles"),
        (EXAMPLE.model_copy(update={"prompt": said("hello")}), "wrong-roles"),
        (EXAMPLE.model_copy(update={"completion": said("x", "user")}), "wrong-roles"),
        (EXAMPLE.model_copy(update={"completion": said("x") + said("y")}), "wrong-roles"),
        (EXAMPLE.model_copy(update={"prompt": said("word " * 300, "user")}), "prompt-too-long"),
        (EXAMPLE.model_copy(update={"completion": code_turn("x = 1\n" * 200)}), "too-long"),
        (EXAMPLE.model_copy(update={"completion": said("one<|im_end|>two")}), "end-of-turn-inside"),
        (EXAMPLE.model_copy(update={"completion": said("")}), "completion-changed"),
        (PAIR, None),
        (PAIR.model_copy(update={"rejected": PAIR.chosen}), "chosen-equals-rejected"),
        (PAIR.model_copy(update={"rejected": code_turn("x = 1\n" * 200)}), "too-long"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(chat, row, reason):
    assert reason_of(row, chat) == reason


@pytest.mark.parametrize("text", ["    return a + 1", "x = 1\n", "\n\ndef f():\n\tpass\n\n"])
def test_space_around_a_reply_is_learned_where_the_template_strips_it(text):
    """Gemma's template trims the assistant's text: the body of a completed function would lose its indentation."""
    chat = chat_of("gemma")
    row = EXAMPLE.model_copy(update={"completion": said(text)})
    [tokens] = validate_rows([row], chat, 400, where="x").rows
    assert chat.decode([token for token in tokens["labels"] if token != IGNORED]) == f"{text}<end_of_turn>\n"


def test_a_template_that_drops_the_instruction_is_noticed():
    chat = chat_of()
    chat.tokenizer.chat_template = toy.CHATML.replace("m['content']", "(m['content'] if m['role'] != 'user' else '')")
    with pytest.raises(InputError, match="20 instruction-lost"):
        validate_rows(toy.examples(20), chat, 400, where="data.jsonl")


def test_a_row_that_the_template_refuses_is_rejected():
    words = toy.tokenizer()
    words.chat_template = "{% if 'word' in messages[0]['content'] %}{{ raise_exception('no') }}{% endif %}" + toy.CHATML
    row = EXAMPLE.model_copy(update={"prompt": said("a word", "user")})
    assert reason_of(row, ChatTokenizer(BaseModelSpec(name="toy", id="toy"), words)) == "template-refuses"


def test_too_many_bad_rows_stop_the_run_and_name_the_first(chat):
    bad = EXAMPLE.model_copy(update={"completion": said("")})
    with pytest.raises(InputError) as caught:
        validate_rows([*toy.examples(8), bad, bad], chat, 400, where="pairs/data.jsonl")
    assert caught.value.where == "pairs/data.jsonl:9"
    assert "2 of 10 rows" in caught.value.what
    assert "2 completion-changed" in caught.value.what


def test_no_rows_at_all_are_an_error(chat):
    with pytest.raises(InputError, match="no rows"):
        validate_rows([], chat, 400, where="data.jsonl")


@given(
    groups=st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=40).filter(lambda g: len(set(g)) > 1),
    holdout=st.floats(0, 0.5),
    seed=st.integers(0, 5),
)
def test_a_split_is_by_group_complete_and_repeatable(groups, holdout, seed):
    train, held = split_holdout(groups, holdout, seed)
    assert sorted(train + held) == list(range(len(groups)))
    assert not {groups[i] for i in train} & {groups[i] for i in held}
    assert bool(held) == (holdout > 0)
    assert train
    assert split_holdout(groups, holdout, seed) == (train, held)


def test_one_group_cannot_be_split():
    with pytest.raises(InputError, match="one group"):
        split_holdout(["a", "a"], 0.1, 0)
    assert split_holdout(["a", "a"], 0, 0) == ([0, 1], [])
