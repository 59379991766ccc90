"""The problems of open-r1/codeforces: programs that read the standard input.

Facts from its card: the statement is in parts; ``official_tests`` are those that Codeforces shows whole, which may be
none; ``generated_checker`` is a program that judges where several outputs are right; ``input_mode`` may be ``file``.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from codekiln.data.readers.apps import problem_of
from codekiln.data.readers.contest import prompt_of, row_error
from codekiln.data.readers.grouping import group_of
from codekiln.data.records import Problem


class _Case(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    input: str
    output: str


class Codeforces(BaseModel):
    """One row of open-r1/codeforces."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str
    title: str | None = None
    description: str
    input_format: str | None = None
    output_format: str | None = None
    interaction_format: str | None = None
    note: str | None = None
    examples: list[_Case] | None = None
    official_tests: list[_Case] | None = None
    generated_checker: str | None = None
    input_mode: str | None = None
    rating: float | None = None


def from_codeforces(row: Codeforces, where: str, show: int) -> Problem:
    """Make a problem of a row; its official tests are hidden and grade, or else its examples.

    Raises:
        InputErrors: The problem is judged by a checker or in a dialogue, or its programs read a file.
    """
    if row.generated_checker:
        raise row_error("is judged by a program, which is not run", f"{where}.generated_checker")
    if row.interaction_format:
        raise row_error("is judged in a dialogue with the program", f"{where}.interaction_format")
    if row.input_mode == "file":
        raise row_error("wants a program that reads a file", f"{where}.input_mode")
    cases = row.official_tests or row.examples or []
    common: dict[str, Any] = {
        "task_id": row.id if "/" in row.id else f"Codeforces/{row.id}",
        "prompt": prompt_of(_statement(row), ""),
        "difficulty": f"{row.rating:g}" if row.rating else None,
        "group": group_of(row.description),
        "source": "codeforces",
    }
    given = {"inputs": [case.input for case in cases], "outputs": [case.output for case in cases]}
    return problem_of(common, given, where, "official_tests")


def _statement(row: Codeforces) -> str:
    examples = (f"Input:\n{case.input.strip()}\nOutput:\n{case.output.strip()}" for case in row.examples or ())
    parts = {
        "": row.description, "Input": row.input_format, "Output": row.output_format, "Examples": "\n\n".join(examples),
        "Note": row.note,
    }  # fmt: skip
    texts = [f"{title}\n{text.strip()}".strip() for title, text in parts.items() if text and text.strip()]
    return "\n\n".join([*filter(None, [row.title]), *texts])
