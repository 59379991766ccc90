"""The interface of a metric: a named number of a program, its direction, and the reason when there is no number."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

from codekiln.data.normalise import TooDeep, parse, strip
from codekiln.data.records import Score

MAX_CHARACTERS = 20_000
MAX_LINES = 1_000
MAX_REREADING = 1_000_000
"""Lines times characters of one statement, summed: radon reads a statement again for each of its lines."""

T = TypeVar("T")

Direction = Literal["higher", "lower", "none"]


class NoSignal(Exception):
    """Raised inside a metric that has no value for a program.

    Args:
        reason: A short kebab-case reason, kept in the score.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Metric:
    """A measure of program text. It never runs the program.

    Args:
        name: The name of its file, and how settings and reports call it.
        direction: Which way is better; ``none`` when neither is.
        describe: One sentence for reports.
        measure: Takes one source text, returns its value or raises ``NoSignal``.
        measure_many: Takes several texts at once, where that is faster; one value or ``NoSignal`` each.
        guard: A metric that must improve as well before a gain on this one counts, because this one can be gained
            without the code getting better.
    """

    name: str
    direction: Direction
    describe: str
    measure: Callable[[str], float] | None = None
    measure_many: Callable[[Sequence[str]], list[float | NoSignal]] | None = None
    guard: str | None = None

    def score(self, code: str) -> Score:
        """Return the score of one program; any text gives a score, none an exception."""
        return self.score_many([code])[0]

    def score_many(self, codes: Sequence[str]) -> list[Score]:
        """Return one score per program, in order."""
        return [self._as_score(value) for value in self._measured(codes)]

    def _measured(self, codes: Sequence[str]) -> list[float | NoSignal]:
        if self.measure_many is not None:
            return self.measure_many(codes)
        if self.measure is None:
            raise TypeError(f"the metric {self.name} has neither measure nor measure_many")
        return [attempt(self.measure, code) for code in codes]

    def _as_score(self, value: float | NoSignal) -> Score:
        if isinstance(value, NoSignal):
            return Score(metric=self.name, value=None, reason=value.reason)
        return Score(metric=self.name, value=float(value))


def attempt(measure: Callable[[str], T], code: str) -> T | NoSignal:
    """Return ``measure(code)``, or the reason why there is no value."""
    try:
        return measure(code)
    except NoSignal as reason:
        return reason
    except RecursionError:
        return NoSignal("too-deep")


def parse_bounded(code: str) -> ast.Module:
    """Return the AST of ``code`` when it is small enough to measure in bounded time.

    The caps are ``MAX_CHARACTERS``, ``MAX_LINES``, ``MAX_REREADING`` and the depth that ``normalise.parse`` accepts.
    With them no metric takes more than about a second on one core.

    Raises:
        NoSignal: ``too-long``, ``not-python``, ``too-deep`` or ``too-slow``.
    """
    if len(code) > MAX_CHARACTERS or code.count("\n") >= MAX_LINES:
        raise NoSignal("too-long")
    try:
        tree = parse(code)
    except TooDeep as error:
        raise NoSignal("too-deep") from error
    except SyntaxError as error:
        raise NoSignal("not-python") from error
    if _rereading(tree, code.split("\n")) > MAX_REREADING:
        raise NoSignal("too-slow")
    return tree


@lru_cache(maxsize=16_384)
def stripped(code: str) -> str:
    """Return ``code`` without comments and docstrings, for metrics that look at structure alone.

    Raises:
        NoSignal: as ``parse_bounded``, and ``too-long`` when the canonical form is longer than ``MAX_CHARACTERS``.
    """
    parse_bounded(code)
    try:
        text = strip(code)
    except SyntaxError as error:
        raise NoSignal("not-python") from error
    if len(text) > MAX_CHARACTERS:
        raise NoSignal("too-long")
    return text


def _rereading(tree: ast.AST, lines: list[str]) -> int:
    work = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else node.end_lineno
            block = lines[node.lineno - 1 : end]
            work += len(block) * sum(map(len, block)) if len(block) > 1 else 0
    return work
