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
    """Return the samples with their verdicts and, for those that pass, their scores on every metric."""
    by_id = {problem.task_id: problem for problem in problems}
    jobs = [(by_id[sample.task_id], sample) for sample in samples]
    verdicts = grade_samples(jobs, workers=settings.workers or None, limits=settings.sandbox, label=label)
    programs = [program_of(problem, sample) for problem, sample in jobs]
    passing = sorted({code for code, verdict in zip(programs, verdicts, strict=True) if verdict.passed})
    scores = dict(zip(passing, metrics.score_all(passing), strict=True))
    return [
        Graded(sample=sample, verdict=verdict, scores=scores[code] if verdict.passed else ())
        for sample, verdict, code in zip(samples, verdicts, programs, strict=True)
    ]


def _filter(work: Work) -> Summary:
    settings = work.settings
    problems = Dataset(work.inputs["train_problems"], Problem).rows()
    evaluation = Dataset(work.inputs["evaluation_problems"], Problem).rows()
    samples = Dataset(work.inputs["samples"] / "samples", Sample).rows()
    graded = grade(problems, samples, settings, work.step)
    kept, rejected = _apply(settings, problems, evaluation, graded)
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
