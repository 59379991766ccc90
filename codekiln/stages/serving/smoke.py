"""The smoke test of an adapter that a server has loaded: prompts that it has to answer before anyone uses it."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.program_parts import is_program
from codekiln.data.replies import extract_code
from codekiln.data.text import lines_of, read_text
from codekiln.errors import InputError, InputErrors
from codekiln.stages.serving.client import Answer, Refused, ServerClient

_FIX = 'give JSON Lines such as {"prompt": "Write a function add(a, b).", "program": true}'


class SmokePrompt(BaseModel):
    """A prompt, and what its answer has to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = Field(min_length=1, description="what the model is asked, as a user's message")
    program: bool = Field(True, description="whether the answer has to contain a program that Python parses")
    max_tokens: int = Field(512, ge=1, description="longest answer")


@dataclass(frozen=True)
class SmokeTest:
    """Prompts that an adapter has to answer.

    Attributes:
        prompts: The prompts.
        every_program: Whether each program that is expected has to be there; False: one of them, because nobody knows
            which tasks a model can do that has not been given prompts of its own.
    """

    prompts: tuple[SmokePrompt, ...]
    every_program: bool = True


DEFAULT = SmokeTest(
    tuple(
        SmokePrompt(prompt=text)
        for text in (
            "Write a Python function add(a, b) that returns the sum of two numbers.",
            "Write a Python function list_even(numbers) that returns the even numbers of a list.",
            "Write a Python function is_palindrome(text) that returns whether a text reads the same backwards.",
            "Define list_divisors(n). Take the divisors of n. Keep those that are odd. Return the list.",
        )
    ),
    every_program=False,
)


def read_smoke_test(path: Path | None) -> SmokeTest:
    """Return the test with the prompts of a JSON Lines file, or codekiln's own where none is given.

    Raises:
        InputError: The file is not there, has none, or has a line that is no SmokePrompt.
    """
    if path is None:
        return DEFAULT
    lines = enumerate(lines_of(read_text(path)), 1)
    prompts = tuple(_read(line, f"{path}:{number}") for number, line in lines if line.strip())
    if not prompts:
        raise InputError("has no prompts", where=str(path), fix=_FIX)
    return SmokeTest(prompts)


def smoke_test(server: ServerClient, model: str, test: SmokeTest) -> list[str]:
    """Ask a loaded model every prompt, and return what is wrong with its answers, a sentence each; empty: nothing.

    Raises:
        ServerGone: The server stopped answering, which says nothing about the model.
    """
    wrong, without_program, programs = [], [], 0
    for asked in test.prompts:
        answer, problem = _ask(server, model, asked)
        if problem:
            wrong.append(f"{asked.prompt!r}: {problem}")
        elif answer and asked.program and not is_program(extract_code(answer.text)):
            cut = "" if answer.is_whole else f" (it was cut off at {asked.max_tokens} tokens)"
            shown = f"the answer has no program that Python parses{cut}: {answer.text.strip()[:80]!r}"
            without_program.append(f"{asked.prompt!r}: {shown}")
        else:
            programs += asked.program
    return wrong + (without_program if test.every_program or not programs else [])


def _ask(server: ServerClient, model: str, asked: SmokePrompt) -> tuple[Answer | None, str]:
    """Return an answer, or what is wrong with it whatever was expected."""
    try:
        answer = server.ask(model, asked.prompt, asked.max_tokens)
    except Refused as error:
        return None, str(error)
    if answer.model != model:
        return None, f"{answer.model} has answered in its place"
    return (answer, "") if answer.text.strip() else (None, "the answer is empty")


def _read(line: str, where: str) -> SmokePrompt:
    try:
        return SmokePrompt.model_validate_json(line)
    except ValidationError as error:
        raise InputErrors(validation_errors(error, where, _FIX)) from None
