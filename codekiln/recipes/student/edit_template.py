"""Replies as edit scripts of the submission before, or of the skeleton, for models that cannot repeat a whole program.

    line 4:     for i in range(len(values) - 1):
    after line 6:     return True
    <SUBMIT>

The lines that can be edited are shown with their numbers; `codekiln.data.edit_scripts` has all edits.
"""

from dataclasses import dataclass

from codekiln.data.edit_scripts import Edit, apply, edits, in_triple_quotes, numbered, parsed
from codekiln.recipes.student.schema import SUBMIT, join_thought
from codekiln.recipes.student.templates import ParsedSubmission, Template


@dataclass(frozen=True)
class EditTemplate(Template):
    """Asks for edits of the last code that is shown, which has numbered lines; earlier code is between the markers."""

    @property
    def request(self) -> str:
        """What is asked for."""
        return (
            "Hand in what this student changes, mistakes included: 'line N: new text', 'after line N: new text', "
            f"'delete line N', and {SUBMIT} after the final attempt."
        )

    def show(self, code: str, is_start: bool) -> str:
        """Return code as it stands in a request: with numbered lines where the edits are of it."""
        return numbered(code.strip("\n")) if is_start else self.block(code)

    def reply(self, code: str, submitted: bool, thought: str = "", start: str = "") -> str:
        """Return a submission as edits of ``start``; only the marker of a final attempt, or nothing, for the same.

        Code is never written into the lines of a docstring: these are deleted, or replaced by those of another.
        """
        script = [str(edit) for edit in edits(start, code.strip("\n"), in_triple_quotes)]
        return join_thought(thought, "\n".join([*script, SUBMIT] if submitted else script))

    def _parse_answer(self, text: str, start: str) -> ParsedSubmission:
        """Parse an edit script; what is none is its own code, so that nothing is gained by leaving out all edits."""
        lines = text.strip("\n").split("\n")
        submitted = lines[-1].strip() == SUBMIT
        found = [parsed(line) for line in lines[: len(lines) - submitted]]
        script = [edit for edit in found if edit is not None]
        fault = _fault(found)
        if not fault:
            try:
                return ParsedSubmission(apply(start, script)[0].strip("\n"), submitted)
            except ValueError as error:
                fault = str(error)
        return ParsedSubmission(text.replace(SUBMIT, "").strip("\n"), SUBMIT in text, fault)


def _fault(found: list[Edit | None]) -> str:
    if not found:
        return "no line is edited"
    if None in found:
        return "there is text beside the edits"
    return ""


EDIT_TEMPLATES = {"tags": EditTemplate("<code>", "</code>"), "fence": EditTemplate("```python", "```")}
