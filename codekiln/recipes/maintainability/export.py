"""The preference data sets of the maintainability recipe: their files, what their cards say, and the proof of them."""

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from codekiln.code import metrics
from codekiln.data.prompts import extract_code
from codekiln.data.records import Pair
from codekiln.errors import InputError
from codekiln.recipes.maintainability.pairing import likeness
from codekiln.recipes.types import BuiltDataset

GLOBAL = "global_dpo_dataset.jsonl"
LOCAL = "further_dpo_dataset_{base}.jsonl"
FIELDS = ("prompt", "chosen", "rejected", "task_id", "stratum", "metric", "chosen_score", "rejected_score")
AGAIN = "make the data set again"
_OWN = "self"


def name_of(made: BuiltDataset) -> str:
    """Return the file's name: of the teacher's pairs, or of those that the model to be trained wrote itself."""
    if not made.step.startswith(_OWN):
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
    who = "the model to be trained, after its first preference training" if _is_own(made) else "the teacher"
    parts = [
        "## What a row is",
        f"A problem with two programs that {who} wrote for it: `chosen` is better than `rejected`. In the stratum "
        f"`quality` ({strata['quality']} pairs) both pass every hidden test and differ by at least {margin:g} in "
        f"`{metric}`; the measured values are `chosen_score` and `rejected_score`. In the stratum `correctness` "
        f"({strata['correctness']} pairs) the rejected program fails. Tests that grade are never shown to a model.",
        f"`{name_of(made)}` has the pairs with `prompt`, `chosen` and `rejected` as lists of messages, so that chat "
        "templates apply to all three alike; `preferences.jsonl` has the same with groups. `train.jsonl` has passing "
        "programs for supervised fine-tuning.",
        *([_figures(pairs)] if pairs else []),
        "## How to load it",
        f'```python\nfrom datasets import load_dataset\n\nload_dataset("json", data_files="{name_of(made)}")\n```',
    ]
    return "\n\n".join(parts)


def check(folder: Path, metric: str, sign: float, margin: float, ties: bool) -> Iterator[InputError]:
    """Yield the pairs that are not what they say.

    Args:
        folder: A data set folder; one without pairs has nothing to prove.
        metric: The metric that ordered the pairs.
        sign: 1 when more of it is better, -1 when less is.
        margin: Least difference in a quality pair.
        ties: Whether programs of equal score may be a pair.
    """
    for path in sorted([*folder.glob(GLOBAL), *folder.glob(LOCAL.format(base="*"))]):
        for number, text in enumerate(path.read_bytes().splitlines(), start=1):  # str.splitlines knows more line ends
            where = f"{path}:{number}"
            try:
                what = _wrong(json.loads(text), metric, sign, margin, ties)
            except (ValueError, LookupError, TypeError) as error:
                what = f"is no pair: {type(error).__name__}: {error}"
            if what:
                yield InputError(what, where=where, fix=AGAIN)


def _wrong(row: dict[str, Any], metric: str, sign: float, margin: float, ties: bool) -> str | None:
    if tuple(row) != FIELDS or row["metric"] != metric:
        return (
            f"has the fields {', '.join(row)} and the metric {row.get('metric')}, not {', '.join(FIELDS)} and {metric}"
        )
    if not all(_is_messages(row[side]) for side in ("prompt", "chosen", "rejected")):
        return "prompt, chosen and rejected are not all lists of messages"
    texts = [extract_code(row[side][-1]["content"]) for side in ("chosen", "rejected")]
    if texts[0] == texts[1]:
        return "chosen and rejected are equal"
    measured = [metrics.get(metric).score(code).value for code in texts]
    stated = [row["chosen_score"], row["rejected_score"]]
    if row["stratum"] == "correctness":
        measured[1] = stated[1]  # a program that fails is not scored
    if any(not _same(one, other) for one, other in zip(measured, stated, strict=True)):
        return f"the scores are {stated}, and measured they are {measured}"
    if row["stratum"] == "quality":
        gap = sign * (measured[0] - measured[1])
        if gap < margin or (gap <= 0 and not ties):
            return f"the chosen program is better by {gap:.2f}, which is less than the margin of {margin:g}"
    return None


def _is_messages(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(set(turn) == {"role", "content"} for turn in value)


def _same(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else abs(one - other) < 1e-6


def _is_own(made: BuiltDataset) -> bool:
    return made.step.startswith(_OWN)


def _figures(pairs: Sequence[Pair]) -> str:
    alike = [likeness(*(extract_code(side[-1].content) for side in (pair.chosen, pair.rejected))) for pair in pairs]
    gaps = [abs(pair.chosen_score - pair.rejected_score) for pair in pairs if pair.stratum == "quality"]
    near = sum(value > 0.9 for value in alike)
    text = (
        f"The two programs of a pair have {statistics.median(alike):.0%} of their tokens in common (median). In {near} "
        "pairs it is more than 90 %, where plain DPO can make the chosen one less likely: see `max_likeness`, `dpop`."
    )
    return text + (f" Quality pairs differ by {statistics.median(gaps):.1f} (median)." if gaps else "")
