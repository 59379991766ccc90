"""The promotion gate: the checks that decide whether an adapter is promoted, and the sentence that says why."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from codekiln.code import metrics
from codekiln.errors import InputError
from codekiln.evaluation.summary import Comparison, Evaluation

PASS = "pass@1"
MINIMUM_GROUPS = 10
"""Fewest groups of problems that two contenders must share: a bootstrap over fewer groups is not informative."""


class Check(Comparison):
    """One condition of the gate: a comparison of the candidate, and whether it holds.

    ``failure`` is the reason in words when the check fails, and empty when it is ``ok``.
    """

    ok: bool
    failure: str


class Gate(BaseModel):
    """The decision about a candidate: a sentence with numbers, and every check that led to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    promoted: bool
    sentence: str
    candidate: str
    metric: str
    tolerance: float
    reasons: tuple[Check, ...]
    level: float = 0.05
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
    base: str = "base",
    champion: str | None = None,
    minimum_problems: int = 30,
    level: float = 0.05,
) -> Gate:
    """Decide whether ``candidate`` is promoted.

    It is promoted when, against ``base`` and against ``champion`` (if there is one),

    * the 95 % interval of the paired difference lies on the better side of zero, on ``metric`` and on every guard,
      over at least ``minimum_problems`` problems that both have a value on, of at least `MINIMUM_GROUPS` groups, and
    * ``protected``, by default pass@1, is not inferior over as many: its difference's lower bound is not below
      ``-tolerance``.

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
        base: Name of the unchanged base model among the contenders.
        champion: Name of the current champion among the contenders.
        minimum_problems: Fewest problems in common; below about 30 percentile intervals are too narrow.

    Raises:
        InputError: The metric has no better direction, the candidate is its own opponent, or a comparison is missing.
    """
    # Without duplicates: the champion may be the base itself.
    opponents = [name for name in dict.fromkeys((base, champion)) if name is not None]
    if candidate in opponents:
        raise InputError(f"'{candidate}' cannot be judged against itself", where="gate")
    directions = _directions(metric, direction, guards)
    checks: list[Check] = []
    for against in opponents:
        for name, way in directions.items():
            checks.append(_improves(evaluation.compare(candidate, against, name), way, minimum_problems))
        checks.append(_not_inferior(evaluation.compare(candidate, against, protected), tolerance, minimum_problems))
    checks += _above_zero(evaluation, candidate, protected)
    promoted = all(check.ok for check in checks)
    sentence = _promotion(candidate, checks, metric, tolerance) if promoted else _refusal(candidate, checks)
    return Gate(
        promoted=promoted,
        sentence=sentence,
        candidate=candidate,
        metric=metric,
        tolerance=tolerance,
        reasons=tuple(checks),
        level=level,
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


def _improves(comparison: Comparison, direction: metrics.Direction, minimum: int) -> Check:
    failure, known = _too_few(comparison, minimum), comparison.interval.known()
    if known and not failure:
        _, low, high = known
        if direction == "higher" and not low > 0:
            failure = f"{_changes(comparison)}, which is not above zero"
        elif direction == "lower" and not high < 0:
            failure = f"{_changes(comparison)}, which is not below zero"
    return Check(**comparison.model_dump(), ok=not failure, failure=failure)


def _not_inferior(comparison: Comparison, tolerance: float, minimum: int) -> Check:
    failure, known = _too_few(comparison, minimum), comparison.interval.known()
    if known and not failure and known[1] < -tolerance:
        failure = f"{_changes(comparison)}, which does not rule out a fall beyond {-tolerance:g}"
    return Check(**comparison.model_dump(), ok=not failure, failure=failure)


def _too_few(comparison: Comparison, minimum: int) -> str:
    """Return why a comparison has too few problems or groups to be tested; empty when it has enough."""
    what = f"{comparison.measure} can be compared on {comparison.n} problems"
    if comparison.n < minimum or comparison.interval.known() is None:
        return f"{what} only, {minimum} are needed"
    if comparison.groups is not None and comparison.groups < MINIMUM_GROUPS:
        return f"{what} of {comparison.groups} groups only, {MINIMUM_GROUPS} groups are needed"
    return ""


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
    return [Check(**compared.model_dump(), ok=False, failure=failure)]


def _promotion(candidate: str, checks: Sequence[Check], metric: str, tolerance: float) -> str:
    clauses = []
    for against in dict.fromkeys(check.against for check in checks):
        mine = [check for check in checks if check.against == against]
        gains = [f"{check.measure} by {_numbers(check)} over {check.n} problems" for check in mine[:-1]]
        clauses.append(
            f"{candidate} beats {against} on {' and '.join(gains)}, "
            f"and {mine[-1].measure} changes by {_numbers(mine[-1])} (tolerance {-tolerance:g})"
        )
    return "promoted: " + "; ".join(clauses)


def _refusal(candidate: str, checks: Sequence[Check]) -> str:
    clauses = [f"against {check.against}, {check.failure}" for check in checks if not check.ok]
    return f"not promoted: {candidate}: " + "; ".join(clauses)


def _changes(comparison: Comparison) -> str:
    return f"{comparison.measure} changes by {_numbers(comparison)} over {comparison.n} problems"


def _numbers(comparison: Comparison) -> str:
    values = comparison.interval.known()
    if values is None:  # checks fail on such a comparison before its numbers are written
        raise ValueError(f"no value of {comparison.measure} to write")
    digits = 3 if max(abs(value) for value in values) <= 1 else 2
    mean, low, high = (f"{value:+.{digits}f}" for value in values)
    return f"{mean} [{low}, {high}]"
