"""Training rows: an example of every real submission, and preference pairs where two grades differ."""

from collections.abc import Iterable, Sequence

from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Message, Pair, Problem
from codekiln.recipes.base import by_task
from codekiln.recipes.student.ground_truth import GroundTruth
from codekiln.recipes.types import TrainingRows


def build_rows(problems: Iterable[Problem], graded: Iterable[Graded], with_pairs: bool) -> TrainingRows:
    """Return the training rows.

    In a pair the real submission is chosen. The rejected reply is a model's first reply with another grade, as in SPIN
    (arXiv 2401.01335), or else the student's nearest earlier submission with another grade (Koutcheme et al. 2026,
    arXiv 2604.10720). Malformed replies of a model are rejected as ``not-valid``.

    Args:
        problems: The problems, in order.
        graded: Real submissions, and replies of a model where there are any.
        with_pairs: Whether pairs are built.
    """
    problems, rows = list(problems), TrainingRows()
    by_id = by_task(problems, graded)
    for problem in problems:
        items = by_id[problem.task_id]
        real = [item for item in items if item.sample.solution == problem.reference]
        if real:
            rows.examples.append(_example(problem))
        if with_pairs:
            written = [item for item in items if item not in real]
            rows.rejected += [Rejected("not-valid", item) for item in written if not item.verdict.passed]
            rows.pairs += _pairs(problem, written)
    return rows


def _example(problem: Problem) -> Example:
    return Example(
        prompt=problem.messages,
        completion=_turn(_reference(problem)),
        task_id=problem.task_id,
        group=problem.group,
    )


def _pairs(problem: Problem, written: Sequence[Graded]) -> list[Pair]:
    outcome = GroundTruth.of(problem).outcome
    if outcome is None:
        return []
    # Replies of the model itself are on-policy, so they take precedence.
    rejected = _model_reply(outcome.rate, written) or _earlier_submission(problem)
    if rejected is None:
        return []
    text, pass_rate = rejected
    return [
        Pair(
            prompt=problem.messages,
            chosen=_turn(_reference(problem)),
            rejected=_turn(text),
            task_id=problem.task_id,
            group=problem.group,
            stratum="correctness",
            metric="pass_rate",
            chosen_score=outcome.rate,
            rejected_score=pass_rate,
        )
    ]


def _model_reply(real_rate: float, written: Sequence[Graded]) -> tuple[str, float] | None:
    for item in written:
        rate = item.score("pass_rate")
        if item.verdict.passed and rate is not None and rate != real_rate:
            return item.sample.solution or item.sample.completion or "", rate
    return None


def _earlier_submission(problem: Problem) -> tuple[str, float] | None:
    found = problem.grading_context.get("other_grade")
    return (found["reply"], found["pass_rate"]) if found else None


def _reference(problem: Problem) -> str:
    if problem.reference is None:
        raise ValueError(f"{problem.task_id} has no real submission")
    return problem.reference


def _turn(text: str) -> tuple[Message, ...]:
    return (Message(role="assistant", content=text),)
