"""Conversation templates: a row as a conversation, and the submission in a reply.

The experiment of the row decides the sections: a row of experiment 1 has a stage and none of the sections of experiment
2. A reply is one block of code between markers, followed by ``<SUBMIT>`` for the student's final attempt. What the
student thinks may stand before it, between ``<think>`` and ``</think>``. The chat template's end-of-turn token comes
after that and is learned.
"""

import re
from dataclasses import dataclass, replace

from codekiln.data.records import Message
from codekiln.data.replies import extract_code
from codekiln.recipes.student.schema import (
    SUBMIT,
    THINK_CLOSE,
    THINK_OPEN,
    NextRow,
    Row,
    Stage,
    StageRow,
    join_thought,
    prior_submissions,
    split_submit,
    split_thought,
)

STAGE_LINES: dict[Stage, str] = {
    "submission_first": "FIRST SUBMISSION:",
    "submission_mid": "MIDDLE SUBMISSION:",
    "submission_last": "LAST SUBMISSION:",
}
FIRST_ATTEMPT = "(nothing handed in yet)"
NO_FEEDBACK = "(no feedback yet)"


@dataclass(frozen=True)
class ParsedSubmission:
    """The submission in a reply.

    Attributes:
        fault: Why the reply is not exactly one code block, properly ended; empty for a well-formed reply.
        thought: What stands between ``<think>`` and ``</think>`` before the code.
    """

    code: str
    submitted: bool
    fault: str = ""
    thought: str = ""


