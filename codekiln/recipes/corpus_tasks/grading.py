"""A reply's verdict, its scores, and whether it is fit to be trained on."""

from collections.abc import Sequence

from codekiln.data.records import Graded, Problem, Sample, Score, Verdict
from codekiln.recipes.corpus_tasks.behaviour import Behaviour, behave
from codekiln.recipes.corpus_tasks.hallucination import invented, placeholders
from codekiln.recipes.corpus_tasks.reply_checks import elements
from codekiln.recipes.corpus_tasks.reply_parser import Reply, same_program
from codekiln.sandbox.limits import Limits

_CODE = ("bugfix", "complete", "unit_test")


def judge(
    problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
) -> list[Graded]:
    """Return each reply with its verdict (the required elements of its category) and a score per measure, in order."""
    by_id = {problem.task_id: problem for problem in problems}
    jobs = [(by_id[sample.task_id], sample.solution or "") for sample in samples]
    behaved = behave(jobs, workers=workers, limits=limits, label=label)
    return [
        Graded(sample=sample, verdict=_verdict(*job), scores=_scores(*job, found))
        for sample, job, found in zip(samples, jobs, behaved, strict=True)
    ]


def refusal(problem: Problem, item: Graded) -> str | None:
    """Return why a reply is not trained on, or None: it passes, behaves right, and makes nothing up.

    A fix, a completion or tests that nobody can run have to be the original.
    """
    if not item.verdict.passed:
        return f"lacks-{item.verdict.detail.partition(':')[0]}"
    behaviour = item.score("behaviour")
    if behaviour == 0.0:
        return "misbehaves"
    if item.score("hallucination_rate"):
        return "placeholder"
    if item.score("invented_names"):
        return "invents"
    is_known = behaviour is not None or problem.stratum not in _CODE or _is_original(problem, item.sample)
    return None if is_known else "not-the-original"


def _is_original(problem: Problem, sample: Sample) -> bool:
    return same_program(
        Reply(sample.solution or "").written(problem.grading_context["name"]), problem.grading_context["text"]
    )


def _verdict(problem: Problem, text: str) -> Verdict:
    required = [item for item in elements(problem, text) if item.required]
    missing = [item for item in required if not item.held]
    return Verdict(
        task_id=problem.task_id, status="failed" if missing else "passed", tests_total=len(required),
        tests_run=len(required), tests_passed=len(required) - len(missing),
        detail=f"{missing[0].name}: {missing[0].missing}" if missing else "",
    )  # fmt: skip


def _scores(problem: Problem, text: str, behaviour: Behaviour) -> tuple[Score, ...]:
    looked_for = elements(problem, text)
    style = sum(item.held for item in looked_for) / len(looked_for)
    marks, names = placeholders(problem, text), invented(problem, text)
    nothing = "" if names is not None else "no code to look at"
    return (
        Score(metric="behaviour", value=behaviour.value, reason=behaviour.reason),
        Score(metric="style_score", value=style),
        Score(metric="hallucination_rate", value=float(bool(marks)), reason=", ".join(marks[:3])),
        Score(metric="invented_names", value=None if names is None else float(bool(names)),
              reason=nothing or ", ".join(names[:3])),
    )  # fmt: skip
