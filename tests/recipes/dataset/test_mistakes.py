"""All mistakes of training files are said at once; a file of an unknown form is one."""

import json

import pytest

from codekiln.errors import InputErrors
from codekiln.recipes.dataset import source


def write(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


def mistakes(*files):
    with pytest.raises(InputErrors) as raised:
        source.read(list(files))
    return [(error.where, error.what) for error in raised.value.errors]


GOOD = {"prompt": "Add.", "completion": "def f(): ..."}


def test_lines_fields_and_files_come_together_in_their_order(tmp_path):
    one = write(tmp_path / "a.jsonl", GOOD, "{", {"promt": "Add.", "completion": "x"}, {**GOOD, "completion": ""})
    assert mistakes(str(tmp_path / "none.jsonl"), one) == [
        (str(tmp_path / "none.jsonl"), "no such file"),
        (f"{one}:2", "not JSON: Expecting property name enclosed in double quotes at its end"),
        (f"{one}:3", "has the fields completion, promt; did you mean 'prompt' by 'promt'?"),
        (f"{one}:4", "the reply is empty"),
    ]


def test_a_file_of_an_unknown_form_is_one_mistake(tmp_path):
    path = write(tmp_path / "a.jsonl", *[{"q": "Add.", "a": "x"}] * 30_000)
    assert mistakes(path) == [(f"{path}:1", "none of its 30,000 rows has a known form; this one has the fields a, q")]


def test_a_text_alone_is_told_what_is_missing(tmp_path):
    path = write(tmp_path / "a.jsonl", *[{"text": "<|im_start|>user\nAdd.<|im_end|>"}] * 2)
    [(_, what)] = mistakes(path)
    assert "a text alone does not say where the reply begins" in what


def test_a_reply_that_is_not_to_be_learned_is_no_example(tmp_path):
    asked = {"role": "user", "content": "Add."}

    def row(*weights):
        turns = [(asked, {"role": "assistant", "content": "x", "weight": weight}) for weight in weights]
        return {"messages": [message for pair in turns for message in pair]}

    path = write(tmp_path / "a.jsonl", row(0, 1), row(1, 0), row(1))
    assert mistakes(path) == [
        (f"{path}:2", "the last message has weight 0: it is not to be learned, and no other one would be")
    ]
