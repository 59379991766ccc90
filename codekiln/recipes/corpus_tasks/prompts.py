"""Wording of the task of each category, the same for teachers, training rows and evaluation."""

from typing import Literal

from codekiln.recipes.corpus_tasks.edit_replies import numbered_block
from codekiln.recipes.corpus_tasks.functions import Function, header, without_docstring
from codekiln.recipes.corpus_tasks.reply_parser import fenced

ReplyForm = Literal["program", "edits"]
CATEGORIES = ("docstring", "explain", "bugfix", "complete", "unit_test")

_TASKS = {
    "docstring": "Write a Google-style docstring for {what}: a summary line, then an Args section where it has "
    "parameters. Reply with the docstring alone, in triple quotes, in a Python code block.",
    "explain": "Explain {what} in bullet points: its purpose, each of its parameters, and how it behaves.",
    "bugfix": "There is one bug in {what}{symptom}. Say in a sentence what is wrong and where, then give the whole "
    "corrected {noun} in a Python code block.",
    "bugfix-edits": "There is one bug in {what}{symptom}. Say in a sentence what is wrong and where, then give each "
    "line that changes as `line N: new text`.",
    "complete": "Write the body of {what}. Reply with the whole {noun} in a Python code block.",
    "unit_test": "Write unit tests for {what}: pytest functions named test_..., with assertions. Use `{used}` by its "
    "name, without importing or repeating it. Reply with one Python code block.",
}


def shown_code(category: str, function: Function) -> str:
    """Return the code that a task shows; a bugfix task shows a mutant instead."""
    if category in ("docstring", "explain"):
        return without_docstring(function)
    return header(function) if category == "complete" else function.text


def instruction(
    category: str, function: Function, code: str, *, context: str = "", symptom: str = "", form: ReplyForm = "program"
) -> str:
    """Return the prompt of a task.

    Args:
        category: One of `CATEGORIES`.
        function: The function it is about.
        code: The code it shows.
        context: What it shows of the module around the function.
        symptom: A call on which a bug can be seen.
        form: Form of a bug fix: the whole function, or edits of its lines.
    """
    noun = "method" if function.owner else "function"
    what = f"this method of the class `{function.owner}`" if function.owner else "this function"
    is_edited = category == "bugfix" and form == "edits"
    task = _TASKS["bugfix-edits" if is_edited else category].format(
        what=what, noun=noun, used=function.owner or function.name, symptom=f": {symptom}" if symptom else ""
    )
    if context:
        place = "Its class, and what that uses:" if function.owner else "Its module has:"
        return f"{task} {place}\n\n{fenced(context)}\n\nThe {noun}:\n\n{fenced(code)}"
    return f"{task}\n\n{numbered_block(code) if is_edited else fenced(code)}"
