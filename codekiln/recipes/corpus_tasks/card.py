"""The data card: what a row is, where it comes from, what is proven and how to load it."""

from collections import Counter

from codekiln.recipes.corpus_tasks.export import ALL, TEST, TRAIN
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.settings import CorpusTasksSettings
from codekiln.recipes.types import BuiltDataset

_ORIGINS = {
    "docstring": "the author's docstring in Google style; no task where the author leaves something out",
    "explain": "the author's words in bullet points, with what the syntax shows and, where it was run, an example",
    "bugfix": "the original, with the line and the explanation of the mutation that made the bug",
    "complete": "the function as its author wrote it",
    "unit_test": "assertions of what the original returned or raised in the sandbox",
}


def card(dataset: BuiltDataset, settings: CorpusTasksSettings) -> str:
    """Return the card's sections about the rows.

    Args:
        dataset: The data set.
        settings: The recipe's settings.
    """
    problems = {problem.task_id: problem for problem in dataset.train}
    train = Counter(problems[row.task_id].stratum for row in dataset.rows.examples)
    test = Counter(problem.stratum for problem in dataset.evaluation)
    own = {row.sample.task_id for row in dataset.graded if row.sample.model == "reference"}
    lines = ["| category | train | test | what the source itself answers |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {train[name]} | {test[name]} | {_ORIGINS[name]} |" for name in CATEGORIES]
    writers = sorted({row.sample.model or "unknown" for row in dataset.graded})
    return "\n".join([
        "## What a row is",
        "",
        "A task about one function of a Python source tree, and a reply to it. "
        f"`{TRAIN}`, `{TEST}` and both together in `{ALL}` are arrays of `instruction` (word for word what a model is "
        "shown), `response`, `category`, `source_function` and `source_file`; `train.jsonl` has the training rows as "
        "conversations.",
        "",
        *lines,
        "",
        "## Where it comes from",
        "",
        f"Corpus: `{settings.corpus}`, licence {_licence(dataset)}. {len(_functions(dataset))} functions of "
        f"{len(_files(dataset))} files. Replies of training rows by: {', '.join(writers)}"
        + (f" ({len(own)} tasks are answered by the source itself)." if own else "."),
        "",
        "## What is proven",
        "",
        "* No file, and no two nearly equal functions, have rows on both sides; proportions are exact on both.",
        f"* {_proven_bugs(dataset)}",
        "* Every fix and every completion was run on generated calls and gave what the original gives; every test "
        "holds on the original and fails on a mutant of it.",
        "* Docstrings and explanations are checked for what they must contain. Whether what they say is true is not "
        "proven: the source's own answers only repeat the author and the syntax, a teacher's may be wrong.",
        "",
        "## How to load it",
        "",
        "```python",
        "import json",
        "",
        f'rows = json.load(open("{TRAIN}", encoding="utf-8"))',
        "```",
        "",
    ])  # fmt: skip


def _licence(dataset: BuiltDataset) -> str:
    return " and ".join(sorted({row.licence or "not stated" for row in (*dataset.train, *dataset.evaluation)}))


def _functions(dataset: BuiltDataset) -> set[tuple[str, str]]:
    rows = (*dataset.train, *dataset.evaluation)
    return {(row.grading_context["file"], row.grading_context["function"]) for row in rows}


def _files(dataset: BuiltDataset) -> set[str]:
    return {row.grading_context["file"] for row in (*dataset.train, *dataset.evaluation)}


def _proven_bugs(dataset: BuiltDataset) -> str:
    rows = (*dataset.train, *dataset.evaluation)
    found = Counter(row.grading_context["effect"] for row in rows if row.stratum == "bugfix")
    text = (
        f"Bugs are single edits: {found['logical']} were seen to give other results than the original "
        f"in the sandbox, {found['runtime']} to raise where it does not"
    )
    return text + (f", {found['unproven']} are not proven (`effect` is `unproven`)." if found["unproven"] else ".")
