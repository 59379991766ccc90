"""Which verified programs of a problem are worth learning from: the best by a metric, and others built differently."""

import ast
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from codekiln.code import metrics
from codekiln.code.distance import pq_gram_distance
from codekiln.data.folders import Rejected
from codekiln.data.normalise import fingerprint, parse
from codekiln.data.records import Graded, Problem, StdinTest
from codekiln.sandbox.grading import program_of


@dataclass(frozen=True)
class Solution:
    """A verified program; ``rank`` 0 is the best of its problem, 1 the best of those unlike it, and so on."""

    problem: Problem
    graded: Graded
    code: str
    rank: int = 0

    @property
    def run(self) -> str:
        """The run or model that wrote it."""
        return self.graded.sample.model or ""


@dataclass(frozen=True)
class Choice:
    """How solutions are chosen: by which metric, how many a problem, and how far apart their trees are (0..1)."""

    metric: str
    count: int
    apart: float

    def merit(self, graded: Graded) -> float:
        """Return how good a program is: more is better, and no value is worst."""
        value = graded.score(self.metric)
        return -math.inf if value is None else -value if metrics.get(self.metric).direction == "lower" else value


def verified(graded: Graded) -> bool:
    """Return whether a program passed, and ran every test there is."""
    verdict = graded.verdict
    return verdict.passed and verdict.tests_total > 0 and verdict.tests_passed == verdict.tests_total


def choose(
    problem: Problem, graded: Iterable[Graded], choice: Choice, objection: Callable[[Graded], str | None]
) -> tuple[list[Solution], list[Rejected]]:
    """Return the chosen solutions of a problem, best first, and the other verified programs with the reason.

    Reasons are ``enough`` (there are ``choice.count`` better ones), those of ``objection`` and of `flaw`, ``twin`` (a
    chosen program up to names, comments and layout) and ``alike`` (its tree is nearer to a chosen one than
    ``choice.apart``).
    """
    chosen: list[Solution] = []
    rejected: list[Rejected] = []
    for row, code in _best_first(problem, graded, choice):
        enough = "enough" if len(chosen) == choice.count else None
        if reason := enough or objection(row) or flaw(problem, code) or _nearness(code, chosen, choice.apart):
            rejected.append(Rejected(reason, row))
        else:
            chosen.append(Solution(problem, row, code, rank=len(chosen)))
    return chosen, rejected


def flaw(problem: Problem, code: str) -> str | None:
    """Return what a solution has that is no part of one, or None.

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
    script = any(isinstance(test, StdinTest) for test in problem.tests)
    if not script and any(isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant) for node in body):
        return "runs-on-import"
    return None


def _best_first(problem: Problem, graded: Iterable[Graded], choice: Choice) -> list[tuple[Graded, str]]:
    """Return each verified text once, best first; of equally good programs the shorter one comes first."""
    texts: dict[str, Graded] = {}
    for row in graded:
        if verified(row):
            texts.setdefault(program_of(problem, row.sample).strip("\n"), row)
    ranked = sorted(texts, key=lambda code: (-choice.merit(texts[code]), len(code), code))
    return [(texts[code], code) for code in ranked]


def _nearness(code: str, chosen: Sequence[Solution], apart: float) -> str | None:
    if any(_key(code) == _key(other.code) for other in chosen):
        return "twin"
    return "alike" if any(pq_gram_distance(code, other.code) < apart for other in chosen) else None


_key = lru_cache(maxsize=16_384)(fingerprint)
