"""Problems of the embedded class, and their reference solutions."""

import textwrap
import tomllib
from dataclasses import dataclass
from typing import Any

from codekiln.data.records import CallTest
from codekiln.recipes.student.questions import Question


@dataclass(frozen=True)
class Assignment:
    """A problem with its reference solutions.

    Attributes:
        solutions: Solutions by the kind of loop; names in capitals are placeholders that a profile spells.
    """

    name: str
    question: Question
    docstring: str
    solutions: dict[str, str]


def read_assignments(text: str) -> dict[str, Assignment]:
    """Return the problems in a TOML text, by name."""
    return {table["name"]: _assignment(table) for table in tomllib.loads(text)["question"]}


def _assignment(table: dict[str, Any]) -> Assignment:
    doctests = table["doctests"].strip("\n") + "\n"
    docstring = f'"""{table["purpose"]}\n\n{doctests}"""'
    body = f"{docstring}\n# YOUR CODE HERE\n"
    question = Question(
        assignment_name=table["assignment"],
        instructions=table["instructions"],
        skeleton_code_fixed=table.get("fixed", "").strip("\n"),
        skeleton_code_todo=f"{table['signature']}\n{textwrap.indent(body, '    ').rstrip()}",
        entry_point=table["entry_point"],
        doctests=doctests,
        tests=tuple(CallTest(call=call, expect=expect) for call, expect in table.get("calls", [])),
    )
    solutions = {kind: code.strip("\n") for kind, code in table["solutions"].items()}
    return Assignment(table["name"], question, docstring, solutions)
