"""Preference pairs that teach correct programs first, and among correct ones the better program by a code metric.

A pair belongs to one stratum. *quality*: both programs pass their tests and the metric tells them apart by a margin.
*correctness*: one passes, the other runs and fails. Programs that are equal but for names, comments and layout count
as one, so that no pair teaches a comment.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from codekiln.code import metrics
from codekiln.data import prompts
from codekiln.data.folders import Rejected
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Example, Graded, Pair, Problem
from codekiln.errors import InputError
from codekiln.recipes.base import Recipe, by_task
from codekiln.recipes.maintainability import export, tasks
from codekiln.recipes.maintainability.pairing import (
    Candidate,
    Match,
    Rule,
    best_first,
    distinct,
    gap,
    likeness,
    matches,
)
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.grading import program_of

WRONG = frozenset({"failed", "error", "timeout", "memory", "output", "invalid"})
"""Verdicts that blame the program; ``crashed`` may be the machine's fault, and ``tampered`` teaches nothing here."""


class Settings(RecipeSettings):
    """How pairs and examples are chosen."""

    margin: float = Field(3.0, ge=0, description="least difference in the metric within a quality pair")
    pairs_per_problem: int = Field(2, ge=1, description="at most so many pairs of each stratum per problem")
    correctness_share: float = Field(0.5, ge=0, le=1, description="largest share of correctness pairs; 1: no limit")
    examples_per_problem: int = Field(4, ge=1, description="at most so many SFT rows per problem")
    examples: Literal["random", "best"] = Field("random", description="which solutions SFT sees: any, or the best")
    negatives: Literal["worst", "alike"] = Field(
        "worst",
        description="rejected in a quality pair: the worst program, or of those worse by the margin the most alike",
    )
    max_likeness: float = Field(
        1.0,
        gt=0,
        le=1,
        description="largest share of tokens that the two programs of a pair have in common; 1: no limit",
    )
    same: Literal["structure", "text"] = Field(
        "structure", description="programs that count as one: equal up to names and comments, or equal texts alone"
    )
    ties: Literal["drop", "first"] = Field(
        "drop",
        description="programs of equal score: no pair; or the one written first is chosen, if there were but two",
    )
    ask: Literal["tests", "signature"] = Field(
        "tests",
        description="how problems are shown: with their visible tests, or with the function's signature and none",
    )
    system: str = Field("", description="system turn of every conversation; empty: none")


