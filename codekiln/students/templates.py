"""How a row becomes a conversation, and how the submission is taken from a reply.

The kind of the row decides the template: a row of experiment 1 has a stage and never the sections of experiment 2. A
reply is one ``<code>...</code>`` block, with ``<SUBMIT>`` after it when it is the student's final attempt; the chat
template's end-of-turn token follows, and is learned.
"""

import re
from dataclasses import dataclass

from codekiln.prompts import extract_code
from codekiln.records import Message
from codekiln.students.rows import SUBMIT, NextRow, Row, Stage, StageRow, split_submit

OPEN, CLOSE = "<code>", "</code>"
ROLE = f"Hand in what this student would, mistakes included: {OPEN}...{CLOSE}, and {SUBMIT} after the final attempt."
STAGE_LINES: dict[Stage, str] = {
    "submission_first": "FIRST SUBMISSION:",
    "submission_mid": "MIDDLE SUBMISSION:",
    "submission_last": "LAST SUBMISSION:",
}
FIRST_ATTEMPT = "(nothing handed in yet)"
_REPLY = re.compile(rf"\s*{OPEN}(?P<code>.*?){CLOSE}\s*(?P<submit>{SUBMIT})?\s*", re.DOTALL)


@dataclass(frozen=True)
class Reply:
    """What a reply holds; ``fault`` says in words why it is not one submission, properly ended."""

    code: str
    submitted: bool
    fault: str = ""


def messages(row: Row, feedback: tuple[str, ...] | None = None) -> tuple[Message, ...]:
    """Return the conversation that asks for a row's submission.

    Args:
        row: A row of either experiment.
        feedback: What the grader said of each prior submission. Given, each prior submission is an assistant's turn
            and its feedback the user's turn after it (Koutcheme et al. 2026, arXiv 2604.10720); only for experiment 2.
    """
    if isinstance(row, StageRow):
        return (_user(*_problem(row), STAGE_LINES[row.INPUT.stage]),)
    if feedback is None:
        return (_user(*_problem(row), _submissions(row)),)
    turns = [_user(*_problem(row), f"SUBMISSIONS:\n{FIRST_ATTEMPT}" if not feedback else "SUBMISSIONS:")]
    for code, said in zip(row.INPUT.curr_problem_prior_submissions, feedback, strict=True):
        turns += [Message(role="assistant", content=block(code)), _user(f"GRADER FEEDBACK:\n{said.strip()}")]
    return tuple(turns)


def reply(code: str, submitted: bool) -> str:
    """Return the text that a student's submission is as a model's turn."""
    return block(f"{code}\n{SUBMIT}" if submitted else code)


def block(submission: str) -> str:
    """Return a submission between its markers, with the marker of a final attempt behind them."""
    code, submitted = split_submit(submission)
    text = f"{OPEN}\n{code.strip(chr(10))}\n{CLOSE}"
    return f"{text}\n{SUBMIT}" if submitted else text


def holds_marker(code: str) -> bool:
    """Tell whether a submission contains a marker itself, so that no reply could carry it."""
    return any(marker in code for marker in (OPEN, CLOSE, SUBMIT))


def read_reply(text: str) -> Reply:
    """Take the submission from a reply.

    A reply that breaks the form still has code, so that what was written is what is judged: the first block, else
    what follows an opening marker, else a fenced block or the whole text.
    """
    submitted = SUBMIT in text
    whole = _REPLY.fullmatch(text)
    if whole and not holds_marker(whole["code"]):
        code = whole["code"].strip("\n")
        return Reply(code, bool(whole["submit"]), "" if code.strip() else "the code block is empty")
    before, opened, rest = text.partition(OPEN)
    code, closed, after = rest.partition(CLOSE)
    if not opened:
        return Reply(extract_code(text.replace(SUBMIT, "").replace(CLOSE, "")), submitted, "there is no code block")
    code = code.replace(SUBMIT, "").replace(OPEN, "").strip("\n")
    if not closed:
        return Reply(code, submitted, "the code block does not end")
    return Reply(
        code,
        submitted,
        "there are several code blocks" if OPEN in after + before else "there is text beside the code block",
    )


def _problem(row: Row) -> list[str]:
    given = row.INPUT
    sections = [ROLE]
    if given.past_problem_submissions:
        sections.append("PAST PROBLEM SUBMISSIONS:\n" + "\n".join(_past(row)))
    instructions = re.sub(r"\n\s*\n+", "\n", given.instructions.strip())
    sections.append(f"PROBLEM INSTRUCTIONS:\n{instructions}")
    for title, code in (("FIXED CODE", given.skeleton_code_fixed), ("TODO CODE", given.skeleton_code_todo)):
        if code.strip():
            sections.append(f"{title}:\n{block(code)}")
    return sections


def _past(row: Row) -> list[str]:
    if isinstance(row, StageRow):
        return [f"{old.question_name}:\n{block(old.submission)}" for old in row.INPUT.past_problem_submissions]
    return [
        "\n".join([f"{old.question_name}:", *map(block, old.submissions)]) for old in row.INPUT.past_problem_submissions
    ]


def _submissions(row: NextRow) -> str:
    prior = [block(code) for code in row.INPUT.curr_problem_prior_submissions]
    return "\n".join(["SUBMISSIONS:", *(prior or [FIRST_ATTEMPT])])


def _user(*sections: str) -> Message:
    return Message(role="user", content="\n\n".join(sections))