@dataclass(frozen=True)
class Template:
    """Renders conversations and parses replies with one pair of markers around code."""

    open: str
    close: str

    @property
    def request(self) -> str:
        """What is asked for."""
        return (
            f"Hand in what this student would, mistakes included: {self.open}...{self.close}, and {SUBMIT} after the "
            "final attempt."
        )

    def show(self, code: str, is_start: bool) -> str:
        """Return code as it stands in a request; ``is_start``: it is what the student goes on from."""
        return self.block(code)

    def messages(
        self, row: Row, feedback: tuple[str, ...] | None = None, history: bool = False, *, thinking: bool = False
    ) -> tuple[Message, ...]:
        """Return the conversation that asks for a row's submission.

        Args:
            row: A row of either experiment.
            feedback: The grader's feedback on each prior submission, for experiment 2 only. With it, each prior
                submission is an assistant's turn and its feedback the user's turn after it (Koutcheme et al. 2026,
                arXiv 2604.10720); None: all prior submissions are in one user's turn.
            history: Show all prior submissions and feedback in that one turn instead (INSIDE, arXiv 2608.10492).
            thinking: Ask for what the student thinks, too.
        """
        problem = self._problem(row, thinking)
        if isinstance(row, StageRow):
            return (_user(*problem, STAGE_LINES[row.INPUT.stage]),)
        if feedback is None or history:
            return (_user(*problem, self._submissions(row) if feedback is None else self._history(row, feedback)),)
        start = "SUBMISSIONS:" if feedback else f"SUBMISSIONS:\n{FIRST_ATTEMPT}"
        turns = [_user(*problem, start)]
        for code, text in zip(row.INPUT.curr_problem_prior_submissions, feedback, strict=True):
            turns.append(Message(role="assistant", content=self.block(code)))
            turns.append(_user(f"GRADER FEEDBACK:\n{text.strip()}"))
        return tuple(turns)

    def reply(self, code: str, submitted: bool, thought: str = "", start: str = "") -> str:
        """Return a submission as the text of a reply, after what the student thinks where that is known.

        Args:
            code: The submission.
            submitted: Whether it is the final attempt.
            thought: What the student thinks before it.
            start: What the student goes on from, see `start_of`; replies that are whole programs do not need it.
        """
        return join_thought(thought, self.block(f"{code}\n{SUBMIT}" if submitted else code))

    def block(self, submission: str) -> str:
        """Return a submission between the markers, followed by the marker of a final attempt where it has one."""
        code, submitted = split_submit(submission)
        text = f"{self.open}\n{code.strip(chr(10))}\n{self.close}"
        return f"{text}\n{SUBMIT}" if submitted else text

    def parse_reply(self, text: str, start: str = "") -> ParsedSubmission:
        """Parse the submission in a reply; ``start`` as for `reply`.

        A malformed reply is parsed leniently, so that its code can still be measured: the first block, or else what
        follows an opening marker, or else a fenced block or the whole text.
        """
        thought, text = split_thought(text.replace("\r\n", "\n"))
        return replace(self._parse_answer(text, start), thought=thought)

    def _parse_answer(self, text: str, start: str) -> ParsedSubmission:
        # A malformed reply may have the marker anywhere; it still says that the attempt is final.
        submitted = SUBMIT in text
        form = rf"\s*{re.escape(self.open)}(?P<code>.*?){re.escape(self.close)}\s*(?P<submit>{SUBMIT})?\s*"
        whole = re.fullmatch(form, text, re.DOTALL)
        if whole and not any(marker in whole["code"] for marker in (self.open, self.close, SUBMIT)):
            code = whole["code"].strip("\n")
            return ParsedSubmission(code, bool(whole["submit"]), "" if code.strip() else "the code block is empty")
        before, opened, rest = text.partition(self.open)
        code, closed, after = rest.partition(self.close)
        if not opened:
            bare = text.replace(SUBMIT, "")
            code = extract_code(bare if "```" in bare else bare.replace(self.close, ""))
            return ParsedSubmission(code, submitted, "there is no code block")
        code = code.replace(SUBMIT, "").replace(self.open, "").strip("\n")
        if not closed:
            return ParsedSubmission(code, submitted, "the code block does not end")
        fault = "there are several code blocks" if self.open in after else "there is text beside the code block"
        return ParsedSubmission(code, submitted, fault)

    def _problem(self, row: Row, thinking: bool) -> list[str]:
        given = row.INPUT
        thought = f"First think as this student would: {THINK_OPEN}...{THINK_CLOSE}. " if thinking else ""
        sections = [thought + self.request]
        if given.past_problem_submissions:
            sections.append("PAST PROBLEM SUBMISSIONS:\n" + "\n".join(self._past(row)))
        # Sections are separated by blank lines, so a section must not contain any.
        instructions = re.sub(r"\n\s*\n+", "\n", given.instructions.strip())
        sections += [f"PROBLEM INSTRUCTIONS:\n{instructions}"] if instructions else []
        if given.skeleton_code_fixed.strip():
            sections.append(f"FIXED CODE:\n{self.block(given.skeleton_code_fixed)}")
        if given.skeleton_code_todo.strip():
            sections.append(f"TODO CODE:\n{self.show(given.skeleton_code_todo, not prior_submissions(row))}")
        return sections

    def _past(self, row: Row) -> list[str]:
        shown: list[tuple[str, tuple[str, ...]]]
        if isinstance(row, StageRow):
            shown = [(old.question_name, (old.submission,)) for old in row.INPUT.past_problem_submissions]
        else:
            shown = [(old.question_name, old.submissions) for old in row.INPUT.past_problem_submissions]
        return ["\n".join([f"{name}:", *map(self.block, submissions)]) for name, submissions in shown]

    def _submissions(self, row: NextRow) -> str:
        return "\n".join(["SUBMISSIONS:", *(self._prior(row) or [FIRST_ATTEMPT])])

    def _prior(self, row: NextRow) -> list[str]:
        prior = row.INPUT.curr_problem_prior_submissions
        return [self.show(code, number == len(prior)) for number, code in enumerate(prior, start=1)]

    def _history(self, row: NextRow, feedback: tuple[str, ...]) -> str:
        pairs = zip(self._prior(row), feedback, strict=True)
        entries = [f"SUBMISSION:\n{code}\nFEEDBACK RECEIVED:\n{text.strip()}" for code, text in pairs]
        return "SUBMISSION HISTORY (CODE + FEEDBACK):\n" + "\n".join(entries or [FIRST_ATTEMPT])


TEMPLATES = {"tags": Template("<code>", "</code>"), "fence": Template("```python", "```")}


def start_of(row: Row) -> str:
    """Return what the student goes on from: the submission before, or else the skeleton."""
    prior = prior_submissions(row)
    return (prior[-1] if prior else row.INPUT.skeleton_code_todo).strip("\n")


def contains_marker(code: str) -> bool:
    """Tell whether a submission contains a marker itself, so that a reply with it could not be parsed."""
    around_code = (marker for template in TEMPLATES.values() for marker in (template.open, template.close))
    markers = {SUBMIT, THINK_OPEN, THINK_CLOSE, *around_code}
    return any(marker in code for marker in markers)


def _user(*sections: str) -> Message:
    return Message(role="user", content="\n\n".join(sections))