class Maintainability(Recipe[Settings]):
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

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return problems as the run names them, with conversations where ``ask`` or ``system`` want others."""
        made = super().problems(settings)
        if self.settings.ask == "tests" and not self.settings.system:
            return made
        shown = {"signature": self.settings.ask == "signature", "system": self.settings.system}
        return ProblemSets(tasks.ask(made.train, **shown), tasks.ask(made.evaluation, **shown), made.rejected)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Build rows problem by problem, then hold the correctness stratum to its share.

        A problem without a quality pair has one rejected row that says why: ``no-samples``, ``no-passing-sample``,
        ``single-program``, ``twins`` (different texts, one program), ``no-signal`` (under two scores), ``tie``,
        ``margin`` or ``too-alike``; the last three hold the best pair there was. ``correctness-share`` holds a pair
        over the share.

        Raises:
            InputError: A sample names none of the problems.
        """
        problems = list(problems)
        written = by_task(problems, graded)
        rows, correctness = TrainingRows(), []
        for problem in problems:
            rng = random.Random(f"{self.seed}:{problem.task_id}")
            passing, wrong = self._candidates(problem, written[problem.task_id], rng)
            rows.examples += self._examples(problem, passing)
            pairs, rejected = self._quality(problem, passing, len(written[problem.task_id]))
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
        """Return passing and wrong candidates, shuffled, so that every later tie is broken at random.

        Where the first of a tie is chosen, they are in the order they were written in.
        """
        passing, wrong = set(), set()
        for item in graded:
            code, value = program_of(problem, item.sample), item.score(self.metric)
            merit = None if value is None else self._sign * value
            place = (item.sample.seed or 0) if self.settings.ties == "first" else 0
            candidate = Candidate(code, self._key(code), value, merit, place)
            if item.verdict.passed:
                passing.add(candidate)
            elif item.verdict.status in WRONG:
                wrong.add(candidate)
        correct = {candidate.key for candidate in passing}
        wrong = {candidate for candidate in wrong if candidate.key not in correct}
        return self._ordered(passing, rng), self._ordered(wrong, rng)

    def _ordered(self, candidates: set[Candidate], rng: random.Random) -> list[Candidate]:
        ordered = sorted(
            candidates,
            key=lambda item: (item.place, item.code, item.merit is None, 0.0 if item.merit is None else item.merit),
        )
        if self.settings.ties == "drop":
            rng.shuffle(ordered)
        return ordered

    def _key(self, code: str) -> str:
        """Return what makes two texts one program; a text that is no program is only equal to itself."""
        try:
            return fingerprint(code) if self.settings.same == "structure" else code
        except SyntaxError:
            return code

    def _examples(self, problem: Problem, passing: list[Candidate]) -> list[Example]:
        ranked = passing if self.settings.examples == "random" else best_first(passing)
        return [
            Example(
                prompt=prompts.messages(problem),
                completion=prompts.answer(candidate.code),
                task_id=problem.task_id,
                group=problem.group,
            )
            for candidate in distinct(ranked)[: self.settings.examples_per_problem]
        ]

    def _quality(self, problem: Problem, passing: list[Candidate], written: int) -> tuple[list[Pair], list[Rejected]]:
        scored = [candidate for candidate in passing if candidate.merit is not None]
        if reason := _unpairable(passing, scored, empty=not written):
            return [], [Rejected(reason, problem)]
        rule = self._rule(written)
        wide = [match for match in matches(scored, rule) if rule.wide(match)]
        if wide:
            return [self._pair(problem, "quality", *match) for match in wide[: self.settings.pairs_per_problem]], []
        reason, match = _nearly(scored, rule)
        return [], [Rejected(reason, self._pair(problem, "quality", *match))]

    def _rule(self, written: int) -> Rule:
        first = self.settings.ties == "first"
        return Rule(
            margin=self.settings.margin,
            likeness=self.settings.max_likeness,
            negatives=self.settings.negatives,
            ties=first and written == 2,
            in_order=first,
        )

    def _correctness(self, problem: Problem, passing: list[Candidate], wrong: list[Candidate]) -> list[Pair]:
        """Pair the best passing programs with the wrong programs most like them.

        The best, because what is chosen is imitated; the most alike, because then the pair shows the mistake, and a
        well-built wrong program is not held against a badly built right one for its structure.
        """
        chosen, left, pairs = distinct(best_first(passing)), distinct(wrong), []
        rule = self._rule(0)
        for index in range(self.settings.pairs_per_problem if chosen else 0):
            right = chosen[index % len(chosen)]
            unlike = [candidate for candidate in left if rule.unlike(right, candidate)]
            if unlike:
                nearest = max(unlike, key=lambda candidate: likeness(right.code, candidate.code))
                left.remove(nearest)
                pairs.append(self._pair(problem, "correctness", right, nearest))
        return pairs

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return the preference data set under the name of its kind: the global one, or the model's own."""
        return {export.name_of(made): export.lines(made.rows.pairs)} if made.rows.pairs else {}

    def card(self, made: BuiltDataset) -> str:
        """Return what the data card says of the pairs."""
        return export.card(made, self.metric, self.settings.margin)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield what is wrong with the pairs: scores are measured again, and order and margin follow from them."""
        return export.check(folder, self.metric, self._sign, self.settings.margin, self.settings.ties == "first")

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


def _unpairable(passing: list[Candidate], scored: list[Candidate], empty: bool) -> str | None:
    if not passing:
        return "no-samples" if empty else "no-passing-sample"
    if len(distinct(passing)) < 2:
        return "single-program" if len(passing) == 1 else "twins"
    return "no-signal" if len(distinct(scored)) < 2 else None


def _nearly(scored: list[Candidate], rule: Rule) -> tuple[str, Match]:
    """Return the widest match that breaks the rule, and which part of it."""
    widest = matches(scored, replace(rule, negatives="worst", likeness=1.0))[0]
    if rule.wide(widest):
        return "too-alike", widest
    return ("margin" if gap(widest) > 0 else "tie"), widest
