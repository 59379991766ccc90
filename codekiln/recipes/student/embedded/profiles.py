"""Profiles of simulated students: naming, spacing and other habits of writing code."""

import random
from dataclasses import dataclass

from codekiln.code.mutation import Class

NAMES = {
    "plain": {
        "COUNT": "count", "TOTAL": "total", "RESULT": "result", "ITEM": "item", "INDEX": "i", "BEST": "best",
        "LEAST": "least", "REST": "rest", "NEXT": "next_one", "LAST": "last",
    },
    "short": {
        "COUNT": "k", "TOTAL": "s", "RESULT": "r", "ITEM": "x", "INDEX": "i", "BEST": "m", "LEAST": "q", "REST": "t",
        "NEXT": "y", "LAST": "p",
    },
    "long": {
        "COUNT": "number_found", "TOTAL": "running_total", "RESULT": "final_result", "ITEM": "current",
        "INDEX": "index", "BEST": "best_so_far", "LEAST": "smallest", "REST": "still_to_do", "NEXT": "next_value",
        "LAST": "previous",
    },
    "camel": {
        "COUNT": "howMany", "TOTAL": "theSum", "RESULT": "newResult", "ITEM": "thisOne", "INDEX": "pos",
        "BEST": "theBest", "LEAST": "theLeast", "REST": "theRest", "NEXT": "nextOne", "LAST": "lastOne",
    },
    "temporary": {
        "COUNT": "cnt", "TOTAL": "tot", "RESULT": "ans", "ITEM": "el", "INDEX": "idx", "BEST": "tmp", "LEAST": "tmp2",
        "REST": "todo", "NEXT": "new", "LAST": "old",
    },
}  # fmt: skip
"""Spelling of each placeholder name of the solutions, by naming style."""

LOOPS = (("for", "while", "recursive"), ("while", "for", "recursive"), ("recursive", "for", "while"))


@dataclass(frozen=True)
class StudentProfile:
    """Habits that all programs of a student share.

    Attributes:
        naming: Key of ``NAMES``.
        loops: Kinds of solution, the favourite first.
        indent: White space per level: spaces, or a tab.
        tight: Share of the operators without spaces around them.
        tight_commas: Whether commas have no space after them.
        docstring: Whether the docstring of the skeleton is kept.
        comments: Whether loops and conditions have a comment above them.
        brackets: Whether conditions are in parentheses, as in C-like languages.
        python_2: Whether the student learned Python 2 before, and writes some of it.
        care: 0 to 1; careful students need fewer attempts and leave fewer traces of work.
        classes: Weight of each class of mistakes.
    """

    naming: str
    loops: tuple[str, ...]
    indent: str
    tight: float
    tight_commas: bool
    docstring: bool
    comments: bool
    brackets: bool
    python_2: bool
    care: float
    classes: dict[Class, float]


def draw_profile(rng: random.Random) -> StudentProfile:
    """Draw the profile of one student."""
    return StudentProfile(
        naming=rng.choice(sorted(NAMES)),
        loops=rng.choices(LOOPS, (5, 3, 2))[0],
        indent=rng.choices(("    ", "  ", "   ", "\t"), (6, 2, 1, 2))[0],
        tight=rng.choice((0.0, 0.0, 0.2, 0.6, 1.0)),
        tight_commas=rng.random() < 0.25,
        docstring=rng.random() < 0.4,
        comments=rng.random() < 0.25,
        brackets=rng.random() < 0.2,
        python_2=rng.random() < 0.2,
        care=rng.random(),
        classes={"syntax": rng.uniform(0.05, 0.3), "runtime": rng.uniform(0.2, 0.5), "logical": rng.uniform(0.3, 0.7)},
    )
