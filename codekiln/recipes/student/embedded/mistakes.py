"""Mistakes that simulated students make: mutations of their solutions, habits of Python 2, tabs among spaces."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from codekiln.code import mutation
from codekiln.code.mutation import Class, Mutation
from codekiln.recipes.student.embedded.edits import StyleEdit, line_starts
from codekiln.recipes.student.embedded.plausibility import is_plausible

STATEMENT = r"^([ \t]+)(\S.*)$"
SKIPPED_LOOP_MISTAKES = 0.7
"""Share of the mistakes in loop conditions and counters that are not used, because few real submissions hang."""

FREQUENT = {
    "missing-colon", "missing-closing-bracket", "extra-bracket", "misspelt-variable", "misspelt-function",
    "missing-indentation", "assignment-for-comparison", "print-for-return", "missing-return", "early-return",
    "wrong-boundary", "wrong-constant", "wrong-index", "loop-past-end", "condition-past-end", "number-as-sequence",
    "missing-initialisation", "missing-update", "reset-in-loop", "overwritten-total", "missing-early-return",
    "missing-else", "wrong-initial-type", "used-before-assignment", "statement-in-loop", "statement-after-block",
    "missing-offset", "wrong-direction", "flipped-equality", "missing-self", "wrong-variable", "missing-base-case",
    "length-as-attribute",
}  # fmt: skip
"""Families that studies of novices report most often; see ``code/mutation/references.py``."""
FREQUENT_WEIGHT = 5
PYTHON_2_HABIT = "python-2"
PYTHON_2: tuple[tuple[str, str, Class, str], ...] = (
    (r" != ", " <> ", "syntax", "the sign `<>`"),
    (r"\brange\(", "xrange(", "runtime", "the function `xrange`"),
    (r"\.items\(\)", ".iteritems()", "runtime", "the method `iteritems`"),
    (r"if (\w+) in (\w+):", r"if \2.has_key(\1):", "runtime", "the method `has_key`"),
    (r" // ", " / ", "logical", "the division `/`"),
    (r"//", "/", "logical", "the division `/`"),
)
"""What Python 2 allowed: pattern, replacement, class of the error today, and what an explanation names."""


@dataclass(frozen=True)
class Mistake:
    """One mistake that can be put into a solution.

    Attributes:
        kind: Name of its family.
        group: Class of the error it leads to.
        construct: What somebody who has found it names, such as "the comparison ``<``".
    """

    edit: StyleEdit
    kind: str
    group: Class
    construct: str


def possible_mistakes(solution: str, rng: random.Random, python_2: bool) -> dict[Class, list[Mistake]]:
    """Return the mistakes that can be put into a solution, by class.

    None is in the first line, which the skeleton gives.

    Args:
        solution: A program that is right.
        rng: Decides which mistakes that may hang are left out.
        python_2: Whether the student knows Python 2.
    """
    found: dict[Class, list[Mistake]] = {name: [] for name in mutation.CLASSES}
    given = solution.index("\n") + 1
    for one in mutation.mutations(solution):
        likely = one.start >= given and is_plausible(solution, one)
        if likely and (not _may_hang(solution, one.start) or rng.random() > SKIPPED_LOOP_MISTAKES):
            found[one.intended].append(Mistake(_edit(solution, one), one.kind, one.intended, one.construct))
    for mistake in (*_mixed_indentation(solution), *(_python_2(solution) if python_2 else ())):
        found[mistake.group].append(mistake)
    return found


def _edit(solution: str, mutation: Mutation) -> StyleEdit:
    """Return a mutation as an edit.

    A start value that is set in a loop is not set before it as well, and lines are left out with their comment.
    """
    change = (mutation.start, mutation.end, mutation.text)
    if not mutation.text and (comment := re.search(r"^[ \t]*#.*\n\Z", solution[: mutation.start], re.MULTILINE)):
        change = (comment.start(), mutation.end, "")
    if mutation.kind == "reset-in-loop":
        line = re.escape(mutation.text.strip())
        before = re.search(rf"^[ \t]+{line}\n", solution[: mutation.start], re.MULTILINE)
        return StyleEdit(((before.start(), before.end(), ""), change)) if before else StyleEdit((change,))
    return StyleEdit((change,))


def draw_mistake(mistakes: list[Mistake], rng: random.Random) -> Mistake:
    """Draw a family, those that novices are known for more often, and one of its mistakes."""
    kinds = sorted({mistake.kind for mistake in mistakes})
    weights = [FREQUENT_WEIGHT if kind in FREQUENT or kind == PYTHON_2_HABIT else 1 for kind in kinds]
    kind = rng.choices(kinds, weights)[0]
    return rng.choice([mistake for mistake in mistakes if mistake.kind == kind])


def _may_hang(code: str, offset: int) -> bool:
    """Tell whether the line at an offset decides when a loop ends: its condition, or an update of a counter."""
    line = code[code.rfind("\n", 0, offset) + 1 :].partition("\n")[0]
    return "while" in code and re.match(r"\s*(while\b|(\w+) ?= ?\2\b|\w+ ?[+-]=)", line) is not None


def _mixed_indentation(code: str) -> Iterator[Mistake]:
    """Yield each line whose indentation can be of tabs among spaces, or of spaces among tabs."""
    lines = list(line_starts(code, STATEMENT))
    for offset, match in lines[1:]:
        space, text = match[1], match[2]
        if text.startswith("#"):
            continue
        other = "        " * len(space) if "\t" in space else "\t" * max(1, len(space) // 4)
        edit = StyleEdit(((offset, offset + len(space), other),))
        yield Mistake(edit, "mixed-indentation", "syntax", f"the spaces and tabs before `{text}`")


def _python_2(code: str) -> Iterator[Mistake]:
    for pattern, new, group, construct in PYTHON_2:
        for match in re.finditer(pattern, code):
            edit = StyleEdit(((match.start(), match.end(), match.expand(new)),))
            yield Mistake(edit, PYTHON_2_HABIT, group, construct)
