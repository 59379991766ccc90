"""filter: grade, filter and score the candidates, and let the recipe make training rows and a data set of them."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from codekiln import filters
from codekiln.data.folders import Dataset, Rejected, write_dataset, write_rejected
from codekiln.data.records import Example, Graded, Labelled, Pair, Problem, Sample
from codekiln.recipes import publish, published
from codekiln.recipes.decontamination import reject_near_duplicates
from codekiln.recipes.labelled import labelled_rows
from codekiln.recipes.types import BuiltDataset, Shortage, TrainingRows
from codekiln.settings.schema import Settings
from codekiln.stages import benchmarks
from codekiln.stages.base import Stage, StageContext, Summary, code_version
from codekiln.stages.configured import grade, recipe_of


def _filter(context: StageContext) -> Summary:
    settings, recipe = context.settings, recipe_of(context.settings)
    problems = Dataset(context.inputs["train_problems"], Problem).rows()
    evaluation = Dataset(context.inputs["evaluation_problems"], Problem).rows()
    samples = Dataset(context.inputs["samples"] / "samples", Sample).rows()
    graded = grade(recipe, problems, samples, settings, context.step)
    kept, rejected = _apply(recipe.filters, settings, problems, evaluation, graded)
    kept, close = reject_near_duplicates(recipe, problems, kept, evaluation)
    kept, rejected = recipe.score(problems, kept), [*rejected, *close]
    try:
        rows = recipe.rows(problems, kept)
    except Shortage as error:
        write_rejected(context.output / "graded", [*rejected, *error.rejected])
        raise
    for note in rows.notes:
        print(f"{context.step}: {note}", flush=True)
    write = partial(write_dataset, code_version=code_version())
    made_of = {"graded": context.step}
    examples, others = _rejected_by_kind(rows)
    write(context.output / "graded", kept, Graded, rejected=rejected)
    write(context.output / "examples", rows.examples, Example, rejected=examples, parents=made_of)
    labelled = rows.labelled or labelled_rows(problems, kept, rows)
    write(context.output / "labelled", labelled, Labelled, parents=made_of)
    write(context.output / "pairs", rows.pairs, Pair, rejected=others, parents=made_of)
    made = BuiltDataset(problems, benchmarks.of(evaluation), kept, rows, context.step, settings.base_model)
    publish.publish(context.output / published.FOLDER, recipe, made)
    return _summary(graded, kept, rows, rejected)


def _rejected_by_kind(rows: TrainingRows) -> tuple[list[Rejected], list[Rejected]]:
    """Return the rejected examples, and everything else that was rejected."""
    examples = [item for item in rows.rejected if isinstance(item.row, Example)]
    return examples, [item for item in rows.rejected if not isinstance(item.row, Example)]


def _apply(
    chosen: Sequence[str] | None,
    settings: Settings,
    problems: Sequence[Problem],
    evaluation: Sequence[Problem],
    graded: Sequence[Graded],
) -> tuple[list[Graded], list[Rejected]]:
    """Return the candidates that all filters keep, and the others with the reason of the first that rejects them."""
    by_id = {problem.task_id: problem for problem in problems}
    check = filters.chain(
        settings.filters if chosen is None else chosen, settings.filter_settings, evaluation=evaluation
    )
    kept: list[Graded] = []
    rejected: list[Rejected] = []
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
    settings_keys=("base_model", "recipe", "recipes", "metric", "seed", "filters", "sandbox"),
    input_parts={"train_problems": ".", "evaluation_problems": ".", "samples": "samples"},
    run=_filter,
)
