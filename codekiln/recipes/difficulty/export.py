"""The recipe's own files of a data set: mixes, tables and plots."""

from collections.abc import Sequence

from codekiln.recipes.difficulty import plots, summary, tables
from codekiln.recipes.difficulty.mixture import Mix, RatedSolutions
from codekiln.recipes.difficulty.settings import DifficultySettings
from codekiln.recipes.types import BuiltDataset


def files(
    made: BuiltDataset, rated: RatedSolutions, mixes: Sequence[Mix], settings: DifficultySettings
) -> dict[str, str | bytes]:
    """Return the files, content by name; a mix that cannot be made has none."""
    content: dict[str, str | bytes] = {}
    for mix in mixes:
        if mix.rows:
            content |= dict(zip(tables.file_names(mix.name), tables.rows_of(mix, rated), strict=True))
    return content | {
        tables.PROBLEMS_CSV: tables.problems_table(made.train, rated, settings.thresholds),
        tables.PROBLEMS_JSONL: tables.problem_records(made.train, mixes),
        tables.RUNS_CSV: tables.runs_table(made.graded),
        tables.SUMMARY_CSV: summary.text(mixes, rated, settings.mix),
        "difficulty.png": plots.bands(mixes, rated),
        "pass_at_1.png": plots.solved(rated, {"easy": settings.easy, "medium": settings.medium}),
    }
