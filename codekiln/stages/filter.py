"""filter: grade, filter and score the candidates, and let the recipe make training rows and a data set of them."""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial

from codekiln.data.folders import Dataset, Rejected, finish_dataset, write_dataset, write_rejected
from codekiln.data.records import Example, Graded, Labelled, Pair, Sample
from codekiln.data.shards import ShardJournal
from codekiln.recipes import publish, published
from codekiln.recipes.labelled import labelled_rows
from codekiln.recipes.types import BuiltDataset, Shortage, TrainingRows
from codekiln.stages import benchmarks
from codekiln.stages.base import Stage, StageContext, Summary, code_version
from codekiln.stages.filter_shards import PASSED, SAMPLES, FilteredShard, FilterShards
from codekiln.stages.sample_shards import cut_samples
from codekiln.stages.worker_pool import map_shards


def _filter(context: StageContext) -> Summary:
    output = context.output
    work = FilterShards(
        context.settings,
        train=context.inputs["train_problems"],
        evaluation=context.inputs["evaluation_problems"],
        graded=output / "graded",
        step=context.step,
    )
    samples = Dataset(context.inputs["samples"] / "samples", Sample)
    shards = cut_samples(work.problems, {SAMPLES: samples}, context.settings.shard_rows)
    found = list(map_shards(work, shards, context.step))
    kept = _finish(context, found)
    rows = _rows(context, work, found, kept)
    for note in rows.notes:
        print(f"{context.step}: {note}", flush=True)
    write = partial(write_dataset, code_version=code_version(), parents={"graded": context.step})
    examples, others = _rejected_by_kind(rows.rejected)
    write(output / "examples", rows.examples, Example, rejected=examples)
    write(output / "labelled", rows.labelled or labelled_rows(work.problems, kept, rows), Labelled)
    write(output / "pairs", rows.pairs, Pair, rejected=others)
    evaluation = benchmarks.of(work.evaluation_problems)
    made = BuiltDataset(work.problems, evaluation, kept, rows, context.step, context.settings.base_model)
    publish.publish(output / published.FOLDER, work.recipe, made)
    return _summary(len(samples), found, rows)


def _finish(context: StageContext, found: Sequence[FilteredShard]) -> Collection[Graded]:
    """Write the manifest of the graded candidates, and return them: from files, where there are several."""
    folder = context.output / "graded"
    finish_dataset(folder, Graded, [one.shard for one in found], code_version=code_version())
    ShardJournal(folder, len(found)).clear()
    kept = Dataset(folder, Graded)
    return kept if len(found) > 1 else kept.rows()


def _rows(
    context: StageContext, work: FilterShards, found: Sequence[FilteredShard], kept: Collection[Graded]
) -> TrainingRows:
    if work.recipe.by_shard:
        return work.recipe.merge(one.rows for one in found if one.rows is not None)
    try:
        return work.recipe.rows(work.problems, kept)
    except Shortage as error:
        for name, rejected in zip(("examples", "pairs"), _rejected_by_kind(error.rejected), strict=True):
            write_rejected(context.output / name, rejected)
        raise


def _rejected_by_kind(rejected: Sequence[Rejected]) -> tuple[list[Rejected], list[Rejected]]:
    """Return the rejected examples, and everything else that was rejected."""
    examples = [item for item in rejected if isinstance(item.row, Example)]
    return examples, [item for item in rejected if not isinstance(item.row, Example)]


def _summary(samples: int, found: Sequence[FilteredShard], rows: TrainingRows) -> Summary:
    strata = Counter(pair.stratum for pair in rows.pairs)
    reasons = sum((Counter(one.shard.rejected) for one in found), Counter(item.reason for item in rows.rejected))
    return Summary(
        figures={
            "samples": samples,
            PASSED: sum(one.shard.figures[PASSED] for one in found),
            "kept": sum(one.shard.rows for one in found),
            "examples": len(rows.examples),
            "pairs": len(rows.pairs),
            **{f"pairs_{stratum}": count for stratum, count in sorted(strata.items())},
        },
        rejected=dict(reasons.most_common()),
    )


filter = Stage(
    name="filter",
    settings_keys=("base_model", "recipe", "recipes", "metric", "seed", "filters", "sandbox", "shard_rows"),
    input_parts={"train_problems": ".", "evaluation_problems": ".", "samples": "samples"},
    run=_filter,
)
