"""Proves a published data set from its files: digests, rows, no leak across the split, and the recipe's own rules."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codekiln.data.files import validation_errors
from codekiln.data.folders import read_rows
from codekiln.data.manifests import MANIFEST, damaged_files
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors
from codekiln.recipes import get
from codekiln.recipes.base import Recipe
from codekiln.recipes.decontamination import near_evaluation
from codekiln.recipes.published import (
    CARD,
    EVALUATION,
    PREFERENCES,
    TRAIN,
    Conversation,
    Preference,
    PublishedManifest,
)


def validate_dataset(folder: Path) -> Iterator[InputError]:
    """Yield everything that is wrong with a data set: damage, bad rows, leaks across the split, the recipe's rules."""
    manifest = PublishedManifest.read(folder)
    damaged = list(_damaged(folder, manifest))
    if damaged:
        yield from damaged
        return
    recipe = _recipe_of(manifest, folder / MANIFEST)
    try:
        train = read_rows(folder / TRAIN, Conversation)
        evaluation = read_rows(folder / EVALUATION, Problem)
        pairs = read_rows(folder / PREFERENCES, Preference) if PREFERENCES in manifest.files else []
    except InputErrors as errors:
        yield from errors.errors
        return
    yield from _counts_wrong(folder, manifest, {"train": train, "preferences": pairs, "evaluation": evaluation})
    misshapen = list(_shapes(folder, train, pairs))
    yield from misshapen
    if not misshapen:
        yield from _leaks(folder, train, pairs, evaluation, recipe)
    yield from recipe.validate(folder)


def _recipe_of(manifest: PublishedManifest, path: Path) -> Recipe[Any]:
    kind = get(manifest.recipe)
    try:
        own = kind.Settings.model_validate(manifest.settings)
    except ValidationError as error:
        raise InputErrors(validation_errors(error, f"{path}.settings", "make the data set again")) from None
    return kind(own, metric=manifest.metric, seed=manifest.seed)


def _counts_wrong(folder: Path, manifest: PublishedManifest, found: dict[str, Sequence[Any]]) -> Iterator[InputError]:
    for name, rows in found.items():
        if manifest.rows.get(name) != len(rows):
            yield InputError(
                f"says {manifest.rows.get(name)} {name} rows, and there are {len(rows)}",
                where=f"{folder / MANIFEST}.rows.{name}",
                fix="make the data set again",
            )
    for task_id, count in Counter(row.task_id for row in found["evaluation"]).items():
        if count > 1:
            yield InputError(
                f"the problem {task_id} is there {count} times",
                where=str(folder / EVALUATION),
                fix="make the data set again",
            )


def _damaged(folder: Path, manifest: PublishedManifest) -> Iterator[InputError]:
    for name in (TRAIN, EVALUATION, CARD):
        if name not in manifest.files:
            yield InputError("is not listed", where=f"{folder / MANIFEST}.files: {name}", fix="make the data set again")
    for path, detail in damaged_files(folder, manifest.files):
        yield InputError(detail, where=str(path), fix="make the data set again")


def _shapes(folder: Path, train: Sequence[Conversation], pairs: Sequence[Preference]) -> Iterator[InputError]:
    for number, row in enumerate(train, start=1):
        roles = [message.role for message in row.messages]
        if roles[-2:] != ["user", "assistant"] or not row.messages[-1].content.strip():
            yield InputError(
                "the conversation does not end with a question and an answer",
                where=f"{folder / TRAIN}:{number}.messages",
                fix="correct the recipe",
            )
    for number, pair in enumerate(pairs, start=1):
        if pair.chosen == pair.rejected:
            yield InputError(
                "chosen and rejected are equal", where=f"{folder / PREFERENCES}:{number}", fix="correct the recipe"
            )


def _leaks(
    folder: Path,
    train: Sequence[Conversation],
    pairs: Sequence[Preference],
    evaluation: Sequence[Problem],
    recipe: Recipe[Any],
) -> Iterator[InputError]:
    groups = {row.group or row.task_id: row.task_id for row in evaluation}
    files: dict[str, Sequence[Conversation | Preference]] = {TRAIN: train, PREFERENCES: pairs}
    for name, rows in files.items():
        for number, row in enumerate(rows, start=1):
            if (row.group or row.task_id) in groups:
                yield InputError(
                    f"the group '{row.group or row.task_id}' is on both sides of the split",
                    where=f"{folder / name}:{number}.group",
                    fix=f"take it or {groups[row.group or row.task_id]} out",
                )
    conversations = {TRAIN: [row.messages for row in train], PREFERENCES: [row.prompt + row.chosen for row in pairs]}
    for name, turns in conversations.items():
        for number, (task_id, similarity) in sorted(near_evaluation(turns, evaluation, recipe).items()):
            yield InputError(
                f"nearly repeats the evaluation problem {task_id} ({similarity:.2f})",
                where=f"{folder / name}:{number + 1}",
                fix="take one of them out",
            )
