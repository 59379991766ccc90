"""The problems of data sets for reinforcement learning: verl's rows, and rStar-Coder's.

Facts from verl's documentation ("Prepare data for post-training") and the cards of ``PRIME-RL/Eurus-2-RL-Data`` and
``microsoft/rStar-Coder``: a row of verl has the conversation to answer and, as JSON, what its reward function compares
with; for code that is the test cases as in TACO. Rows of mathematics stand beside those of code.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.readers.apps import place_of
from codekiln.data.readers.contest import row_error, value_of
from codekiln.data.readers.reply_texts import text_of
from codekiln.data.readers.verifiable import problem_of_cases
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors


class Verl(BaseModel):
    """One row of code that verl trains on."""

    model_config = ConfigDict(extra="ignore", strict=True)

    prompt: str | list[dict[str, Any]] = Field(description="the conversation to answer")
    reward_model: dict[str, Any] = Field(description="ground_truth: test cases; JSON or a value")
    ability: str | None = None


class RStar(BaseModel):
    """One row of rStar-Coder's test cases."""

    model_config = ConfigDict(extra="ignore", strict=True)

    question_id: str
    question: str
    inputs: str | list[Any] = Field(description="JSON: a list")
    outputs: str | list[Any] = Field(description="JSON: a list")
    starter_code: str | None = None
    func_name: str | None = None


def from_verl(row: Verl, where: str, show: int) -> Problem:
    """Make a problem of a row: its user's turns are the statement, and rows get their place in the file as name."""
    if row.ability and "cod" not in row.ability.lower():
        what = f"is a problem of {row.ability!r}, not of code"
        raise InputErrors([InputError(what, where=f"{where}.ability", fix="leave the rows out that are not of code")])
    turns = [{"role": "user", "content": row.prompt}] if isinstance(row.prompt, str) else row.prompt
    asked = [text_of(turn) for turn in turns if turn.get("role") == "user"]
    if not (statement := "\n\n".join(filter(None, asked))):
        raise row_error("has no text of a user", f"{where}.prompt")
    at = f"{where}.reward_model.ground_truth"
    cases = value_of(row.reward_model.get("ground_truth"), at)
    name = f"verl/{place_of(where)}"
    return problem_of_cases(name, statement, "", cases, (), where, "reward_model.ground_truth", source="verl")


def from_rstar(row: RStar, where: str, show: int) -> Problem:
    """Make a problem of a row; its test cases are hidden and grade."""
    cases = {
        "inputs": value_of(row.inputs, f"{where}.inputs"),
        "outputs": value_of(row.outputs, f"{where}.outputs"),
        "fn_name": row.func_name or None,
    }
    name = row.question_id if "/" in row.question_id else f"rStar/{row.question_id}"
    return problem_of_cases(name, row.question, row.starter_code or "", cases, (), where, "inputs", source="rstar")
