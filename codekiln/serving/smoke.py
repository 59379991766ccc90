"""The smoke test of an adapter that a server has loaded: prompts that it has to answer before anyone uses it."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.prompts import extract_code, is_program
from codekiln.errors import InputError, InputErrors
from codekiln.serving.client import Refused, ServerClient

_FIX = 'give JSON Lines such as {"prompt": "Write a function add(a, b).", "program": true}'


class SmokePrompt(BaseModel):
    """A prompt, and what its answer has to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = Field(min_length=1, description="what the model is asked, as a user's message")
    program: bool = Field(True, description="whether the answer has to contain a program that Python parses")
    max_tokens: int = Field(512, ge=1, description="longest answer")


DEFAULT = tuple(
    SmokePrompt(prompt=text)
    for text in (
        "Write a Python function add(a, b) that returns the sum of two numbers.",
        "Write a Python function list_even(numbers) that returns the even numbers of a list.",
        "Write a Python function is_palindrome(text) that returns whether a text reads the same backwards.",
    )
)


def read_prompts(path: Path | None) -> tuple[SmokePrompt, ...]:
    """Return the prompts of a JSON Lines file, or those of codekiln where none is given.

    Raises:
        InputError: The file is not there, has none, or has a line that is no SmokePrompt.
    """
    if path is None:
        return DEFAULT
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path), fix=_FIX) from None
    prompts = tuple(_read(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip())
    if not prompts:
        raise InputError("has no prompts", where=str(path), fix=_FIX)
    return prompts


def smoke_test(server: ServerClient, model: str, prompts: Iterable[SmokePrompt]) -> list[str]:
    """Ask a loaded model every prompt, and return what is wrong with its answers, a sentence each; empty: nothing.

    Raises:
        ServerGone: The server stopped answering, which says nothing about the model.
    """
    return [f"{asked.prompt!r}: {wrong}" for asked in prompts if (wrong := _wrong(server, model, asked))]


def _wrong(server: ServerClient, model: str, asked: SmokePrompt) -> str:
    try:
        answer = server.ask(model, asked.prompt, asked.max_tokens)
    except Refused as error:
        return str(error)
    if answer.model != model:
        return f"{answer.model} has answered in its place"
    if not answer.text.strip():
        return "the answer is empty"
    if asked.program and not is_program(extract_code(answer.text)):
        cut = "" if answer.is_whole else f" (it was cut off at {asked.max_tokens} tokens)"
        return f"the answer has no program that Python parses{cut}: {answer.text.strip()[:80]!r}"
    return ""


def _read(line: str, where: str) -> SmokePrompt:
    try:
        return SmokePrompt.model_validate_json(line)
    except ValidationError as error:
        raise InputErrors(validation_errors(error, where, _FIX)) from None
