"""Preference pairs that teach correct programs first, and among correct ones the better program by a code metric.

A pair belongs to one stratum. *quality*: both programs pass their tests and the metric tells them apart by a margin.
*correctness*: one passes, the other runs and fails. Programs that are equal but for names, comments and layout count
as one, so that no pair teaches a comment.
"""

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from codekiln import metrics, prompts
from codekiln.dataset import Rejected
from codekiln.errors import InputError
from codekiln.grading import program_of
from codekiln.recipes import Recipe, RecipeSettings, Rows
from codekiln.records import Example, Graded, Pair, Problem
from codekiln.rewrite.normalise import fingerprint

WRONG = frozenset({"failed", "error", "timeout", "memory", "output", "invalid"})
"""Verdicts that blame the program; ``crashed`` may be the machine's fault, and ``tampered`` teaches nothing here."""


class Settings(RecipeSettings):
    """How pairs and examples are chosen."""

    margin: float = Field(3.0, ge=0, description="least difference in the metric within a quality pair")
    pairs_per_problem: int = Field(2, ge=1, description="at most so many pairs of each stratum per problem")
    correctness_share: float = Field(0.5, ge=0, le=1, description="largest share of correctness pairs; 1: no limit")
    examples_per_problem: int = Field(4, ge=1, description="at most so many SFT rows per problem")
    examples: Literal["random", "best"] = Field("random", description="which solutions SFT sees: any, or the best")


@dataclass(frozen=True)
class Candidate:
    """A graded program; ``value`` is its score, ``merit`` the same with more always meaning better."""

    code: str
    key: str
    value: float | None
    merit: float | None


class Maintainability(Recipe):
    """Quality pairs, correctness pairs, and examples, from graded solutions.

    Raises:
        InputError: There is no such metric, or neither way is better by it.
    """

    describe: ClassVar[str] = "Preference pairs of solutions: passing over failing, better over worse by a code metric."
    Settings: ClassVar[type[RecipeSettings]] = Settings

    def __init__(self, settings: Settings, *, metric: str, seed: int) -> None:
        super().__init__(settings, metric=metric, seed=seed)
        direction = metrics.get(metric).direction
        if direction == "none":
            known = [name for name in metrics.names() if metrics.get(name).direction != "none"]
            raise InputError(
                f"'{metric}' does not say which program is better",
                where="metric",
                fix=f"choose one of: {', '.join(known)}",
            )
        self._sign = 1.0 if direction == "higher" else -1.0

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> Rows:
        """Build rows problem by problem, then hold the correctness stratum to its share.

        A problem without a quality pair has one rejected row that says why: ``no-samples``, ``no-passing-sample``,
        ``single-program``, ``twins`` (different texts, one program), ``no-signal`` (under two scores), ``tie`` or
        ``margin``; the last two hold the best pair there was. ``correctness-share`` holds a pair over the share.

        Raises:
            InputError: A sample names none of the problems.
        """
        problems = list(problems)
        by_task = _by_task(problems, graded)
        rows, correctness = Rows(), []
        for problem in problems:
            rng = random.Random(f"{self.seed}:{problem.task_id}")
            passing, wrong = self._candidates(problem, by_task[problem.task_id], rng)
            rows.examples += self._examples(problem, passing)
            pairs, rejected = self._quality(problem, passing, empty=not by_task[problem.task_id])
            rows.pairs += pairs
            rows.rejected += rejected
            correctness += enumerate(self._correctness(problem, passing, wrong))
        kept, rejected = self._within_share(correctness, len(rows.pairs))
        rows.pairs += kept
        rows.rejected += rejected
        return rows

    def _candidates(
        self, problem: Problem, graded: list[Graded], rng: random.Random
    ) -> tuple[list[Candidate], list[Candidate]]:
        """Return passing and wrong candidates, shuffled, so that every later tie is broken at random."""
        passing, wrong = set(), set()
        for item in graded:
            code, value = program_of(problem, item.sample), item.score(self.metric)
            candidate = Candidate(code, _key(code), value, None if value is None else self._sign * value)
            if item.verdict.passed:
                passing.add(candidate)
            elif item.verdict.status in WRONG:
                wrong.add(candidate)
        correct = {candidate.key for candidate in passing}
        wrong = {candidate for candidate in wrong if candidate.key not in correct}
        return _shuffled(passing, rng), _shuffled(wrong, rng)

    def _examples(self, problem: Problem, passing: list[Candidate]) -> list[Example]:
        ranked = passing if self.settings.examples == "random" else _best_first(passing)
        return [
            Example(
                prompt=prompts.messages(problem),
                completion=prompts.answer(candidate.code),
                task_id=problem.task_id,
                group=problem.group,
            )
            for candidate in _distinct(ranked)[: self.settings.examples_per_problem]
        ]

    def _quality(self, problem: Problem, passing: list[Candidate], empty: bool) -> tuple[list[Pair], list[Rejected]]:
        scored = [candidate for candidate in passing if candidate.merit is not None]
        if reason := _unpairable(passing, scored, empty):
            return [], [Rejected(reason, problem)]
        matches = sorted(_matches(scored), key=_gap, reverse=True)
        wide = [match for match in matches if _gap(match) > 0 and _gap(match) >= self.settings.margin]
        if wide:
            return [self._pair(problem, "quality", *match) for match in wide[: self.settings.pairs_per_problem]], []
        reason = "margin" if _gap(matches[0]) > 0 else "tie"
        return [], [Rejected(reason, self._pair(problem, "quality", *matches[0]))]

    def _correctness(self, problem: Problem, passing: list[Candidate], wrong: list[Candidate]) -> list[Pair]:
        """Pair the best passing programs with the wrong programs most like them.

        The best, because what is chosen is imitated; the most alike, because then the pair shows the mistake, and a
        well-built wrong program is not held against a badly built right one for its structure.
        """
        chosen, left, pairs = _distinct(_best_first(passing)), _distinct(wrong), []
        for index in range(min(self.settings.pairs_per_problem, len(left)) if chosen else 0):
            right = chosen[index % len(chosen)]
            nearest = max(left, key=lambda candidate: _likeness(right.code, candidate.code))
            left.remove(nearest)
            pairs.append(self._pair(problem, "correctness", right, nearest))
        return pairs

    def _within_share(self, ranked: list[tuple[int, Pair]], quality: int) -> tuple[list[Pair], list[Rejected]]:
        """Keep every problem's first correctness pair before any problem's second."""
        share = self.settings.correctness_share
        allowed = len(ranked) if share == 1 else math.floor(share / (1 - share) * quality + 1e-9)
        order = list(range(len(ranked)))
        random.Random(f"{self.seed}:correctness-share").shuffle(order)
        keep = set(sorted(order, key=lambda index: ranked[index][0])[:allowed])
        kept = [pair for index, (_, pair) in enumerate(ranked) if index in keep]
        return kept, [
            Rejected("correctness-share", pair) for index, (_, pair) in enumerate(ranked) if index not in keep
        ]

    def _pair(
        self, problem: Problem, stratum: Literal["correctness", "quality"], chosen: Candidate, rejected: Candidate
    ) -> Pair:
        return Pair(
            prompt=prompts.messages(problem),
            chosen=prompts.answer(chosen.code),
            rejected=prompts.answer(rejected.code),
            task_id=problem.task_id,
            group=problem.group,
            stratum=stratum,
            metric=self.metric,
            chosen_score=chosen.value,
            rejected_score=rejected.value,
        )


