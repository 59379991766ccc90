"""Prompts: how a problem is shown to a model, and how its program is extracted from the reply.

Teachers, training rows, self-generation and evaluation all use these two functions, so what a model learns from is
what it is asked later.
"""

import ast
import itertools
import re

from codekiln.data.fences import Fence, fences_in, is_python, unix_lines
from codekiln.data.python_text import syntax_tree
from codekiln.data.records import CallTest, DoctestTest, Message, Problem, ReferenceTest, StdinTest

_THOUGHT = "think|thinking|thought|reasoning"
_LEADING_THOUGHT = re.compile(rf"\s*<(?P<tag>{_THOUGHT})>(?:.*?</(?P=tag)>|.*\Z)", re.DOTALL)
_CLOSED_THOUGHT = re.compile(rf"^[ \t]*<(?P<tag>{_THOUGHT})>.*?</(?P=tag)>", re.DOTALL | re.MULTILINE)
_CLOSING_TAG = re.compile(rf"</(?:{_THOUGHT})>")
# Templates that open the thought leave only its end in the reply.
_END_OF_THOUGHT = re.compile(rf"</(?:{_THOUGHT})>(?=\s|\Z)")
_FENCE_LINE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?:```|~~~)", re.MULTILINE)
# Bounds the search for the end of a program that is not fenced.
_MAX_ENDS = 20
_PROSE = re.compile(r"(?!\w+ *=)(?:[A-Z][\w'’]*[,:]?|[-*+]|#+|\d{1,3}[.)]|\*\*.*) .*|[A-Z][\w ,'’-]*[.:!]|\*\*.*")


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


def reply_content(problem: Problem, text: str) -> str:
    """Return the part of a model's reply that is graded: the program in it, or all of it."""
    return extract_code(text) if problem.reply == "code" else text


def code_turn(code: str) -> tuple[Message, ...]:
    """Return the assistant's turn for ``code``: fenced, because chat templates may strip leading indentation."""
    return (Message(role="assistant", content=f"```python\n{code.strip(chr(10))}\n```"),)


def extract_code(text: str) -> str:
    """Return the program in a model's reply, with LF line ends.

    That is the fenced Python blocks, joined, or else the text itself, without the prose around a program that is not
    fenced. Thoughts (``<think>``) are no part of the reply; one that was cut off leaves no program. Of several blocks,
    those that are no program (output, shell commands, signatures) are left out.
    """
    text = without_thoughts(unix_lines(text))
    lines = text.split("\n")
    fences = fences_in(text)
    if fences and not fences[0].language and not is_program(fences[0].code):
        before = "\n".join(lines[: fences[0].first])
        if is_program(before):
            # The prompt ended with the opening fence, or the model forgot it.
            return before.strip("\n")
    blocks = [fence for fence in fences if fence.is_python]
    return _joined(blocks) if blocks else _without_prose(lines).strip("\n")


def is_reply(text: str) -> bool:
    """Return whether ``text`` is a chat model's reply, with fences or thoughts, and not a bare program."""
    text = unix_lines(text)
    return bool(_FENCE_LINE.search(text)) or without_thoughts(text) != text


def without_thoughts(text: str) -> str:
    """Return a reply without what the model thought before it, if the reply shows that."""
    while match := _LEADING_THOUGHT.match(text):
        text = text[match.end() :]
    if not _CLOSING_TAG.search(text) or is_python(text):
        return text
    text = _CLOSED_THOUGHT.sub(lambda match: match[0] if _is_in_program(text, match.start()) else "", text)
    ends = (match.end() for match in _END_OF_THOUGHT.finditer(text) if not _is_in_program(text, match.start()))
    return text[next(ends, 0) :]


def _is_in_program(text: str, position: int) -> bool:
    line = text.count("\n", 0, position)
    return any(
        fence.first < line < fence.end and fence.is_closed and fence.is_python and is_python(fence.code)
        for fence in fences_in(text)
    )


def is_program(code: str) -> bool:
    """Return whether ``code`` is Python that does more than name values: prose of one word is an expression too.

    The indented body of a function counts.
    """
    is_body = code.lstrip("\n")[:1] in (" ", "\t")
    try:
        body = syntax_tree(f"if True:\n{code}" if is_body else code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = [part for node in body for part in (node.body if is_body and isinstance(node, ast.If) else [node])]
    return any(not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call) for node in nodes)


def _joined(blocks: list[Fence]) -> str:
    chosen = [
        block.code.strip("\n") for block in blocks if block.language or len(blocks) == 1 or is_program(block.code)
    ]
    chosen = chosen or [block.code.strip("\n") for block in blocks]
    if len(chosen) > 1 and not is_python("\n".join(chosen)):
        chosen = [code for code in chosen if is_python(code)] or chosen
    return "\n".join(chosen)


def _without_prose(lines: list[str]) -> str:
    """Return the lines without sentences before and after a program; all of them where that leaves no program."""
    whole = "\n".join(lines)
    if is_python(whole):
        return whole
    start = next((place for place, line in enumerate(lines) if line.strip() and not _is_prose(line)), len(lines))
    after = itertools.islice((place for place in range(start, len(lines)) if _is_prose(lines[place])), _MAX_ENDS)
    end = next((place for place in after if is_program("\n".join(lines[start:place]))), len(lines))
    program = "\n".join(lines[start:end])
    return program if is_program(program) else whole


def _is_prose(line: str) -> bool:
    return _PROSE.fullmatch(line) is not None and not is_python(line)


def _show(test: str | CallTest | StdinTest | DoctestTest, entry_point: str | None) -> str:
    if isinstance(test, CallTest):
        return f"assert {entry_point}({', '.join(map(repr, test.call))}) == {test.expect!r}"
    if isinstance(test, StdinTest):
        return f"input:\n{test.stdin}\noutput:\n{test.stdout}"
    return test.doctest if isinstance(test, DoctestTest) else test
