"""The preference data set as files for others, and the section of the data card about it."""

import json
import re
import statistics
from collections import Counter
from collections.abc import Sequence

from codekiln.code.distance import token_similarity
from codekiln.data.records import Pair
from codekiln.data.replies import extract_code
from codekiln.recipes.types import BuiltDataset

GLOBAL = "global_dpo_dataset.jsonl"
LOCAL = "further_dpo_dataset_{base}.jsonl"
FIELDS = ("prompt", "chosen", "rejected", "task_id", "stratum", "metric", "chosen_score", "rejected_score")


def files(made: BuiltDataset) -> dict[str, str | bytes]:
    """Return the file of pairs, content by name; empty when there are no pairs."""
    return {file_name(made): lines(made.rows.pairs)} if made.rows.pairs else {}


def file_name(made: BuiltDataset) -> str:
    """Return the file's name: global for the teacher's pairs, local for those that the base model wrote itself."""
    if not _is_own(made):
        return GLOBAL
    return LOCAL.format(base=re.sub(r"[^\w.-]+", "-", made.base_model).strip("-"))


def lines(pairs: Sequence[Pair]) -> str:
    """Return the pairs as JSON Lines: message lists, scores, and where they come from."""
    rows = (pair.model_dump(mode="json") for pair in pairs)
    return "".join(json.dumps({field: row[field] for field in FIELDS}, ensure_ascii=False) + "\n" for row in rows)


def card(made: BuiltDataset, metric: str, margin: float) -> str:
    """Return the recipe's part of the card, in Markdown."""
    pairs = made.rows.pairs
    strata = Counter(pair.stratum for pair in pairs)
    author = "the model to be trained, after its first preference training" if _is_own(made) else "the teacher"
    name = file_name(made)
    parts = [
        "## What a row is",
        f"A problem with two programs that {author} wrote for it: `chosen` is better than `rejected`. In the stratum "
        f"`quality` ({strata['quality']} pairs) both pass every hidden test and differ by at least {margin:g} in "
        f"`{metric}`; the measured values are `chosen_score` and `rejected_score`. In the stratum `correctness` "
        f"({strata['correctness']} pairs) the rejected program fails. Tests that grade are never shown to a model.",
        *_tie_broken(pairs, metric),
        f"`{name}` has the pairs with `prompt`, `chosen` and `rejected` as lists of messages, so that chat "
        "templates apply to all three alike; `preferences.jsonl` has the same with groups. `train.jsonl` has passing "
        "programs for supervised fine-tuning.",
        *([_figures(pairs, metric)] if pairs else []),
        "## How to load it",
        f'```python\nfrom datasets import load_dataset\n\nload_dataset("json", data_files="{name}")\n```',
    ]
    return "\n\n".join(parts)


def _is_own(made: BuiltDataset) -> bool:
    """Return whether the base model wrote the programs; the steps of self-generation start with ``self``."""
    return made.step.startswith("self")


def _tie_broken(pairs: Sequence[Pair], metric: str) -> list[str]:
    counted = Counter(pair.metric for pair in pairs if pair.metric != metric)
    if not counted:
        return []
    listed = ", ".join(f"{count} by `{name}`" for name, count in counted.most_common())
    return [
        f"Of programs that `{metric}` does not order, because they are equal by it or it has no value for a program "
        f"without operators, another metric says which is better: {listed}; the row has that metric and its values."
    ]


def _figures(pairs: Sequence[Pair], metric: str) -> str:
    similarities = [
        token_similarity(extract_code(pair.chosen[-1].content), extract_code(pair.rejected[-1].content))
        for pair in pairs
    ]
    gaps = [
        abs(pair.chosen_score - pair.rejected_score)
        for pair in pairs
        if pair.stratum == "quality"
        and pair.metric == metric
        and pair.chosen_score is not None
        and pair.rejected_score is not None
    ]
    near = sum(value > 0.9 for value in similarities)
    text = (
        f"The two programs of a pair have {statistics.median(similarities):.0%} of their tokens in common (median). In "
        f"{near} pairs it is more than 90 %, where plain DPO can make the chosen one less likely: see `max_likeness`, "
        "`dpop`."
    )
    return text + (f" Quality pairs differ by {statistics.median(gaps):.1f} (median)." if gaps else "")