def _by_task(problems: list[Problem], graded: Iterable[Graded]) -> dict[str, list[Graded]]:
    by_task: dict[str, list[Graded]] = defaultdict(list)
    for item in graded:
        by_task[item.sample.task_id].append(item)
    if unknown := by_task.keys() - {problem.task_id for problem in problems}:
        raise InputError(
            f"samples of unknown problems: {', '.join(sorted(unknown)[:5])}",
            where="samples.task_id",
            fix="give the problems that these samples were written for",
        )
    return by_task


def _unpairable(passing: list[Candidate], scored: list[Candidate], empty: bool) -> str | None:
    if not passing:
        return "no-samples" if empty else "no-passing-sample"
    if len(_distinct(passing)) < 2:
        return "single-program" if len(passing) == 1 else "twins"
    return "no-signal" if len(_distinct(scored)) < 2 else None


def _matches(scored: list[Candidate]) -> list[tuple[Candidate, Candidate]]:
    """Match best with worst, second best with second worst, and so on; each program is used once.

    Twins can differ in a metric that reads comments: as a chosen program counts the best of them, as a rejected one
    the worst.
    """
    best, worst = _distinct(_best_first(scored)), _distinct(_best_first(scored)[::-1])
    used, matches = set(), []
    for chosen in best:
        rejected = next((item for item in worst if item.key not in used | {chosen.key}), None)
        if chosen.key not in used and rejected is not None:
            used |= {chosen.key, rejected.key}
            matches.append((chosen, rejected))
    return matches


def _gap(match: tuple[Candidate, Candidate]) -> float:
    return match[0].merit - match[1].merit


def _best_first(candidates: list[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda item: -math.inf if item.merit is None else item.merit, reverse=True)


def _distinct(candidates: list[Candidate]) -> list[Candidate]:
    """Keep the first candidate of each program."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.key, candidate)
    return list(first.values())


def _shuffled(candidates: set[Candidate], rng: random.Random) -> list[Candidate]:
    ordered = sorted(candidates, key=lambda candidate: candidate.code)
    rng.shuffle(ordered)
    return ordered


def _key(code: str) -> str:
    """What makes two texts one program; a text that is no program is only equal to itself."""
    try:
        return fingerprint(code)
    except SyntaxError:
        return code


def _likeness(one: str, other: str) -> float:
    """Return the share of tokens two programs have in common, 0 to 1 (Dice coefficient of multisets)."""
    first, second = (Counter(re.findall(r"\w+|\S", text)) for text in (one, other))
    return 2 * (first & second).total() / max(1, first.total() + second.total())
