"""Rendering of a reference solution in the style of a simulated student."""

import random
import re
import textwrap

from codekiln.recipes.student.embedded.edits import StyleEdit, apply_edits, line_starts, tight_commas, tight_operators
from codekiln.recipes.student.embedded.problems import Assignment
from codekiln.recipes.student.embedded.profiles import NAMES, StudentProfile

HEADER = r"^(\s*)(if|elif|while|for) (.*):$"
COMMENTS = {
    "if": ("# check it", "# special case", "# is it the right one?"),
    "for": ("# go through all", "# loop", "# one by one"),
    "while": ("# as long as needed", "# loop", "# keep going"),
}


def render_solutions(
    assignment: Assignment, profile: StudentProfile, rng: random.Random
) -> tuple[tuple[str, str], tuple[str, str] | None]:
    """Return kind of loop and text of a right solution in a student's style, and of another; None without another.

    One in five may be of another kind than the favourite.
    """
    kinds = [kind for kind in profile.loops if kind in assignment.solutions]
    # Even students with a favourite loop sometimes use another one.
    chosen = kinds[0] if rng.random() < 0.8 else rng.choice(kinds)
    others = [kind for kind in kinds if kind != chosen]
    other = (others[0], _render(assignment, others[0], profile, rng)) if others else None
    return (chosen, _render(assignment, chosen, profile, rng)), other


def _render(assignment: Assignment, kind: str, profile: StudentProfile, rng: random.Random) -> str:
    code = re.sub(r"\b[A-Z]{4,}\b", lambda match: NAMES[profile.naming][match[0]], assignment.solutions[kind])
    if profile.docstring:
        header, _, body = code.partition("\n")
        code = f"{header}\n{textwrap.indent(assignment.docstring, '    ')}\n{body}"
    code = _reindented(code, profile.indent)
    if profile.brackets:
        code = apply_edits(code, _parenthesise(code))
    if profile.comments:
        code = apply_edits(code, _add_comments(code, rng))
    if profile.tight_commas:
        code = apply_edits(code, tight_commas(code))
    return apply_edits(code, [edit for edit in tight_operators(code) if rng.random() < profile.tight])


def _reindented(code: str, level: str) -> str:
    def narrow(match: re.Match[str]) -> str:
        return level * (len(match[0]) // 4) + " " * (len(match[0]) % 4)

    return re.sub(r"^ +", narrow, code, flags=re.MULTILINE)


def _parenthesise(code: str) -> list[StyleEdit]:
    found = []
    for offset, match in line_starts(code, HEADER):
        if match[2] != "for":
            start = offset + match.start(3)
            found.append(StyleEdit(((start, offset + match.end(3), f"({match[3]})"),)))
    return found


def _add_comments(code: str, rng: random.Random) -> list[StyleEdit]:
    return [
        StyleEdit(((offset, offset, f"{match[1]}{rng.choice(COMMENTS[match[2]])}\n"),))
        for offset, match in line_starts(code, HEADER)
        if match[2] != "elif" and rng.random() < 0.6
    ]
