"""The promotion gate: the checks that decide whether an adapter is promoted, and the sentence that says why."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from codekiln.code import metrics
from codekiln.errors import InputError
from codekiln.evaluation.criteria import Criterion, named
from codekiln.evaluation.measures import over_all_samples
from codekiln.evaluation.spending import confidence
from codekiln.evaluation.statistics import LEVEL, minimum_differing
from codekiln.evaluation.summary import Comparison, Evaluation

PASS = "pass@1"
MINIMUM_GROUPS = 10
"""Fewest groups of problems that two contenders must share: fewer say little about groups that nobody has seen."""


class Check(Comparison):
    """One condition of the gate: a comparison of the candidate, and whether it holds.

    ``role`` is ``target`` for what has to improve, and otherwise that of a `Criterion`, whose ``benchmark`` and
    ``tolerance`` the check has too. ``direction`` is that of the measure. ``failure`` is the reason in words when the
    check fails, and empty when it is ``ok``.
    """

    benchmark: str = ""
    role: Literal["target", "critical", "advisory"] = "target"
    tolerance: float | None = None
    direction: metrics.Direction = "higher"
    ok: bool
    failure: str

    @property
    def name(self) -> str:
        """What is compared, with the benchmark that it is taken on."""
        return named(self.measure, self.benchmark)


class Gate(BaseModel):
    """The decision about a candidate: a sentence with numbers, and every check that led to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    promoted: bool
    sentence: str
    candidate: str
    metric: str
    tolerance: float
    level: float = LEVEL
    reasons: tuple[Check, ...]
    number: int | None = None


def decide(
    evaluation: Evaluation,
    candidate: str,
    *,
    metric: str,
    direction: metrics.Direction | None = None,
    guards: Sequence[str] | None = None,
    tolerance: float = 0.02,
    protected: str = PASS,
    criteria: Sequence[Criterion] = (),
    base: str = "base",
    champion: str | None = None,
    minimum_problems: int = 30,
    level: float = LEVEL,
) -> Gate:
    """Decide whether ``candidate`` is promoted.

    It is promoted when, against ``base`` and against ``champion`` (if there is one),

    * the interval of the paired difference (95 %, unless ``level`` says otherwise) lies on the better side of zero, on
      ``metric`` and on every guard, over at least ``minimum_problems`` problems that both have a value on, of at least
      `MINIMUM_GROUPS` groups, of which at least as many differ as `minimum_differing` says for the level,
    * the same holds over all samples that parse, where the evaluation has that: over passing samples alone, a candidate
      gains by failing where its code is worst, and
    * ``protected``, by default pass@1, is not inferior over as many: its difference's lower bound is not below
      ``-tolerance``, and
    * every critical one of ``criteria`` holds, over as many of its own problems.

    A candidate whose ``protected`` measure is not above zero is refused, whatever else it gains: no loss against a base
    model that solves nothing is no evidence.

    Args:
        evaluation: Contains the comparisons of the candidate with ``base`` and ``champion``.
        candidate: Name of the contender to judge.
        metric: The target metric.
        direction: Which way ``metric`` is better; default: the metric's own direction.
        guards: Metrics that must improve as well for a gain on ``metric`` to count; default: the metric's own guard.
        tolerance: Non-inferiority margin of ``protected``, 0..1.
        protected: The measure that may not fall; higher is better.
        criteria: Further measures that may not get worse, also on further benchmarks. All have to hold at once, so
            each more makes a promotion less likely, with or without a true gain, and needs no stricter level.
        base: Name of the unchanged base model among the contenders.
        champion: Name of the current champion among the contenders.
        minimum_problems: Fewest problems in common; below about 30 no interval of a mean is to be trusted. Below
            `MINIMUM_GROUPS`, the fewest groups as well.
        level: Two-sided error of the intervals that decide, 0..1; less for a candidate that was preceded by others.

    Raises:
        InputError: The metric has no better direction, the candidate is its own opponent, or a comparison is missing.
    """
    # Without duplicates: the champion may be the base itself.
    opponents = [name for name in dict.fromkeys((base, champion)) if name is not None]
    if candidate in opponents:
        raise InputError(f"'{candidate}' cannot be judged against itself", where="gate", fix="name another contender")
    directions = _over_all_samples(evaluation, _directions(metric, direction, guards))
    kept = [Criterion(measure=protected, tolerance=tolerance), *criteria]
    checks: list[Check] = []
    for against in opponents:
        for name, way in directions.items():
            compared = evaluation.compare(candidate, against, name).at(level)
            checks.append(_improves(compared, way, minimum_problems, minimum_differing(level)))
        for criterion in kept:
            compared = evaluation.on(criterion.benchmark).compare(candidate, against, criterion.measure)
            checks.append(_is_kept(compared.at(level), criterion, minimum_problems))
    checks += _above_zero(evaluation, candidate, protected)
    promoted = all(check.ok for check in checks if check.role != "advisory")
    sentence = (_promotion if promoted else _refusal)(candidate, checks) + _advice(checks)
    if level != LEVEL:
        sentence += f"; intervals at {confidence(level)}"
    return Gate(
        promoted=promoted,
        sentence=sentence,
        candidate=candidate,
        metric=metric,
        tolerance=tolerance,
        level=level,
        reasons=tuple(checks),
    )


def _directions(
    metric: str, direction: metrics.Direction | None, guards: Sequence[str] | None
) -> dict[str, metrics.Direction]:
    """Return the measures that must improve, with the better direction of each."""
    if guards is None:
        guard = metrics.get(metric).guard if metric in metrics.names() else None
        guards = [guard] if guard else []
    directions = {metric: direction or metrics.get(metric).direction}
    directions |= {name: metrics.get(name).direction for name in guards if name != metric}
    for name, way in directions.items():
        if way == "none":
            raise InputError(
                f"neither more nor less of '{name}' is better, so the gate cannot aim at it",
                where="metric",
                fix=f"choose another metric, for example {metrics.DEFAULT}",
            )
    return directions


