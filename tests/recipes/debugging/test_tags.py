"""Requests and replies as text: whatever is in a program comes back as it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.recipes.debugging.material import ErrorCounts
from codekiln.recipes.debugging.tags import (
    ExerciseRequest,
    Explanation,
    read_reply,
    read_request,
    write_reply,
    write_request,
)

MARKS = ("<", ">", "&", "]]>", "<![CDATA[", "\\", "/", "\n", " ", "&lt;", "'", '"')
TAGS = ("<root>", "</root>", "<incorrect-program>", "</incorrect-program>", "</correct-program>", "<error-location>")
MORE = ("</explanation>", "<\\root>", "<\\\\/root>", "</description>", "<syntax>3</syntax>", "</thinking>", "Line 3: ")
texts = st.lists(
    st.one_of(st.sampled_from((*MARKS, *TAGS, *MORE)), st.text(st.characters(exclude_categories=["Cs"]), max_size=6))
).map("".join)
spoken = texts.map(str.strip).filter(bool)


@settings(max_examples=60, deadline=None)
@given(texts, texts, st.tuples(*[st.integers(0, 9)] * 3).filter(any))
def test_a_request_comes_back_as_it_was(description, program, counts):
    request = ExerciseRequest(description, program, ErrorCounts(*counts))
    assert read_request(write_request(request)) == request


@settings(max_examples=60, deadline=None)
@given(texts, st.lists(st.builds(Explanation, st.integers(1, 999), spoken), min_size=1, max_size=4))
def test_a_reply_comes_back_as_it_was_and_is_valid(program, answers):
    reply = read_reply(write_reply(program, answers))
    assert reply.faults == ()
    assert reply.program == program
    assert reply.explanations == tuple(answers)
    assert reply.lines == tuple(answer.line for answer in answers)


def test_code_without_tags_stands_in_the_text_unescaped():
    program = 'if a < b & c:\n    print("</b> ]]> &amp;")'
    assert program in write_request(ExerciseRequest("", program, ErrorCounts(1)))
    assert program in write_reply(program, [Explanation(1, "x")])


@settings(max_examples=40, deadline=None)
@given(texts)
def test_any_text_can_be_read_as_a_reply(text):
    reply = read_reply(text)
    assert reply.faults or (reply.program is not None and len(reply.lines) == len(reply.explanations) > 0)


GOOD = write_reply("x = 1", [Explanation(1, "The number is wrong."), Explanation(3, "A colon is missing.")])


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<root>", "", "no <root>"),
        ("</root>", "", "no <root>"),
        ("<root>", "Here it is: <root>", "outside <root>"),
        ("<error-location>3</error-location>\n", "", "do not name the same lines"),
        ("<error-location>3<", "<error-location>2<", "do not name the same lines"),
        ("<error-location>3<", "<error-location>three<", "not a line number"),
        ("Line 3: ", "", "do not say 'Line N: ...'"),
        ("<explanation>Line 3: A colon is missing.</explanation>\n", "", "do not name the same lines"),
        ("</incorrect-program>", "", "<incorrect-program> is not closed"),
        ("<incorrect-program>\nx = 1\n</incorrect-program>\n", "", "<incorrect-program> comes 0 times"),
        ("</incorrect-program>", "</incorrect-program>\nso there", "text between the tags"),
        ("</incorrect-program>", "</incorrect-program><syntax>1</syntax>", "does not belong in a reply"),
    ],
)
def test_what_is_wrong_with_the_form_is_said(old, new, fault):
    assert old in GOOD
    assert any(fault in found for found in read_reply(GOOD.replace(old, new)).faults)


def test_thinking_is_allowed():
    text = GOOD.replace("<root>", "<root>\n<thinking>Let me see: 3 < 4</thinking>")
    assert read_reply(text).faults == ()


def test_the_program_is_read_from_a_reply_that_is_otherwise_malformed():
    reply = read_reply(GOOD.replace("</root>", "").replace("Line 3: ", ""))
    assert (reply.program, reply.faults != ()) == ("x = 1", True)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<syntax>1</syntax>", "", "<syntax> comes 0 times"),
        ("<syntax>1</syntax>", "<syntax>one</syntax>", "<syntax> is not a number"),
        ("<syntax>1</syntax>", "<syntax>0</syntax>", "no error is asked for"),
        ("<correct-program>", "", "<correct-program> comes 0 times"),
        ("</syntax>", "", "<syntax> is not closed"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(old, new, fault):
    text = write_request(ExerciseRequest("Say hello.", "print('hello')", ErrorCounts(1)))
    with pytest.raises(ValueError, match=fault):
        read_request(text.replace(old, new))
