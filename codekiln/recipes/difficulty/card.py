"""The section of the data card about the mixes."""

from collections import Counter
from collections.abc import Collection, Sequence

from codekiln.data.records import Graded
from codekiln.recipes.difficulty import tables
from codekiln.recipes.difficulty.mixture import Mix, RatedSolutions
from codekiln.recipes.difficulty.rates import BANDS, UNSOLVED, UNSURE
from codekiln.recipes.difficulty.settings import DifficultySettings
from codekiln.recipes.difficulty.summary import ratio_text


def text(rated: RatedSolutions, mixes: Sequence[Mix], settings: DifficultySettings, graded: Collection[Graded]) -> str:
    """Return the recipe's part of the card, in Markdown."""
    return "\n\n".join(
        (
            "## What a row is",
            f"A problem and a program that passed every hidden test of it in a sandbox. `train.jsonl` holds the mix "
            f"`{settings.mix}`. The programs are what models wrote, unchanged; none was edited, and none is a "
            "reference put in a model's place.",
            "## Difficulty",
            f"A problem's difficulty is the share of its samples that passed (pass@1, all runs together): easy from "
            f"{settings.easy:g}, medium from {settings.medium:g}, hard below. `{UNSOLVED}` problems were solved by no "
            f"sample, so there is nothing to train on. A problem with fewer than {settings.least_samples} samples has "
            f"no difficulty. `{UNSURE}` problems have a rate so near a threshold that the chance of the true one being "
            f"in the same band is below {settings.sure:g} (Jeffreys' posterior); they are in no data set. "
            f"`{tables.PROBLEMS_CSV}` has each problem's 95 % interval and that chance.",
            _table(("difficulty", "problems", "solutions"), _bands(rated)),
            _table(("run", "samples", "passed"), _runs(graded)),
            "## Data sets",
            _table(("data set", "ratio easy:medium:hard", "rows", "problems", *BANDS), _mixes(mixes, rated)),
            "Every data set has its ratio exactly, in problems as in rows, and is the largest that does. All draw from "
            "the same solutions in the same order, so they overlap: `datasets_summary.csv` says by how many rows. "
            f"At most {settings.solutions_per_problem} of a problem are used, the best by `{settings.best_by}` first, "
            f"with trees at least {settings.apart:g} apart (pq-gram distance). Problems and solutions that share "
            f"{settings.near_duplicate:g} of their token 5-grams with an earlier one are left out.",
            "## Columns",
            _columns(),
            "## How to load it",
            '```python\nimport json\n\nrows = [json.loads(line) for line in open("dataset_balanced.jsonl")]\n```\n\n'
            '```python\nimport pandas\n\npandas.read_csv("datasets_summary.csv")\n```',
            "![rows of each difficulty](difficulty.png)\n\n![pass@1 of the problems](pass_at_1.png)",
        )
    )


def _columns() -> str:
    return "\n".join(
        f"* `{file}`: {', '.join(f'`{column}`' for column in columns)}"
        for file, columns in (
            ("dataset_<mix>.jsonl", tables.JSONL),
            ("dataset_<mix>.csv", tables.CSV),
            (tables.PROBLEMS_CSV, tables.PROBLEMS),
            (tables.RUNS_CSV, tables.RUNS),
        )
    )


def _bands(rated: RatedSolutions) -> list[tuple[object, ...]]:
    counted = Counter(rated.bands.values())
    shown = [*BANDS, *(band for band in sorted(counted) if band not in BANDS)]
    return [(band, counted[band], len(rated.solutions.get(band, ()))) for band in shown]


def _runs(graded: Collection[Graded]) -> list[tuple[object, ...]]:
    written = Counter(row.sample.model or "" for row in graded)
    passed = Counter(row.sample.model or "" for row in graded if row.verdict.passed)
    return [(run, count, passed[run]) for run, count in sorted(written.items())]


def _mixes(mixes: Sequence[Mix], rated: RatedSolutions) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for mix in mixes:
        counted = Counter(rated.bands[row.problem.task_id] for row in mix.rows)
        size = mix.obstacle or len(mix.rows)
        problems = len({row.problem.task_id for row in mix.rows})
        ratio = ratio_text(mix.ratio.lowest_terms())
        rows.append((mix.name, ratio, size, problems, *(counted[band] for band in BANDS)))
    return rows


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
