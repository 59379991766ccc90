"""Text as people bring it."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.text import byte_lines, decoded, first_line, lines_of, read_text, unix_lines
from codekiln.errors import InputError

# Everything that some function takes for the end of a line, and what only looks like it.
ENDS = st.text(alphabet="ab \n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", max_size=30)


@given(ENDS)
def test_lines_end_where_pythons_parser_ends_them(text):
    assert "".join(lines_of(text)) == text
    assert len(lines_of(text)) == len(unix_lines(text).removesuffix("\n").split("\n")) or not unix_lines(text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_of_the_parser_is_one_of_the_text(end):
    text = end.join(["x = '\x0c\x85\u2028'", "\x0cy = 1", "z = 2"])
    assert [node.lineno for node in ast.parse(text).body] == [1, 2, 3] == list(range(1, len(lines_of(text)) + 1))


def test_a_row_of_json_lines_may_hold_other_ends():
    assert byte_lines('{"a": "\u2028\x85"}\r\n{}\n'.encode()) == ['{"a": "\u2028\x85"}'.encode(), b"{}"]


def test_a_mark_and_line_ends_of_other_systems_are_gone(tmp_path):
    assert decoded(b"\xef\xbb\xbfa\r\nb\rc") == "a\nb\nc"
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert read_text(tmp_path / "x") == "a\nb"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_mark_says_the_encoding(encoding):
    assert decoded("é\r\nb".encode(encoding)) == "é\nb"


@pytest.mark.parametrize(
    "head", ["# -*- coding: latin-1 -*-\n", "#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\n"]
)
def test_a_program_says_its_encoding(head):
    assert decoded(f"{head}# é\n".encode("latin-1")) == f"{head}# é\n"


def test_the_first_line_is_the_first_that_says_something():
    assert [first_line(text) for text in ("", " \n ", "\n a \n b")] == ["", "", "a"]


@pytest.mark.parametrize(
    ("start", "kind"), [(b"PK\x03\x04\xff", "ZIP"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\x80\x04\x95\xff", "pickle")]
)
def test_what_is_no_text_is_named(tmp_path, start, kind):
    (tmp_path / "x.jsonl").write_bytes(start + bytes(range(128, 256)))
    with pytest.raises(InputError, match=f"is no text, but .*{kind}"):
        read_text(tmp_path / "x.jsonl")


def test_what_cannot_be_read_is_one_message(tmp_path):
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    for name, message in (("latin", "is not UTF-8 text"), ("none", "no such file"), (".", "cannot be read")):
        with pytest.raises(InputError, match=message):
            read_text(tmp_path / name)


def test_a_file_that_is_not_there_is_told_from_one_of_nearly_its_name(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("problems.jsonl", "data/mine[1].jsonl"):
        (tmp_path / name).touch()
    for name, meant in (("problem.jsonl", "problems.jsonl"), ("mine[1].jsonl", "data/mine[1].jsonl")):
        with pytest.raises(InputError, match="no such file") as raised:
            read_text(tmp_path / name)
        assert raised.value.fix == f"did you mean '{tmp_path / meant}'?"
    with pytest.raises(InputError) as raised:
        read_text(tmp_path / "gone" / "other.jsonl")
    assert raised.value.fix == "check the path"
