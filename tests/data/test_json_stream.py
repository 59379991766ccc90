"""Arrays are read element by element, and say the same as when they are read whole."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.readers import json_stream

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=5), st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_an_array_is_read_alike_whatever_the_size_of_a_chunk(values, chunk, indent, is_ascii):
    text = f" {json.dumps(values, indent=indent, ensure_ascii=is_ascii)}\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_CHUNK", chunk)
        file = io.StringIO(text)
        assert json_stream.first_character(file) == "["
        assert list(json_stream.elements(file)) == values


@pytest.mark.parametrize(
    ("text", "read", "message"),
    [
        ('[{"a": 1}, {"a": ', [{"a": 1}], "Expecting value"),
        ('[{"a": 1}, {"a": "x', [{"a": 1}], "Unterminated string"),
        ('[{"a": 1}', [{"a": 1}], "']' is missing"),
        ('[{"a": 1} {"a": 2}]', [{"a": 1}], "expected ']', found '{'"),
        ("[1] [2]", [1], "follows the end"),
        ("[1, nothing, 3]", [1], "Expecting value"),
        ("", [], "'[' is missing"),
    ],
)
def test_what_comes_before_a_fault_is_read(text, read, message):
    found = []
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        found.extend(_collected(json_stream.elements(io.StringIO(text)), found))
    assert found == read


def _collected(values, into):
    for value in values:
        into.append(value)
    return []


def test_a_fault_is_told_without_reading_the_rest():
    file = io.StringIO("[1, oops, " + "2, " * (1 << 20))
    with pytest.raises(ValueError, match="Expecting value"):
        list(json_stream.elements(file))
    assert file.tell() <= 1 << 20
