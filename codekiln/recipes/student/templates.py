"""How a row becomes a conversation, and how the submission is taken from a reply.

The kind of the row decides the template: a row of experiment 1 has a stage and never the sections of experiment 2. A
reply is one block of code between markers, with ``<SUBMIT>`` after it when it is the student's final attempt; the chat
template's end-of-turn token follows, and is learned.
"""

import re
from dataclasses import dataclass

from codekiln.data.prompts import extract_code
from codekiln.data.records import Message
from codekiln.recipes.student.schema import SUBMIT, NextRow, Row, Stage, StageRow, split_submit

STAGE_LINES: dict[Stage, str] = {
    "submission_first": "FIRST SUBMISSION:",
    "submission_mid": "MIDDLE SUBMISSION:",
    "submission_last": "LAST SUBMISSION:",
}
FIRST_ATTEMPT = "(nothing handed in yet)"


@dataclass(frozen=True)
class Reply:
    """What a reply holds; ``fault`` says in words why it is not one submission, properly ended."""

    code: str
    submitted: bool
    fault: str = ""


@dataclass(frozen=True)
class Template:
    """Conversations and replies with one pair of markers around code."""

    open: str
    close: str

    def messages(self, row: Row, feedback: tuple[str, ...] | None = None) -> tuple[Message, ...]:
        """Return the conversation that asks for a row's submission.

        Args:
            row: A row of either experiment.
            feedback: What the grader said of each prior submission. Given, each prior submission is an assistant's
                turn and its feedback the user's turn after it (Koutcheme et al. 2026, arXiv 2604.10720); only for
                experiment 2.
        """
        if isinstance(row, StageRow):
            return (_user(*self._problem(row), STAGE_LINES[row.INPUT.stage]),)
        if feedback is None:
            return (_user(*self._problem(row), self._submissions(row)),)
        start = "SUBMISSIONS:" if feedback else f"SUBMISSIONS:\n{FIRST_ATTEMPT}"
        turns = [_user(*self._problem(row), start)]
        for code, said in zip(row.INPUT.curr_problem_prior_submissions, feedback, strict=True):
            turns.append(Message(role="assistant", content=self.block(code)))
            turns.append(_user(f"GRADER FEEDBACK:\n{said.strip()}"))
        return tuple(turns)

    def reply(self, code: str, submitted: bool) -> str:
        """Return the text that a student's submission is as a model's turn."""
        return self.block(f"{code}\n{SUBMIT}" if submitted else code)

    def block(self, submission: str) -> str:
        """Return a submission between its markers, with the marker of a final attempt behind them."""
        code, submitted = split_submit(submission)
        text = f"{self.open}\n{code.strip(chr(10))}\n{self.close}"
        return f"{text}\n{SUBMIT}" if submitted else text

    def read_reply(self, text: str) -> Reply:
        """Take the submission from a reply.

        A reply that breaks the form still has code, so that what was written is what is judged: the first block, else
        what follows an opening marker, else a fenced block or the whole text.
        """
        submitted = SUBMIT in text
        form = rf"\s*{re.escape(self.open)}(?P<code>.*?){re.escape(self.close)}\s*(?P<submit>{SUBMIT})?\s*"
        whole = re.fullmatch(form, text, re.DOTALL)
        if whole and not any(marker in whole["code"] for marker in (self.open, self.close, SUBMIT)):
            code = whole["code"].strip("\n")
            return Reply(code, bool(whole["submit"]), "" if code.strip() else "the code block is empty")
        before, opened, rest = text.partition(self.open)
        code, closed, after = rest.partition(self.close)
        if not opened:
            bare = text.replace(SUBMIT, "")
            code = extract_code(bare if "```" in bare else bare.replace(self.close, ""))
            return Reply(code, submitted, "there is no code block")
        code = code.replace(SUBMIT, "").replace(self.open, "").strip("\n")
        if not closed:
            return Reply(code, submitted, "the code block does not end")
        several = self.open in after
        return Reply(
            code, submitted, "there are several code blocks" if several else "there is text beside the code block"
        )

    def _problem(self, row: Row) -> list[str]:
        given = row.INPUT
        role = (
            f"Hand in what this student would, mistakes included: {self.open}...{self.close}, and {SUBMIT} after the "
        )
        sections = [f"{role}final attempt."]
        if given.past_problem_submissions:
            sections.append("PAST PROBLEM SUBMISSIONS:\n" + "\n".join(self._past(row)))
        instructions = re.sub(r"\n\s*\n+", "\n", given.instructions.strip())
        sections.append(f"PROBLEM INSTRUCTIONS:\n{instructions}")
        for title, code in (("FIXED CODE", given.skeleton_code_fixed), ("TODO CODE", given.skeleton_code_todo)):
            if code.strip():
                sections.append(f"{title}:\n{self.block(code)}")
        return sections

    def _past(self, row: Row) -> list[str]:
        past = row.INPUT.past_problem_submissions
        if isinstance(row, StageRow):
            return [f"{old.question_name}:\n{self.block(old.submission)}" for old in past]
        return ["\n".join([f"{old.question_name}:", *map(self.block, old.submissions)]) for old in past]

    def _submissions(self, row: NextRow) -> str:
        prior = [self.block(code) for code in row.INPUT.curr_problem_prior_submissions]
        return "\n".join(["SUBMISSIONS:", *(prior or [FIRST_ATTEMPT])])


TEMPLATES = {"tags": Template("<code>", "</code>"), "fence": Template("```python", "```")}


def holds_marker(code: str) -> bool:
    """Tell whether a submission contains a marker itself, so that no reply could carry it."""
    markers = {SUBMIT, *(marker for template in TEMPLATES.values() for marker in (template.open, template.close))}
    return any(marker in code for marker in markers)


def _user(*sections: str) -> Message:
    return Message(role="user", content="\n\n".join(sections))
