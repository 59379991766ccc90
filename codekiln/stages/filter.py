"""filter: candidates are graded in the sandbox, scored, filtered, and made into training rows by the recipe."""

from collections import Counter
from collections.abc import Sequence

from codekiln import filters, metrics
from codekiln.dataset import Dataset, Rejected, write_dataset
from codekiln.grading import grade_samples, program_of
from codekiln.records import Example, Graded, Pair, Problem, Sample
from codekiln.settings import Settings
from codekiln.stages.base import Stage, Summary, Work, code_version
from codekiln.stages.generate import recipe_of


def grade(problems: Sequence[Problem], samples: Sequence[Sample], settings: Settings, label: str) -> list[Graded]:
    """Return the samples with their verdicts, not yet scored."""
    by_id = {problem.task_id: problem for problem in problems}
    jobs = [(by_id[sample.task_id], sample) for sample in samples]
    verdicts = grade_samples(jobs, workers=settings.workers or None, limits=settings.sandbox, label=label)
    return [Graded(sample=sample, verdict=verdict) for sample, verdict in zip(samples, verdicts, strict=True)]


def score(problems: Sequence[Problem], graded: Sequence[Graded]) -> list[Graded]:
    """Return the same rows, those that pass with their scores on every metric."""
    by_id = {problem.task_id: problem for problem in problems}
    codes = [program_of(by_id[row.sample.task_id], row.sample) for row in graded if row.verdict.passed]
    scores = iter(metrics.score_all(codes))
    return [row.model_copy(update={"scores": next(scores)}) if row.verdict.passed else row for row in graded]


def _filter(work: Work) -> Summary:
    settings = work.settings
    problems = Dataset(work.inputs["train_problems"], Problem).rows()
    evaluation = Dataset(work.inputs["evaluation_problems"], Problem).rows()
    samples = Dataset(work.inputs["samples"] / "samples", Sample).rows()
    graded = grade(problems, samples, settings, work.step)
    kept, rejected = _apply(settings, problems, evaluation, graded)
    kept = score(problems, kept)
    rows = recipe_of(work).rows(problems, kept)
    common = {"parents": {"graded": work.step}, "code_version": code_version()}
    write_dataset(work.output / "graded", kept, Graded, rejected=rejected, code_version=code_version())
    write_dataset(work.output / "examples", rows.examples, Example, **common)
    write_dataset(work.output / "pairs", rows.pairs, Pair, rejected=rows.rejected, **common)
    return _summary(graded, kept, rows, rejected)


def _apply(
    settings: Settings, problems: Sequence[Problem], evaluation: Sequence[Problem], graded: Sequence[Graded]
) -> tuple[list[Graded], list[Rejected]]:
    by_id = {problem.task_id: problem for problem in problems}
    check = filters.chain(settings.filters, evaluation=evaluation)
    kept, rejected = [], []
    for row in graded:
        reason = check(by_id[row.sample.task_id], row)
        if reason:
            rejected.append(Rejected(reason, row))
        else:
            kept.append(row)
    return kept, rejected


def _summary(graded, kept, rows, rejected) -> Summary:
    strata = Counter(pair.stratum for pair in rows.pairs)
    reasons = Counter(item.reason for item in [*rejected, *rows.rejected])
    return Summary(
        figures={
            "samples": len(graded),
            "passed": sum(row.verdict.passed for row in graded),
            "kept": len(kept),
            "examples": len(rows.examples),
            "pairs": len(rows.pairs),
            **{f"pairs_{stratum}": count for stratum, count in sorted(strata.items())},
        },
        rejected=dict(reasons.most_common()),
    )


filter = Stage(
    name="filter",
    reads=("recipe", "recipes", "metric", "seed", "filters", "sandbox"),
    uses={"train_problems": ".", "evaluation_problems": ".", "samples": "samples"},
    work=_filter,
)
