"""Grading of replies: a verdict by the rubric, a score per measure, and the validation of reference answers."""

from collections.abc import Sequence

from codekiln.data.folders import Rejected
from codekiln.data.records import Graded, Problem, Sample, Score, Verdict
from codekiln.recipes.corpus_tasks.edit_replies import whole_reply
from codekiln.recipes.corpus_tasks.functional_correctness import Correctness, check_correctness
from codekiln.recipes.corpus_tasks.hallucination import invented_names, placeholders
from codekiln.recipes.corpus_tasks.quota_sampling import category_of
from codekiln.recipes.corpus_tasks.rejection_sampling import rejection_reason
from codekiln.recipes.corpus_tasks.reply_parser import fenced
from codekiln.recipes.corpus_tasks.rubric import Element, apply_rubric
from codekiln.sandbox.limits import Limits


def grade_replies(
    problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
) -> list[Graded]:
    """Return each reply with its verdict and a score per measure, in order; see `Recipe.grade`."""
    by_id = {problem.task_id: problem for problem in problems}
    jobs = [(by_id[sample.task_id], whole_reply(by_id[sample.task_id], sample.solution or "")) for sample in samples]
    checked = check_correctness(jobs, workers=workers, limits=limits, label=label)
    return [_grade(sample, *job, correctness) for sample, job, correctness in zip(samples, jobs, checked, strict=True)]


def validate_references(
    problems: Sequence[Problem], *, workers: int | None, limits: Limits
) -> tuple[list[Problem], list[Rejected]]:
    """Return the problems that can grade, and the others with their reasons.

    A reference answer must be accepted as a training row (``reference-<reason>``), and the code with the bug must not
    be correct (``bug-behaves``).
    """
    references = [(row, Sample(task_id=row.task_id, solution=row.reference)) for row in problems if row.reference]
    buggy = [(row, Sample(task_id=row.task_id, solution=fenced(row.grading_context["shown"])))
             for row in problems if category_of(row) == "bugfix"]  # fmt: skip
    samples = [sample for _, sample in references + buggy]
    graded = grade_replies(problems, samples, workers=workers, limits=limits, label="check: proving references")
    reasons: dict[str, str] = {}
    # The grades of the references come first; those of the buggy programs follow.
    for (problem, _), item in zip(references, graded, strict=False):
        if reason := rejection_reason(problem, item):
            reasons[problem.task_id] = f"reference-{reason}"
    for (problem, _), item in zip(buggy, graded[len(references) :], strict=True):
        if item.score("behaviour") == 1.0:
            reasons.setdefault(problem.task_id, "bug-behaves")
    rejected = [Rejected(reasons[row.task_id], row) for row in problems if row.task_id in reasons]
    return [row for row in problems if row.task_id not in reasons], rejected


def _grade(sample: Sample, problem: Problem, text: str, correctness: Correctness) -> Graded:
    elements = apply_rubric(problem, text)
    scores = (
        Score(metric="behaviour", value=correctness.value, reason=correctness.reason),
        Score(metric="style_score", value=sum(item.present for item in elements) / len(elements)),
        *_hallucination_scores(problem, text),
    )
    return Graded(sample=sample, verdict=_verdict(problem.task_id, elements), scores=scores)


def _verdict(task_id: str, elements: Sequence[Element]) -> Verdict:
    required = [item for item in elements if item.required]
    missing = [item for item in required if not item.present]
    return Verdict(
        task_id=task_id, status="failed" if missing else "passed", tests_total=len(required),
        tests_run=len(required), tests_passed=len(required) - len(missing),
        detail=f"{missing[0].name}: {missing[0].complaint}" if missing else "",
    )  # fmt: skip


def _hallucination_scores(problem: Problem, text: str) -> tuple[Score, Score]:
    marks, names = placeholders(problem, text), invented_names(problem, text)
    rate = Score(metric="hallucination_rate", value=float(bool(marks)), reason=", ".join(marks[:3]))
    if names is None:
        return rate, Score(metric="invented_names", value=None, reason="no code to look at")
    return rate, Score(metric="invented_names", value=float(bool(names)), reason=", ".join(names[:3]))