def _over_all_samples(
    evaluation: Evaluation, directions: Mapping[str, metrics.Direction]
) -> dict[str, metrics.Direction]:
    """Return the same measures, each followed by its mean over all samples where there is one."""
    wanted = (
        (one, way) for name, way in directions.items() for one, way in ((name, way), (over_all_samples(name), way))
    )
    return {name: way for name, way in wanted if name in directions or name in evaluation.measures}


def _improves(comparison: Comparison, direction: metrics.Direction, minimum: int, differing: int) -> Check:
    failure, known = _too_few(comparison, minimum), comparison.interval.known()
    if known and not failure:
        _, low, high = known
        if direction == "higher" and not low > 0:
            failure = f"{_changes(comparison)}, which is not above zero"
        elif direction == "lower" and not high < 0:
            failure = f"{_changes(comparison)}, which is not below zero"
        elif comparison.differing is not None and comparison.differing < differing:
            failure = f"{comparison.measure} differs on {_few(comparison)}, {differing} are needed"
    return Check(**comparison.model_dump(), direction=direction, ok=not failure, failure=failure)


def _is_kept(comparison: Comparison, criterion: Criterion, minimum: int) -> Check:
    own = criterion.model_dump(include={"benchmark", "role", "tolerance", "direction"})
    check = Check(**comparison.model_dump(), **own, ok=True, failure="")
    failure = _too_few(check, minimum)
    if not failure and (beyond := criterion.beyond(comparison.interval)):
        failure = f"{_changes(check)}, which does not rule out {beyond}"
    return check.model_copy(update={"ok": not failure, "failure": failure})


def groups_needed(minimum_problems: int) -> int:
    """Return the fewest groups of problems that the gate judges by: ten, or fewer where fewer problems are enough."""
    return min(MINIMUM_GROUPS, minimum_problems)


def _too_few(comparison: Comparison, minimum: int) -> str:
    """Return why a comparison has too few problems or groups to be tested; empty when it has enough."""
    name = _name(comparison)
    what = f"{name} can be compared on {comparison.n} problems"
    if comparison.n < minimum:
        return f"{what} only, {minimum} are needed"
    if comparison.groups is not None and comparison.groups < (needed := groups_needed(minimum)):
        return f"{what} of {comparison.groups} groups only, {needed} groups are needed"
    return "" if comparison.interval.known() else f"{name} has no interval"


def _name(comparison: Comparison) -> str:
    return comparison.name if isinstance(comparison, Check) else comparison.measure


def _few(comparison: Comparison) -> str:
    what = "problems" if comparison.groups == comparison.n else f"groups of the {comparison.n} problems"
    return f"{comparison.differing} {what} only"


def _above_zero(evaluation: Evaluation, candidate: str, protected: str) -> list[Check]:
    """Return a failed check when the candidate's protected measure is not above zero, and nothing otherwise."""
    level = evaluation.contenders.get(candidate, {}).get(protected)
    known = level.known() if level else None
    if known is None or known[1] > 0:
        return []
    mean, low, high = known
    failure = f"{protected} is {mean:.3f} [{low:.3f}, {high:.3f}], which is not above zero"
    compared = Comparison(
        contender=candidate, against="zero", measure=protected, difference=mean, low=low, high=high,
        n=evaluation.problems,
    )  # fmt: skip
    return [Check(**compared.model_dump(), role="critical", ok=False, failure=failure)]


def _promotion(candidate: str, checks: Sequence[Check]) -> str:
    clauses = []
    for against in dict.fromkeys(check.against for check in checks):
        mine = [check for check in checks if check.against == against]
        gains = [
            f"{check.measure} by {_numbers(check)} over {check.n} problems" for check in mine if check.role == "target"
        ]
        kept = [
            f"{check.name} changes by {_numbers(check)} (tolerance {_allowed(check)})"
            for check in mine
            if check.role == "critical"
        ]
        clauses.append(f"{candidate} beats {against} on {' and '.join(gains)}, and {', '.join(kept)}")
    return "promoted: " + "; ".join(clauses)


def _refusal(candidate: str, checks: Sequence[Check]) -> str:
    failed = [check for check in checks if not check.ok and check.role != "advisory"]
    clauses = [f"against {check.against}, {check.failure}" for check in failed]
    return f"not promoted: {candidate}: " + "; ".join(clauses)


def _advice(checks: Sequence[Check]) -> str:
    """Return the advisory checks that fail, as the end of a sentence."""
    failed = [check for check in checks if not check.ok and check.role == "advisory"]
    return "".join(f"; advisory, against {check.against}: {check.failure}" for check in failed)


def _allowed(check: Check) -> str:
    """Return the tolerance of a check with the sign of the change that it allows."""
    sign = {"higher": "-", "lower": "+", "none": "\u00b1"}[check.direction]
    return f"{sign}{check.tolerance:g}"


def _changes(comparison: Comparison) -> str:
    return f"{_name(comparison)} changes by {_numbers(comparison)} over {comparison.n} problems"


def _numbers(comparison: Comparison) -> str:
    values = comparison.interval.known()
    if values is None:  # checks fail on such a comparison before its numbers are written
        raise ValueError(f"no value of {comparison.measure} to write")
    digits = 3 if max(abs(value) for value in values) <= 1 else 2
    mean, low, high = (f"{value:+.{digits}f}" for value in values)
    return f"{mean} [{low}, {high}]"
