"""Prompts: how a problem is shown to a model, and how its program is extracted from the reply.

Teachers, training rows, self-generation and evaluation all use these two functions, so what a model learns from is
what it is asked later.
"""

import re

from codekiln.data.records import CallTest, DoctestTest, Message, Problem, StdinTest, Test

_FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)


def messages(problem: Problem) -> tuple[Message, ...]:
    """Return the conversation that asks for a reply: the task and its visible tests, never the hidden ones."""
    if problem.messages:
        return problem.messages
    shown = [_show(test, problem.entry_point) for test in problem.visible_tests]
    text = problem.prompt.strip()
    if shown:
        text += "\nIt must satisfy:\n" + "\n".join(shown)
    return (Message(role="user", content=text),)


def reply_turn(problem: Problem, reply: str) -> tuple[Message, ...]:
    """Return the assistant's turn for a reply in the form the problem asks for."""
    return code_turn(reply) if problem.reply == "code" else (Message(role="assistant", content=reply),)


def reply_content(problem: Problem, text: str) -> str:
    """Return the part of a model's reply that is graded: the program in it, or all of it."""
    return extract_code(text) if problem.reply == "code" else text


def code_turn(code: str) -> tuple[Message, ...]:
    """Return the assistant's turn for ``code``: fenced, because chat templates may strip leading indentation."""
    return (Message(role="assistant", content=f"```python\n{code.strip(chr(10))}\n```"),)


def extract_code(text: str) -> str:
    """Return the program in a model's reply: its fenced Python blocks joined, or the whole text when it has none."""
    blocks = [
        match["code"] for match in _FENCE.finditer(text) if match["language"].lower() in ("", "python", "py", "python3")
    ]
    return "\n".join(block.strip("\n") for block in blocks) if blocks else text.strip("\n")


def _show(test: Test, entry_point: str | None) -> str:
    if isinstance(test, CallTest):
        return f"assert {entry_point}({', '.join(map(repr, test.call))}) == {test.expect!r}"
    if isinstance(test, StdinTest):
        return f"input:\n{test.stdin}\noutput:\n{test.stdout}"
    return test.doctest if isinstance(test, DoctestTest) else test
