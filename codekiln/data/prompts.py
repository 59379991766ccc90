"""Prompts: how a problem is shown to a model, and the form of the reply that a model learns.

Teachers, training rows, self-generation and evaluation all use these functions, so what a model learns from is what it
is asked later.
"""

from codekiln.data.records import CallTest, DoctestTest, Message, Problem, ReferenceTest, StdinTest


def messages(problem: Problem) -> tuple[Message, ...]:
    """Return the conversation that asks for a reply: the task and its visible tests, never the hidden ones."""
    if problem.messages:
        return problem.messages
    visible = (test for test in problem.visible_tests if not isinstance(test, ReferenceTest))
    shown = [_show(test, problem.entry_point) for test in visible]
    text = problem.prompt.strip()
    if shown:
        text += "\nIt must satisfy:\n" + "\n".join(shown)
    return (Message(role="user", content=text),)


def reply_turn(problem: Problem, reply: str) -> tuple[Message, ...]:
    """Return the assistant's turn for a reply in the form the problem asks for."""
    return code_turn(reply) if problem.reply == "code" else (Message(role="assistant", content=reply),)


def code_turn(code: str) -> tuple[Message, ...]:
    """Return the assistant's turn for ``code``: fenced, because chat templates may strip leading indentation."""
    return (Message(role="assistant", content=f"```python\n{code.strip(chr(10))}\n```"),)


def _show(test: str | CallTest | StdinTest | DoctestTest, entry_point: str | None) -> str:
    if isinstance(test, CallTest):
        return f"assert {entry_point}({', '.join(map(repr, test.call))}) == {test.expect!r}"
    if isinstance(test, StdinTest):
        return f"input:\n{test.stdin}\noutput:\n{test.stdout}"
    return test.doctest if isinstance(test, DoctestTest) else test
