"""Writes a published data set, with its card, and proves it before it counts as published."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codekiln import __version__
from codekiln.data import near_duplicates
from codekiln.data.files import sha256_file
from codekiln.data.records import Record
from codekiln.errors import InputErrors
from codekiln.recipes.base import Recipe
from codekiln.recipes.published import (
    CARD,
    EVALUATION,
    PREFERENCES,
    TRAIN,
    Conversation,
    Preference,
    PublishedManifest,
)
from codekiln.recipes.types import BuiltDataset
from codekiln.recipes.validate import validate_dataset


def publish(folder: Path, recipe: Recipe[Any], made: BuiltDataset) -> None:
    """Write a data set into ``folder`` and prove it.

    Raises:
        InputErrors: What was written breaks a rule of the recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    train, pairs = _conversations(made), _preferences(made)
    content: dict[str, str | bytes] = {TRAIN: _lines(train), EVALUATION: _lines(made.evaluation)}
    if pairs:
        content[PREFERENCES] = _lines(pairs)
    content |= recipe.files(made)
    content[CARD] = _card(recipe, made, sorted(content))
    for name, text in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    manifest = PublishedManifest(
        recipe=recipe.name,
        metric=recipe.metric,
        seed=recipe.seed,
        settings=recipe.settings.model_dump(mode="json"),
        rows={"train": len(train), "preferences": len(pairs), "evaluation": len(made.evaluation)},
        files={name: sha256_file(folder / name) for name in sorted(content)},
        codekiln=__version__,
    )
    manifest.write(folder)
    if found := list(validate_dataset(folder)):
        raise InputErrors(found)


def _conversations(made: BuiltDataset) -> list[Conversation]:
    return [
        Conversation(messages=row.prompt + row.completion, task_id=row.task_id, group=row.group)
        for row in made.rows.examples
    ]


def _preferences(made: BuiltDataset) -> list[Preference]:
    return [Preference.model_validate(row.model_dump()) for row in made.rows.pairs]


def _lines(rows: Sequence[Record]) -> str:
    return "".join(row.model_dump_json() + "\n" for row in rows)


def _card(recipe: Recipe[Any], made: BuiltDataset, names: Sequence[str]) -> str:
    import yaml

    strata = Counter(problem.stratum for problem in made.train if problem.stratum)
    licences = sorted({problem.licence for problem in [*made.train, *made.evaluation] if problem.licence})
    front: dict[str, Any] = {"pretty_name": f"codekiln {recipe.name}", "tags": ["codekiln", "code", recipe.name]}
    front |= {"configs": [{"config_name": "default", "data_files": [{"split": "train", "path": TRAIN}]}]}
    own = {key: value for key, value in recipe.settings.model_dump(mode="json").items()}
    lines = [
        "---",
        yaml.safe_dump(front, sort_keys=False).strip(),
        "---",
        "",
        f"# {recipe.name}",
        "",
        recipe.describe,
        "",
        f"{len(made.rows.examples)} training rows and {len(made.rows.pairs)} preference pairs from {len(made.train)} "
        f"problems; {len(made.evaluation)} problems are held out for evaluation. Made by codekiln {__version__} "
        f"with seed {recipe.seed}. Licence of the sources: {', '.join(licences) or 'not stated'}.",
        "",
        recipe.card(made).strip(),
        "",
        "## Files",
        "",
        *(f"* `{name}`{_meaning(name)}" for name in names),
        "",
        "## How it was made",
        "",
        *([f"* training problems by stratum: {_counts(strata)}"] if strata else []),
        f"* candidates kept: {len(made.graded)}; rows rejected: "
        f"{_counts(Counter(item.reason for item in made.rows.rejected)) or 'none'}",
        f"* settings of the recipe: `{json.dumps(own, sort_keys=True)}`",
        f"* base model it was made for: {made.base_model}; metric: {recipe.metric or 'none'}",
        "",
        "No group is on both sides of the split, and no training row is within a Jaccard similarity of "
        f"{near_duplicates.THRESHOLD} of an evaluation problem, unless the recipe says above why it may be. "
        "`codekiln validate FOLDER` proves it again.",
    ]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _meaning(name: str) -> str:
    known = {
        TRAIN: "conversations for supervised fine-tuning: messages, task_id, group",
        PREFERENCES: "pairs for preference training: prompt, chosen, rejected, scores",
        EVALUATION: "the problems that models are evaluated on, with what grades replies",
    }
    return f": {known[name]}" if name in known else ""


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.most_common())
