"""Conversations and replies: each experiment has its own template, and what is learned ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.recipes.student.schema import SUBMIT, PastStream, PastSubmission
from codekiln.recipes.student.templates import STAGE_LINES, TEMPLATES, contains_marker
from tests.recipes.student.small_course import NO_COLON, RIGHT, WRONG, next_row, stage_row

TAGS = TEMPLATES["tags"]
messages, block, reply, parse_reply = TAGS.messages, TAGS.block, TAGS.reply, TAGS.parse_reply


def text(row, feedback=None):
    return "\n".join(message.content for message in messages(row, feedback))


@pytest.mark.parametrize("stage", sorted(STAGE_LINES))
def test_experiment_1_with_context_shows_past_work_and_the_stage_and_nothing_of_experiment_2(stage):
    past = (PastSubmission(question_name="triple", submission="t = 3"),)
    shown = text(stage_row(stage=stage, past=past))
    assert "PAST PROBLEM SUBMISSIONS:\ntriple:\n<code>\nt = 3\n</code>" in shown
    assert shown.endswith(STAGE_LINES[stage])
    assert "\nSUBMISSIONS:" not in shown
    assert RIGHT not in shown


def test_experiment_2_shows_past_streams_and_earlier_submissions_in_order():
    past = (PastStream(question_name="triple", submissions=("t = 1", f"t = 3\n{SUBMIT}")),)
    shown = text(next_row(prior=(NO_COLON, WRONG), past=past))
    assert f"triple:\n<code>\nt = 1\n</code>\n<code>\nt = 3\n</code>\n{SUBMIT}" in shown
    assert shown.endswith(f"SUBMISSIONS:\n{block(NO_COLON)}\n{block(WRONG)}")
    assert not any(line in shown for line in STAGE_LINES.values())


def test_no_earlier_submission_is_shown_as_none():
    shown = text(next_row())
    assert "None" not in shown
    assert shown.endswith("(nothing handed in yet)")


def test_sections_without_content_are_left_out_and_blank_lines_collapse():
    row = next_row()
    given = row.INPUT.model_copy(update={"instructions": "One.\n\n\n \n\nTwo."})
    shown = text(row.model_copy(update={"INPUT": given}))
    assert "PROBLEM INSTRUCTIONS:\nOne.\nTwo." in shown
    assert "FIXED CODE" not in shown
    assert "PAST PROBLEM" not in shown
    assert "TODO CODE:" in shown


def test_a_history_has_submissions_and_feedback_in_one_turn():
    (turn,) = messages(next_row(prior=(NO_COLON, WRONG)), ("does not compile", "1 of 2 tests pass."), True)
    history = turn.content.partition("SUBMISSION HISTORY (CODE + FEEDBACK):\n")[2]
    assert history == (
        f"SUBMISSION:\n{block(NO_COLON)}\nFEEDBACK RECEIVED:\ndoes not compile\n"
        f"SUBMISSION:\n{block(WRONG)}\nFEEDBACK RECEIVED:\n1 of 2 tests pass."
    )
    (turn,) = messages(next_row(), (), True)
    assert turn.content.endswith("(nothing handed in yet)")


def test_a_thought_stands_before_the_code_and_is_asked_for():
    text = reply(RIGHT, True, "Oh, twice!")
    assert text == f"<think>\nOh, twice!\n</think>\n\n{block(RIGHT)}\n{SUBMIT}"
    found = parse_reply(text)
    assert (found.code, found.submitted, found.fault, found.thought) == (RIGHT, True, "", "Oh, twice!")
    assert parse_reply(f"<think>\nnever ends\n{block(RIGHT)}").fault
    assert messages(next_row(), thinking=True)[0].content.startswith("First think as this student would: <think>")


def test_feedback_makes_turns_and_the_last_asks_for_the_submission():
    turns = messages(next_row(prior=(NO_COLON, WRONG)), ("does not compile", "1 of 2 tests pass."))
    assert [turn.role for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    assert turns[1].content == block(NO_COLON)
    assert turns[3].content == block(WRONG)
    assert turns[-1].content == "GRADER FEEDBACK:\n1 of 2 tests pass."


def test_a_reply_carries_the_code_and_the_marker_of_a_final_attempt():
    assert reply(RIGHT, True) == f"<code>\n{RIGHT}\n</code>\n<SUBMIT>"
    assert parse_reply(reply(RIGHT, True)) == parse_reply(f" {reply(RIGHT, True)}\n")
    assert (parse_reply(reply(RIGHT, False)).code, parse_reply(reply(RIGHT, False)).submitted) == (RIGHT, False)


@given(
    st.sampled_from(sorted(TEMPLATES)),
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1),
    st.booleans(),
)
def test_every_submission_without_markers_comes_back_whole(markers, code, submitted):
    if contains_marker(code) or not code.strip():
        return
    found = TEMPLATES[markers].parse_reply(TEMPLATES[markers].reply(code, submitted))
    assert (found.code, found.submitted, found.fault) == (code.rstrip(), submitted, "")


@pytest.mark.parametrize(
    ("written", "code", "fault"),
    [
        (RIGHT, RIGHT, "no code block"),
        (f"```python\n{RIGHT}\n```", RIGHT, "no code block"),
        (f"<code>\n{RIGHT}", RIGHT, "does not end"),
        (f"<code>\n{RIGHT}\n</code>\n<code>\nx\n</code>", RIGHT, "several"),
        (f"Here it is:\n<code>\n{RIGHT}\n</code>", RIGHT, "text beside"),
        (f"<code>\n{RIGHT}\n</code> And so on", RIGHT, "text beside"),
        ("<code>\n\n</code>", "", "empty"),
        ("", "", "no code block"),
    ],
)
def test_a_reply_that_breaks_the_form_says_how_and_still_has_its_code(written, code, fault):
    found = parse_reply(written)
    assert found.code == code
    assert fault in found.fault


@pytest.mark.parametrize("markers", TEMPLATES)
def test_a_reply_may_have_crlf(markers):
    written = TEMPLATES[markers].reply(RIGHT, True)
    assert TEMPLATES[markers].parse_reply(written.replace("\n", "\r\n")) == TEMPLATES[markers].parse_reply(written)


def test_fences_are_markers_too():
    fence = TEMPLATES["fence"]
    assert fence.reply(RIGHT, True) == f"```python\n{RIGHT}\n```\n<SUBMIT>"
    shown = fence.messages(next_row(prior=(WRONG,)))[0].content
    assert shown.endswith(f"SUBMISSIONS:\n```python\n{WRONG}\n```")
    assert "<code>" not in shown
    assert fence.parse_reply(reply(RIGHT, False)).fault


@given(st.sampled_from(sorted(TEMPLATES)), st.text())
def test_no_text_breaks_the_reading_of_replies(markers, written):
    assert isinstance(TEMPLATES[markers].parse_reply(written).code, str)


def test_the_real_submission_is_measured_as_a_reply_holds_it():
    row = next_row(output=f"\n\n{RIGHT}\n\n{SUBMIT}")
    assert parse_reply(reply(row.code, row.submitted)).code == row.code == RIGHT
