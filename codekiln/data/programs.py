"""The program that a sample gives for a problem, and what is run of it."""

import contextlib
import re
import textwrap
from collections.abc import Iterator

from codekiln.data import json_text
from codekiln.data.fences import compiles, is_python
from codekiln.data.program_parts import definition, finished_part
from codekiln.data.records import Problem, Sample
from codekiln.data.replies import extract_code, is_reply
from codekiln.data.trials import without_trials

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
    if not _is_json(text):
        if sample.completion is None and (is_python(text) or not is_reply(text)):
            return text
        if is_python(text):
            return _without_trials(problem, text)
    return extract_code(text, problem.entry_point, problem.has_scripts)


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


def _is_json(text: str) -> bool:
    """Return whether a text is an object or a list of JSON, which most often is Python too, and no program."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    with contextlib.suppress(ValueError, RecursionError):
        return isinstance(json_text.loads(text), dict | list)
    return False


def _is_code(problem: Problem) -> bool:
    """Return whether the prompt is code that a completion continues: it starts to define the entry point."""
    name = re.escape(problem.entry_point or "")
    return bool(name and re.search(rf"^\s*(async\s+)?(def|class)\s+{name}\b", problem.prompt, re.MULTILINE))


def _continued(problem: Problem, text: str) -> str:
    """Return the program that a completion of a prompt makes, or the first reading of it that compiles."""
    name = str(problem.entry_point)
    whole = problem.prompt + text
    if not compiles(whole) or _is_json(text):
        readings = list(_readings(problem, text))
        finished = (finished_part(reading, name) for reading in readings)
        whole = next(filter(compiles, readings), "") or next(filter(None, finished), "") or readings[0]
    return _without_trials(problem, whole)


def _without_trials(problem: Problem, program: str) -> str:
    return without_trials(program, problem.entry_point) if problem.entry_point and not problem.has_scripts else program


def _readings(problem: Problem, text: str) -> Iterator[str]:
    """Yield what a completion may mean that does not compile behind its prompt."""
    code = extract_code(text, problem.entry_point, problem.has_scripts)
    # The prompt may have imports and helpers that a reply with the whole function leaves out.
    prompt = problem.prompt if code == text.strip("\n") else f"{problem.prompt.rstrip(chr(10))}\n"
    yield prompt + (text if prompt is problem.prompt else code)
    if definition(code, str(problem.entry_point)) is not None:
        yield code
    # Stripped replies lack the indentation of their first line, and bodies in a fence that of all lines.
    lines = code.strip().split("\n")
    indentation = _indentation_of_body(problem.prompt)
    head = f"{problem.prompt.rstrip()}\n"
    yield head + "\n".join([indentation + lines[0], *lines[1:]])
    yield head + textwrap.indent(textwrap.dedent(code), indentation)


def _indentation_of_body(prompt: str) -> str:
    """Return what the body of the function that a prompt begins is indented by: as its docstring, else by four."""
    last = prompt.rstrip().rpartition("\n")[2]
    return last[: len(last) - len(last.lstrip())] + ("    " if last.endswith(":") else "")
