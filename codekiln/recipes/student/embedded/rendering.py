"""A solution as a student with habits would write it."""

import random
import re
import textwrap

from codekiln.recipes.student.embedded.edits import Edit, line_starts, put_in, tight_commas, tight_operators
from codekiln.recipes.student.embedded.habits import NAMES, Habits
from codekiln.recipes.student.embedded.problems import Assignment

HEADER = r"^(\s*)(if|elif|while|for) (.*):$"
COMMENTS = {
    "if": ("# check it", "# special case", "# is it the right one?"),
    "for": ("# go through all", "# loop", "# one by one"),
    "while": ("# as long as needed", "# loop", "# keep going"),
}


def write_solution(assignment: Assignment, habits: Habits, rng: random.Random) -> str:
    """Return a correct solution in a student's style; now and then with another kind of loop than usual."""
    kinds = [kind for kind in habits.loops if kind in assignment.solutions]
    code = assignment.solutions[kinds[0] if rng.random() < 0.8 else rng.choice(kinds)]
    code = re.sub(r"\b[A-Z]{4,}\b", lambda match: NAMES[habits.naming][match[0]], code)
    if habits.docstring:
        header, _, body = code.partition("\n")
        code = f"{header}\n{textwrap.indent(assignment.docstring, '    ')}\n{body}"
    code = _indented(code, habits.indent)
    if habits.brackets:
        code = put_in(code, _brackets(code))
    if habits.comments:
        code = put_in(code, _comments(code, rng))
    if habits.tight_commas:
        code = put_in(code, tight_commas(code))
    return put_in(code, [edit for edit in tight_operators(code) if rng.random() < habits.tight])


def _indented(code: str, spaces: int) -> str:
    def narrow(match: re.Match) -> str:
        return " " * (len(match[0]) // 4 * spaces + len(match[0]) % 4)

    return re.sub(r"^ +", narrow, code, flags=re.MULTILINE)


def _brackets(code: str) -> list[Edit]:
    found = []
    for offset, match in line_starts(code, HEADER):
        if match[2] != "for":
            start = offset + match.start(3)
            found.append(Edit(((start, offset + match.end(3), f"({match[3]})"),)))
    return found


def _comments(code: str, rng: random.Random) -> list[Edit]:
    return [
        Edit(((offset, offset, f"{match[1]}{rng.choice(COMMENTS[match[2]])}\n"),))
        for offset, match in line_starts(code, HEADER)
        if match[2] != "elif" and rng.random() < 0.6
    ]
