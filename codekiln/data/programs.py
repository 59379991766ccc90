"""The program that a sample gives for a problem, and what is run of it."""

import re

from codekiln.data.fences import compiles, is_python
from codekiln.data.records import Problem, Sample
from codekiln.data.replies import extract_code, is_reply

_MARK = "\ufeff"


def program_of(problem: Problem, sample: Sample) -> str:
    """Return the program to run, without a byte order mark.

    A solution stands alone. A completion continues the prompt where that is code, and stands alone elsewhere. From a
    chat model's reply in either, with fences, thoughts or prose, the program is taken as generation takes it.
    """
    text = sample.solution if sample.completion is None else sample.completion
    assert text is not None, "a sample has a solution or a completion"
    if problem.reply == "text":
        return text
    text = text.removeprefix(_MARK)
    if sample.completion is not None and _is_code(problem):
        return _continued(problem, text)
    is_whole_reply = sample.completion is not None or is_reply(text)
    return extract_code(text, problem.entry_point) if is_whole_reply and not is_python(text) else text


def with_preamble(problem: Problem, program: str) -> str:
    """Return a program as it is run: after what its problem lets it take for granted.

    A program that does not compile after it is run alone: it may start with a future import, and of one that does not
    compile at all the lines that Python names are then its own.
    """
    if not problem.preamble:
        return program
    whole = f"{problem.preamble.rstrip(chr(10))}\n{program}"
    return whole if compiles(whole) else program


def preamble_lines(problem: Problem, program: str, whole: str) -> int:
    """Return how many lines stand before a program in ``whole``, as `with_preamble` made it."""
    return 0 if whole == program else problem.preamble.rstrip("\n").count("\n") + 1


def _is_code(problem: Problem) -> bool:
    """Return whether the prompt is code that a completion continues: it starts to define the entry point."""
    name = re.escape(problem.entry_point or "")
    return bool(name and re.search(rf"^\s*(async\s+)?(def|class)\s+{name}\b", problem.prompt, re.MULTILINE))


def _continued(problem: Problem, text: str) -> str:
    whole = problem.prompt + text
    if compiles(whole):
        return whole
    code = extract_code(text, problem.entry_point)
    if code == text.strip("\n"):
        return whole
    # The prompt may have imports and helpers that a reply with the whole function leaves out.
    joined = f"{problem.prompt.rstrip(chr(10))}\n{code}"
    return joined if compiles(joined) or not compiles(code) else code
