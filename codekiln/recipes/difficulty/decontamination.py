"""Keeps training problems apart from evaluation problems by what they say and by how they are solved."""

from collections.abc import Sequence

from codekiln.data import near_duplicates
from codekiln.data.folders import Rejected
from codekiln.data.records import Problem

NEAR_PROMPT, NEAR_REFERENCE = "near-evaluation-prompt", "near-evaluation-reference"


def apart(
    train: Sequence[Problem], evaluation: Sequence[Problem], threshold: float
) -> tuple[list[Problem], list[Rejected]]:
    """Return the training problems that are near no evaluation problem, and the others with the reason.

    ``near-evaluation-prompt``: the prompts share ``threshold`` of their 5-grams; ``near-evaluation-reference``: the
    known solutions do.
    """
    reasons = dict.fromkeys(_near(train, evaluation, "reference", threshold), NEAR_REFERENCE)
    reasons |= dict.fromkeys(_near(train, evaluation, "prompt", threshold), NEAR_PROMPT)
    kept = [row for row in train if row.task_id not in reasons]
    return kept, [Rejected(reasons[row.task_id], row) for row in train if row.task_id in reasons]


def _near(train: Sequence[Problem], evaluation: Sequence[Problem], field: str, threshold: float) -> set[str]:
    sides = [[row for row in rows if getattr(row, field)] for rows in (train, evaluation)]
    texts = [[getattr(row, field) for row in rows] for rows in sides]
    return {sides[0][left].task_id for left, _, _ in near_duplicates.near(*texts, threshold)}
