import json

import pytest

from codekiln.data.training_files import FileReport, check_file
from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.chat_tokenizer import ChatTokenizer
from codekiln.models.token_lengths import TokenLengths, chat_tokenizer
from tests import toy_models as toy

QUESTION = {"role": "user", "content": "Write f."}


def checked(path, rows, max_length, template="chatml"):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = FileReport()
    chat = ChatTokenizer(BaseModelSpec(name="toy", id="toy"), toy.tokenizer(template))
    lengths = TokenLengths(chat, max_length, report.findings)
    check_file(path, report, [lengths])
    found = {finding.kind: finding for finding in report.findings}
    return lengths, found


def row(reply, question="Write f."):
    return {"prompt": question, "completion": reply}


def test_rows_that_a_training_would_cut_are_counted_and_the_longest_is_named(tmp_path):
    rows = [row("y" * 10), row("z1 " * 300), row("x2 " * 200), row("short")]
    lengths, found = checked(tmp_path / "rows.jsonl", rows, 150)
    assert lengths.beyond == 2
    assert lengths.longest[1].endswith("rows.jsonl:2")
    assert [where.rpartition(":")[2] for where, _ in found["too-long"].places] == ["2", "3"]
    assert found["too-long"].level == "warning"
    tokens = int(found["too-long"].places[0][1].split()[0].replace(",", ""))
    assert tokens == lengths.longest[0]


def test_the_length_is_that_of_the_training_to_the_token(tmp_path):
    chat = ChatTokenizer(BaseModelSpec(name="toy", id="toy"), toy.tokenizer())
    turns = (*toy.question(1), *toy.code_turn(toy.program(1, "short")))
    rows = [{"messages": [turn.model_dump() for turn in turns]}]
    (ids,) = chat.conversations([turns])
    assert checked(tmp_path / "a.jsonl", rows, len(ids))[0].beyond == 0
    lengths, _ = checked(tmp_path / "a.jsonl", rows, len(ids) - 1)
    assert (lengths.beyond, lengths.longest[0]) == (1, len(ids))


def test_of_a_pair_the_longer_reply_counts(tmp_path):
    pair = {"prompt": "Write f.", "chosen": "a", "rejected": "z1 " * 300}
    assert checked(tmp_path / "a.jsonl", [pair], 150)[0].beyond == 1


def test_a_prompt_that_leaves_nothing_of_the_reply_is_an_error(tmp_path):
    _, found = checked(tmp_path / "a.jsonl", [row("yes", "z1 " * 300)], 150)
    assert found["prompt-too-long"].level == "error"
    assert "of them the prompt" in found["prompt-too-long"].places[0][1]
    assert "too-long" not in found


def test_more_rows_than_are_measured_at_once_are_all_measured(tmp_path):
    rows = [row(f"reply {number} " + "z1 " * 300 * (number % 2)) for number in range(600)]
    assert checked(tmp_path / "a.jsonl", rows, 150)[0].beyond == 300


def test_turns_of_tools_are_measured_too(tmp_path):
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]}
    told = [QUESTION, call, {"role": "tool", "content": "z1 " * 300}, {"role": "assistant", "content": "Done."}]
    lengths, found = checked(tmp_path / "a.jsonl", [{"messages": told}], 150)
    assert lengths.beyond == 1
    assert "template" not in found


def test_a_conversation_that_the_template_refuses_is_an_error(tmp_path):
    chat = toy.tokenizer()
    chat.chat_template = (
        "{% for message in messages %}{% if 'brief' in message['content'] %}{{ raise_exception('not that') }}"
        "{% endif %}{{ message['content'] }}<|im_end|>{% endfor %}"
    )
    report = FileReport()
    path = tmp_path / "a.jsonl"
    system = {"role": "system", "content": "Be brief."}
    path.write_text(json.dumps({"messages": [system, QUESTION, {"role": "assistant", "content": "Done."}]}) + "\n")
    check_file(path, report, [TokenLengths(ChatTokenizer(BaseModelSpec(name="t", id="t"), chat), 99, report.findings)])
    (found,) = report.findings
    assert (found.kind, found.level, found.places[0][1]) == (
        "template",
        "error",
        "its chat template refuses a conversation: not that",
    )


def test_a_folder_with_a_tokenizer_alone_is_enough(tmp_path):
    toy.tokenizer().save_pretrained(tmp_path)
    assert chat_tokenizer(str(tmp_path)).end_of_turn == "<|im_end|>"
    words = toy.tokenizer()
    words.chat_template = None
    words.save_pretrained(tmp_path / "plain")
    with pytest.raises(InputError, match="no chat template"):
        chat_tokenizer(str(tmp_path / "plain"))
