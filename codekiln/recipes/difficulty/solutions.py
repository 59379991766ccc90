"""Selection of the solutions of one problem: the best by a metric, and others whose syntax trees differ."""

import ast
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from codekiln.code import metrics
from codekiln.code.distance import pq_gram_distance
from codekiln.data.folders import Rejected
from codekiln.data.normalise import fingerprint, parse
from codekiln.data.records import Graded, Problem
from codekiln.sandbox.grading import program_of


@dataclass(frozen=True)
class Solution:
    """A verified program; ``rank`` 0 is the best of its problem, 1 the best of those that differ from it, and so on."""

    problem: Problem
    graded: Graded
    code: str
    rank: int = 0

    @property
    def run(self) -> str:
        """The run or model that wrote it."""
        return self.graded.sample.model or ""


@dataclass(frozen=True)
class SelectionCriteria:
    """How solutions of one problem are selected.

    Attributes:
        metric: Name of the metric that ranks them.
        count: Largest number of solutions.
        distance: Least pq-gram distance between the syntax trees of two of them, 0..1.
    """

    metric: str
    count: int
    distance: float

    def merit(self, graded: Graded) -> float:
        """Return how good a program is: more is better, and no value is worst."""
        value = graded.score(self.metric)
        return -math.inf if value is None else -value if metrics.get(self.metric).direction == "lower" else value


def is_verified(graded: Graded) -> bool:
    """Return whether a program passed, and ran every test there is."""
    verdict = graded.verdict
    return verdict.passed and verdict.tests_total > 0 and verdict.tests_passed == verdict.tests_total


def select(
    problem: Problem,
    graded: Iterable[Graded],
    criteria: SelectionCriteria,
    objection: Callable[[Problem, Graded], str | None],
) -> tuple[list[Solution], list[Rejected]]:
    """Return the selected solutions of a problem, best first, and the other verified programs with the reason.

    Reasons are ``enough`` (there are ``criteria.count`` better ones), those of ``objection`` and of `flaw_of`, ``twin``
    (a selected program up to names, comments and layout) and ``alike`` (its tree is nearer to a selected one than
    ``criteria.distance``).
    """
    selected: list[Solution] = []
    rejected: list[Rejected] = []
    for row, code in _best_first(problem, graded, criteria):
        enough = "enough" if len(selected) == criteria.count else None
        reason = (
            enough or objection(problem, row) or flaw_of(problem, code) or _overlap(code, selected, criteria.distance)
        )
        if reason:
            rejected.append(Rejected(reason, row))
        else:
            selected.append(Solution(problem, row, code, rank=len(selected)))
    return selected, rejected


def flaw_of(problem: Problem, code: str) -> str | None:
    """Return the reason why a solution is rejected for its form, or None.

    ``carriage-return``, ``not-python``; ``pasted-asserts``: tests at module level; and, unless the problem asks for a
    script, ``runs-on-import``: a call at module level, such as a print.
    """
    if "\r" in code:
        return "carriage-return"
    try:
        body = parse(code).body
    except SyntaxError:
        return "not-python"
    if any(isinstance(node, ast.Assert) for node in body):
        return "pasted-asserts"
    script = problem.has_scripts
    if not script and any(isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant) for node in body):
        return "runs-on-import"
    return None


def _best_first(problem: Problem, graded: Iterable[Graded], criteria: SelectionCriteria) -> list[tuple[Graded, str]]:
    """Return each verified text once, best first; of equally good programs the shorter one comes first."""
    texts: dict[str, Graded] = {}
    for row in graded:
        if is_verified(row):
            # Samples differ in blank lines at their ends, which are no part of a solution.
            texts.setdefault(program_of(problem, row.sample).strip("\n"), row)
    ranked = sorted(texts, key=lambda code: (-criteria.merit(texts[code]), len(code), code))
    return [(texts[code], code) for code in ranked]


def _overlap(code: str, selected: Sequence[Solution], distance: float) -> str | None:
    if any(fingerprint(code) == fingerprint(other.code) for other in selected):
        return "twin"
    return "alike" if any(pq_gram_distance(code, other.code) < distance for other in selected) else None
