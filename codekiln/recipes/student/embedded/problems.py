"""The problems of the embedded class, read from their file."""

import textwrap
import tomllib
from dataclasses import dataclass
from typing import Any

from codekiln.data.records import CallTest
from codekiln.recipes.student.course import Question


@dataclass(frozen=True)
class Assignment:
    """A problem, and its solutions by the kind of loop each is built with; habits spell the names in capitals."""

    name: str
    question: Question
    docstring: str
    solutions: dict[str, str]


def read_assignments(text: str) -> dict[str, Assignment]:
    """Return the problems that a TOML text holds, by name."""
    return {given["name"]: _assignment(given) for given in tomllib.loads(text)["question"]}


def _assignment(given: dict[str, Any]) -> Assignment:
    doctests = given["doctests"].strip("\n") + "\n"
    docstring = f'"""{given["purpose"]}\n\n{doctests}"""'
    body = f"{docstring}\n# YOUR CODE HERE\n"
    question = Question(
        assignment_name=given["assignment"],
        instructions=given["instructions"],
        skeleton_code_fixed=given.get("fixed", "").strip("\n"),
        skeleton_code_todo=f"{given['signature']}\n{textwrap.indent(body, '    ').rstrip()}",
        entry_point=given["entry_point"],
        doctests=doctests,
        tests=tuple(CallTest(call=call, expect=expect) for call, expect in given.get("calls", [])),
    )
    solutions = {kind: code.strip("\n") for kind, code in given["solutions"].items()}
    return Assignment(given["name"], question, docstring, solutions)
