"""Grading of replies: a verdict on the form, and a score of every measure against the real submission.

Every score is computed on its own: a reply that is malformed, does not compile or fails still has every measure that
is defined for it, and takes no value away from the real submission of its row.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from codekiln.code.distance import PairwiseDistance, edit_distance, mean_pairwise
from codekiln.data.records import Graded, Problem, Sample, Score, Verdict
from codekiln.recipes.student.ground_truth import GroundTruth, start_in
from codekiln.recipes.student.measures import ERROR_SHARES, STYLE_FEATURES
from codekiln.recipes.student.outcomes import CLASSES, SubmissionOutcome, run_submissions
from codekiln.recipes.student.style import style_features
from codekiln.recipes.student.templates import ParsedSubmission, Template
from codekiln.sandbox.limits import Limits


@dataclass(frozen=True)
class ExecutedReply:
    """A reply with the submission in it and the outcome of the tests."""

    sample: Sample
    submission: ParsedSubmission
    outcome: SubmissionOutcome | None


def grade_replies(
    problems: Sequence[Problem],
    samples: Sequence[Sample],
    template: Template,
    distance: PairwiseDistance,
    *,
    workers: int | None,
    limits: Limits,
    label: str,
) -> list[Graded]:
    """Return replies with a verdict on their form and a score of every measure; see `Recipe.grade`."""
    by_id = {problem.task_id: problem for problem in problems}
    submissions = [
        template.parse_reply(sample.solution or sample.completion or "", start_in(by_id[sample.task_id]))
        for sample in samples
    ]
    jobs = [(by_id[sample.task_id], parsed.code) for sample, parsed in zip(samples, submissions, strict=True)]
    outcomes = run_submissions(jobs, workers=workers, limits=limits, label=label)
    replies = [ExecutedReply(*item) for item in zip(samples, submissions, outcomes, strict=True)]
    scores = _scores(by_id, replies, distance)
    return [
        Graded(sample=reply.sample, verdict=verdict_on(reply.sample.task_id, reply.submission), scores=found)
        for reply, found in zip(replies, scores, strict=True)
    ]


def verdict_on(task_id: str, submission: ParsedSubmission) -> Verdict:
    """Return the verdict on the form of a reply: it passes when it is one code block, properly ended."""
    fault = submission.fault
    return Verdict(
        task_id=task_id,
        status="invalid" if fault else "passed",
        tests_total=1,
        tests_run=1,
        tests_passed=int(not fault),
        detail=fault,
    )


def _scores(
    problems: dict[str, Problem], replies: Sequence[ExecutedReply], distance: PairwiseDistance
) -> list[tuple[Score, ...]]:
    """Return the scores of replies on every measure, in order.

    Coverage and diversity belong to all replies of one ``model`` to one problem, so each reply gets the same values.
    """
    groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for index, reply in enumerate(replies):
        groups[reply.sample.task_id, reply.sample.model].append(index)
    truths = {task_id: GroundTruth.of(problems[task_id]) for task_id, _ in groups}
    found: dict[int, tuple[Score, ...]] = {}
    for (task_id, _), indices in groups.items():
        truth = truths[task_id]
        codes = [replies[index].submission.code for index in indices]
        # Two calls per group instead of one per reply: an embedding model works in batches.
        to_real, pairwise = distance(codes, [truth.code])[:, 0], distance(codes, codes)
        common = (_coverage(truth, float(to_real.min())), _score("diversity", mean_pairwise(pairwise), "one reply"))
        for index, value in zip(indices, to_real, strict=True):
            own = _own_scores(replies[index], truth)
            found[index] = (*own, _score("ast_distance", float(value)), *common)
    return [found[index] for index in range(len(replies))]


def _own_scores(reply: ExecutedReply, truth: GroundTruth) -> list[Score]:
    return [
        _score("valid", float(not reply.submission.fault)),
        _score(
            "thinks",
            float(bool(reply.submission.thought)) if truth.thought else None,
            "what the student thought is not known",
        ),
        *_functional_scores(reply.outcome, truth),
        *_style_scores(reply.submission.code, truth),
        *_step_scores(reply.submission, truth),
    ]


def _functional_scores(outcome: SubmissionOutcome | None, truth: GroundTruth) -> list[Score]:
    if outcome is None or truth.outcome is None:
        names = ["pass_rate", "pass_rate_error", *ERROR_SHARES.values(), "error_class_match"]
        return [_score(name, None, "the problem has no tests") for name in names]
    return [
        _score("pass_rate", outcome.rate),
        _score("pass_rate_error", abs(outcome.rate - truth.outcome.rate)),
        *(_score(ERROR_SHARES[name], float(outcome.error == name)) for name in CLASSES),
        _score("error_class_match", float(outcome.error == truth.outcome.error)),
    ]


def _style_scores(code: str, truth: GroundTruth) -> list[Score]:
    features = style_features(code)
    scores: list[Score] = []
    for name, (attribute, _) in STYLE_FEATURES.items():
        scores += _with_error(name, getattr(features, attribute), getattr(truth.form, attribute), "does not parse")
    mine, real = (truth.axis.score(one) if truth.axis else None for one in (features, truth.form))
    return scores + _with_error("style_score", mine, real, "does not parse")


def _step_scores(submission: ParsedSubmission, truth: GroundTruth) -> list[Score]:
    """Return the scores of the step from the submission before: how much changes, and whether it is the last step."""
    submit = float(submission.submitted == truth.submitted) if truth.stepwise else None
    mine, real = (
        None if truth.before is None else edit_distance(truth.before, code) for code in (submission.code, truth.code)
    )
    return [
        *_with_error("edit_distance", mine, real, "no submission before this one is known"),
        _score("submit_match", submit, "a stage says already whether it is the last"),
    ]


def _coverage(truth: GroundTruth, nearest: float) -> Score:
    covered = None if truth.radius is None else float(nearest <= truth.radius)
    return _score("coverage", covered, "no other real submission to this problem")


def _with_error(name: str, value: float | None, real: float | None, reason: str) -> list[Score]:
    """Return a score and that of its absolute difference from the real submission's value."""
    difference = None if value is None or real is None else abs(value - real)
    return [_score(name, value, reason), _score(f"{name}_error", difference, reason)]


def _score(name: str, value: float | None, reason: str = "") -> Score:
    return Score(metric=name, value=None if value is None else float(value), reason="" if value is not None else reason)
