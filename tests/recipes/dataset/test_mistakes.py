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
