"""filter: candidates are graded, scored, filtered, and made into training rows and a data set by the recipe."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from codekiln import filters
from codekiln.data.folders import Dataset, Rejected, write_dataset
from codekiln.data.records import Example, Graded, Pair, Problem, Sample
from codekiln.recipes import publish, published
from codekiln.recipes.base import Recipe
from codekiln.recipes.decontamination import reject_near_duplicates
from codekiln.recipes.types import BuiltDataset, TrainingRows
from codekiln.settings.schema import Settings
from codekiln.stages.base import Stage, Summary, Work, code_version
from codekiln.stages.generate import recipe_of


def grade(
    recipe: Recipe[Any], problems: Sequence[Problem], samples: Sequence[Sample], settings: Settings, label: str
) -> list[Graded]:
    """Return the samples with their verdicts."""
    return recipe.grade(problems, samples, workers=settings.workers or None, limits=settings.sandbox, label=label)


def _filter(work: Work) -> Summary:
    settings, recipe = work.settings, recipe_of(work.settings)
    problems = Dataset(work.inputs["train_problems"], Problem).rows()
    evaluation = Dataset(work.inputs["evaluation_problems"], Problem).rows()
    samples = Dataset(work.inputs["samples"] / "samples", Sample).rows()
    graded = grade(recipe, problems, samples, settings, work.step)
    kept, rejected = _apply(recipe.filters, settings, problems, evaluation, graded)
    kept, close = reject_near_duplicates(recipe, problems, kept, evaluation)
    kept, rejected = recipe.score(problems, kept), [*rejected, *close]
    rows = recipe.rows(problems, kept)
    common = {"parents": {"graded": work.step}, "code_version": code_version()}
    write_dataset(work.output / "graded", kept, Graded, rejected=rejected, code_version=code_version())
    write_dataset(work.output / "examples", rows.examples, Example, rejected=_of(rows, Example), **common)
    write_dataset(work.output / "pairs", rows.pairs, Pair, rejected=_of(rows, Example, other=True), **common)
    made = BuiltDataset(problems, evaluation, kept, rows, work.step, settings.base_model)
    publish.publish(work.output / published.FOLDER, recipe, made)
    return _summary(graded, kept, rows, rejected)


def _of(rows: TrainingRows, kind: type, other: bool = False) -> list[Rejected]:
    return [item for item in rows.rejected if isinstance(item.row, kind) is not other]


def _apply(
    chosen: Sequence[str] | None,
    settings: Settings,
    problems: Sequence[Problem],
    evaluation: Sequence[Problem],
    graded: Sequence[Graded],
) -> tuple[list[Graded], list[Rejected]]:
    by_id = {problem.task_id: problem for problem in problems}
    check = filters.chain(
        settings.filters if chosen is None else chosen, settings.filter_settings, evaluation=evaluation
    )
    kept, rejected = [], []
    for row in graded:
        reason = check(by_id[row.sample.task_id], row)
        if reason:
            rejected.append(Rejected(reason, row))
        else:
            kept.append(row)
    return kept, rejected


def _summary(
    graded: Sequence[Graded], kept: Sequence[Graded], rows: TrainingRows, rejected: Sequence[Rejected]
) -> Summary:
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
    reads=("base_model", "recipe", "recipes", "metric", "seed", "filters", "sandbox"),
    uses={"train_problems": ".", "evaluation_problems": ".", "samples": "samples"},
    work=_filter,
)
