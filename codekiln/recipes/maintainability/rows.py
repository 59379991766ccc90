"""Graded candidates to training rows: SFT examples, quality pairs and correctness pairs."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from codekiln.code import metrics
from codekiln.code.distance import token_similarity
from codekiln.data import prompts
from codekiln.data.folders import Rejected
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Example, Graded, Pair, Problem
from codekiln.recipes.base import WRONG, by_task
from codekiln.recipes.maintainability.pairing import (
    Candidate,
    Match,
    PairingRule,
    best_first,
    distinct,
    gap,
    matches,
    merit_of,
)
from codekiln.recipes.maintainability.settings import MaintainabilitySettings
from codekiln.recipes.types import TrainingRows
from codekiln.sandbox.grading import program_of

NO_SIGNAL = "no-signal"
VETOED = "vetoed"
"""How the reasons of a metric begin that refuses a program for hiding what it counts."""


@dataclass(frozen=True)
class RowBuilder:
    """Builds the training rows of the recipe.

    Attributes:
        settings: The recipe's settings.
        metric: Name of the metric that orders the programs of a quality pair.
        sign: 1 when more of the metric is better, -1 when less is.
        seed: Seeds every choice; a problem's rows do not depend on the other problems, except for the share.
    """

    settings: MaintainabilitySettings
    metric: str
    sign: float
    seed: int

    def build(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Build rows problem by problem; `within_share` then limits the correctness stratum to its share.

        A problem without a quality pair has one rejected row with the reason: ``no-samples``, ``no-passing-sample``,
        ``single-program``, ``twins`` (different texts, one program), ``no-signal`` (under two scores), ``tie``,
        ``margin`` or ``too-alike``; the last three hold the best pair there was. Before that, programs which the
        metric does not order are compared by the metrics of ``tie_break``. ``correctness-share`` holds a pair
        over the share.

        Raises:
            InputError: A sample names none of the problems.
        """
        problems = list(problems)
        candidates_of = by_task(problems, graded)
        rows = TrainingRows()
        correctness: list[Pair] = []
        for problem in problems:
            # One generator per problem: its rows stay the same when other problems come or go.
            rng = random.Random(f"{self.seed}:{problem.task_id}")
            passing, wrong = self._candidates(problem, candidates_of[problem.task_id], rng)
            rows.examples += self._examples(problem, passing)
            pairs, rejected = self._quality(problem, passing, len(candidates_of[problem.task_id]))
            rows.pairs += pairs
            rows.rejected += rejected
            correctness += self._correctness(problem, passing, wrong)
        rows.pairs += correctness
        return rows

    def within_share(self, rows: TrainingRows) -> TrainingRows:
        """Return rows whose correctness pairs are last, and of these only the share that is asked for.

        Every problem's first correctness pair is kept before any problem's second; ``correctness-share`` holds those
        over the share.
        """
        quality = [pair for pair in rows.pairs if pair.stratum == "quality"]
        pairs = [pair for pair in rows.pairs if pair.stratum == "correctness"]
        share = self.settings.correctness_share
        # 0.6 / 0.4 * 2 is 2.9999999999999996 in floating point, and 3 pairs are meant.
        allowed = len(pairs) if share == 1 else math.floor(share / (1 - share) * len(quality) + 1e-9)
        order = list(range(len(pairs)))
        random.Random(f"{self.seed}:correctness-share").shuffle(order)
        ranks = _ranks(pairs)
        keep = set(sorted(order, key=lambda index: ranks[index])[:allowed])
        over = [pair for index, pair in enumerate(pairs) if index not in keep]
        return replace(
            rows,
            pairs=[*quality, *(pair for index, pair in enumerate(pairs) if index in keep)],
            rejected=[*rows.rejected, *(Rejected("correctness-share", pair) for pair in over)],
        )

    def _candidates(
        self, problem: Problem, graded: list[Graded], rng: random.Random
    ) -> tuple[list[Candidate], list[Candidate]]:
        """Return passing and wrong candidates, shuffled, so that every later tie is broken at random.

        Where the first of a tie is chosen, they are in the order they were written in.
        """
        passing: set[Candidate] = set()
        wrong: set[Candidate] = set()
        for item in graded:
            candidate = self._candidate(program_of(problem, item.sample), item)
            if item.verdict.passed:
                passing.add(candidate)
            elif item.verdict.status in WRONG:
                wrong.add(candidate)
        # The sandbox may fail a program that passed under another text, for example by a timeout.
        correct = {candidate.key for candidate in passing}
        wrong = {candidate for candidate in wrong if candidate.key not in correct}
        return self._ordered(passing, rng), self._ordered(wrong, rng)

    def _candidate(self, code: str, graded: Graded) -> Candidate:
        value = graded.score(self.metric)
        reasons = [score.reason or "" for score in graded.scores if score.metric == self.metric]
        return Candidate(
            code,
            self._key(code),
            value,
            merit_of(value, self.sign),
            (graded.sample.seed or 0) if self.settings.ties == "first" else 0,
            tuple(graded.score(name) for name in self.settings.tie_break),
            any(reason.startswith(VETOED) for reason in reasons),
        )

    def _ordered(self, candidates: set[Candidate], rng: random.Random) -> list[Candidate]:
        # Sets of strings have another order in each process, so the shuffle starts from a sorted list.
        ordered = sorted(candidates, key=lambda item: (item.position, item.code, item.value is None, item.merit))
        if self.settings.ties == "drop":
            rng.shuffle(ordered)
        return ordered

    def _key(self, code: str) -> str:
        """Return the key that duplicates share; a text that is not Python is only equal to itself."""
        try:
            return fingerprint(code) if self.settings.same == "structure" else code
        except SyntaxError:
            return code

    def _examples(self, problem: Problem, passing: list[Candidate]) -> list[Example]:
        ranked = passing if self.settings.examples == "random" else best_first(passing)
        return [
            Example(
                prompt=prompts.messages(problem),
                completion=prompts.code_turn(candidate.code),
                task_id=problem.task_id,
                group=problem.group,
            )
            for candidate in distinct(ranked)[: self.settings.examples_per_problem]
        ]

    def _quality(self, problem: Problem, passing: list[Candidate], count: int) -> tuple[list[Pair], list[Rejected]]:
        scored = [candidate for candidate in passing if candidate.value is not None]
        missing = _missing(passing, scored, empty=not count)
        rule = self._rule(count)
        if pairs := self._wide(problem, scored, rule, self.metric):
            return pairs, []
        if missing in (None, NO_SIGNAL) and (pairs := self._tie_broken(problem, passing)):
            return pairs, []
        if missing:
            return [], [Rejected(missing, problem)]
        reason, match = _near_miss(scored, rule)
        return [], [Rejected(reason, self._pair(problem, "quality", *match, self.metric))]

    def _wide(self, problem: Problem, scored: list[Candidate], rule: PairingRule, metric: str) -> list[Pair]:
        wide = [match for match in matches(scored, rule) if rule.is_wide(match)]
        return [self._pair(problem, "quality", *match, metric) for match in wide[: self.settings.pairs_per_problem]]

    def _tie_broken(self, problem: Problem, passing: list[Candidate]) -> list[Pair]:
        """Return pairs of programs that the metric does not order, by the first metric of ``tie_break`` that does.

        A program that the metric vetoes hides its operators in calls, and would look simple to other metrics too: it
        takes no part.
        """
        rule = replace(self._rule(0), margin=self.settings.tie_break_margin)
        for place, name in enumerate(self.settings.tie_break):
            sign = 1.0 if metrics.get(name).direction == "higher" else -1.0
            measured = [candidate.by_tie_break(place, sign) for candidate in passing]
            scored = [candidate for candidate in measured if candidate.value is not None]
            if pairs := self._wide(problem, scored, rule, name):
                return pairs
        return []

    def _rule(self, count: int) -> PairingRule:
        """Return the rule for a problem with ``count`` candidates; ties make a pair only where there are two."""
        first = self.settings.ties == "first"
        return PairingRule(
            margin=self.settings.margin,
            max_similarity=self.settings.max_likeness,
            negatives=self.settings.negatives,
            allow_ties=first and count == 2,
            in_order=first,
        )

    def _correctness(self, problem: Problem, passing: list[Candidate], wrong: list[Candidate]) -> list[Pair]:
        """Pair the best passing programs with the wrong programs most similar to them.

        The best, because what is chosen is imitated; the most similar, because then the pair shows the mistake, and a
        wrong program of good structure is not rejected in favour of a correct one of bad structure.
        """
        chosen, left = distinct(best_first(passing)), distinct(wrong)
        pairs: list[Pair] = []
        rule = self._rule(0)  # only its similarity matters here: a wrong program has no merit
        for index in range(self.settings.pairs_per_problem if chosen else 0):
            right = chosen[index % len(chosen)]
            allowed = [candidate for candidate in left if rule.may_meet(right, candidate)]
            if allowed:
                nearest = max(allowed, key=lambda candidate: token_similarity(right.code, candidate.code))
                left.remove(nearest)
                pairs.append(self._pair(problem, "correctness", right, nearest, self.metric))
        return pairs

    def _pair(
        self,
        problem: Problem,
        stratum: Literal["correctness", "quality"],
        chosen: Candidate,
        rejected: Candidate,
        metric: str,
    ) -> Pair:
        return Pair(
            prompt=prompts.messages(problem),
            chosen=prompts.code_turn(chosen.code),
            rejected=prompts.code_turn(rejected.code),
            task_id=problem.task_id,
            group=problem.group,
            stratum=stratum,
            metric=metric,
            chosen_score=chosen.value,
            rejected_score=rejected.value,
        )


def _ranks(pairs: Sequence[Pair]) -> list[int]:
    """Return the place of each pair among those of its problem."""
    seen: Counter[str] = Counter()
    ranks = []
    for pair in pairs:
        ranks.append(seen[pair.task_id])
        seen[pair.task_id] += 1
    return ranks


def _missing(passing: list[Candidate], scored: list[Candidate], empty: bool) -> str | None:
    """Return why a problem has no two programs that could be a quality pair, or None when it has."""
    if not passing:
        return "no-samples" if empty else "no-passing-sample"
    if len(distinct(passing)) < 2:
        return "single-program" if len(passing) == 1 else "twins"
    return NO_SIGNAL if len(distinct(scored)) < 2 else None


def _near_miss(scored: list[Candidate], rule: PairingRule) -> tuple[str, Match]:
    """Return the widest match and the part of the rule that it breaks, as a reason of rejection."""
    widest = matches(scored, replace(rule, negatives="worst", max_similarity=1.0))[0]
    if rule.is_wide(widest):
        return "too-alike", widest
    return ("margin" if gap(widest) > 0 else "tie"), widest
