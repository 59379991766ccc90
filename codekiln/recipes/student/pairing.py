"""Training rows: an example of every real submission, and preference pairs where two grades differ."""

from collections.abc import Iterable, Sequence

from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Message, Pair, Problem
from codekiln.recipes.base import by_task
from codekiln.recipes.student.ground_truth import GroundTruth, start_in
from codekiln.recipes.student.schema import join_thought, split_thought
from codekiln.recipes.student.templates import Template
from codekiln.recipes.types import TrainingRows


def build_rows(
    problems: Iterable[Problem], graded: Iterable[Graded], with_pairs: bool, template: Template
) -> TrainingRows:
    """Return the training rows.

    In a pair the real submission is chosen. The rejected reply is a model's first reply with another grade, as in SPIN
    (arXiv 2401.01335), or else the student's nearest submission with another grade (Koutcheme et al. 2026, arXiv
    2604.10720), after the same thought where there is one. Malformed replies of a model are rejected as ``not-valid``.

    Args:
        problems: The problems, in order.
        graded: Real submissions, and replies of a model where there are any.
        with_pairs: Whether pairs are built.
        template: The form of replies.
    """
    problems, rows = list(problems), TrainingRows()
    by_id = by_task(problems, graded)
    for problem in problems:
        items = by_id[problem.task_id]
        real = [item for item in items if _is_real(problem, item, template)]
        text = _text(real[0]) if real else problem.reference or ""
        if real:
            rows.examples.append(_example(problem, text))
        if with_pairs:
            written = [item for item in items if item not in real]
            rows.rejected += [Rejected("not-valid", item) for item in written if not item.verdict.passed]
            rows.pairs += _pairs(problem, text, written)
    return rows


def _is_real(problem: Problem, item: Graded, template: Template) -> bool:
    """Say whether a reply hands in what the student did, whatever it thinks before."""
    found, truth = template.parse_reply(_text(item), start_in(problem)), GroundTruth.of(problem)
    return (found.code, found.submitted, found.fault) == (truth.code.strip("\n"), truth.submitted, "")


def _example(problem: Problem, text: str) -> Example:
    return Example(
        prompt=problem.messages,
        completion=_turn(text),
        task_id=problem.task_id,
        group=problem.group,
    )


def _pairs(problem: Problem, real: str, written: Sequence[Graded]) -> list[Pair]:
    outcome = GroundTruth.of(problem).outcome
    if outcome is None:
        return []
    # Replies of the model itself are on-policy, so they take precedence.
    rejected = _model_reply(outcome.rate, written) or _other_submission(problem)
    if rejected is None:
        return []
    text, pass_rate = rejected
    thought = split_thought(real)[0]
    if not split_thought(text)[0] or not thought:
        # With and without a thought would be told apart by the thought alone.
        text = join_thought(thought, split_thought(text)[1])
    return [
        Pair(
            prompt=problem.messages,
            chosen=_turn(real),
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
            return _text(item), rate
    return None


def _other_submission(problem: Problem) -> tuple[str, float] | None:
    found = problem.grading_context.get("other_grade")
    return (found["reply"], found["pass_rate"]) if found else None


def _text(item: Graded) -> str:
    return item.sample.solution or item.sample.completion or ""


def _turn(text: str) -> tuple[Message, ...]:
    return (Message(role="assistant", content=text),)
