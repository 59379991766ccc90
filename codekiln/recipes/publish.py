"""A data set for others: rows in plain form, the recipe's own files, a card, and the proof that all of it is sound.

train.jsonl         one conversation a line: messages, task_id, group
preferences.jsonl   where there are pairs: prompt, chosen, rejected, and the scores that ordered them
evaluation.jsonl    the problems that models are judged on, in full
README.md           the card
manifest.json       digests of all files, and the settings that made them; written last
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError

from codekiln import __version__
from codekiln.data import near_duplicates, prompts
from codekiln.data.decontamination import overlaps
from codekiln.data.files import sha256_file, validation_errors
from codekiln.data.folders import Rejected, read_rows
from codekiln.data.manifests import MANIFEST, Manifest, damaged_files
from codekiln.data.records import Graded, Message, Problem, Record
from codekiln.errors import InputError, InputErrors
from codekiln.recipes import get
from codekiln.recipes.base import Recipe
from codekiln.recipes.types import BuiltDataset
from codekiln.sandbox.grading import program_of

FOLDER = "dataset"
TRAIN, PREFERENCES, EVALUATION, CARD = "train.jsonl", "preferences.jsonl", "evaluation.jsonl", "README.md"
SHOWN = 20


class Conversation(Record):
    """A training row as others read it."""

    messages: tuple[Message, ...]
    task_id: str
    group: str | None


class Preference(Record):
    """A preference row as others read it."""

    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    task_id: str
    group: str | None
    stratum: str
    metric: str
    chosen_score: float | None
    rejected_score: float | None


class PublishedManifest(Manifest):
    """The manifest of a published data set; ``files`` holds the sha256 of each file."""

    marker: ClassVar[str] = "recipe"
    absent: ClassVar[str] = f"no data set: it has no {MANIFEST}"
    finish: ClassVar[str] = "give a filter stage's folder"
    redo: ClassVar[str] = "make the data set again"

    recipe: str
    metric: str
    seed: int
    settings: dict[str, Any]
    rows: dict[str, int]
    files: dict[str, str]
    codekiln: str


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
    if found := list(validate(folder)):
        raise InputErrors(found[:SHOWN])


def decontaminate(
    recipe: Recipe[Any], problems: Sequence[Problem], graded: Sequence[Graded], evaluation: Sequence[Problem]
) -> tuple[list[Graded], list[Rejected]]:
    """Return the candidates without those that nearly repeat an evaluation problem, and these as ``near-duplicate``.

    Problems are kept apart before; a candidate program can still come out like another problem's reference. It is
    turned away before the recipe chooses rows, because what a recipe chose may be exact in its numbers.
    """
    by_id = {problem.task_id: problem for problem in problems}
    passing = [index for index, row in enumerate(graded) if row.verdict.passed]
    turns = [_conversation(by_id[graded[index].sample.task_id], graded[index]) for index in passing]
    close = {passing[number] for number in _near(turns, evaluation, recipe)}
    kept = [row for index, row in enumerate(graded) if index not in close]
    return kept, [Rejected("near-duplicate", graded[index]) for index in sorted(close)]


def _conversation(problem: Problem, row: Graded) -> tuple[Message, ...]:
    return prompts.messages(problem) + prompts.answer_to(problem, program_of(problem, row.sample))


def validate(folder: Path) -> Iterator[InputError]:
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


def _conversations(made: BuiltDataset) -> list[Conversation]:
    return [
        Conversation(messages=row.prompt + row.completion, task_id=row.task_id, group=row.group)
        for row in made.rows.examples
    ]


def _preferences(made: BuiltDataset) -> list[Preference]:
    return [Preference.model_validate(row.model_dump()) for row in made.rows.pairs]


def _lines(rows: Sequence[Record]) -> str:
    return "".join(row.model_dump_json() + "\n" for row in rows)


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
    for number, row in enumerate(pairs, start=1):
        if row.chosen == row.rejected:
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
    for name, rows in ((TRAIN, train), (PREFERENCES, pairs)):
        for number, row in enumerate(rows, start=1):
            if (row.group or row.task_id) in groups:
                yield InputError(
                    f"the group '{row.group or row.task_id}' is on both sides of the split",
                    where=f"{folder / name}:{number}.group",
                    fix=f"take it or {groups[row.group or row.task_id]} out",
                )
    conversations = {TRAIN: [row.messages for row in train], PREFERENCES: [row.prompt + row.chosen for row in pairs]}
    for name, rows in conversations.items():
        for number, (task_id, likeness) in sorted(_near(rows, evaluation, recipe).items()):
            yield InputError(
                f"nearly repeats the evaluation problem {task_id} ({likeness:.2f})",
                where=f"{folder / name}:{number + 1}",
                fix="take one of them out",
            )


def _near(
    conversations: Sequence[tuple[Message, ...]], evaluation: Sequence[Problem], recipe: Recipe[Any]
) -> dict[int, tuple[str, float]]:
    """Return the conversations that nearly repeat an evaluation problem, by index, with its id and the similarity."""
    texts = ["\n".join([turns[-2].content, _code(turns[-1].content)]) for turns in conversations]
    found = overlaps(texts, [recipe.dedup_text(row) for row in evaluation])
    return {item.train: (evaluation[item.evaluation].task_id, item.similarity) for item in found}


def _code(reply: str) -> str:
    return reply.removeprefix("```python\n").removesuffix("\n```")


def _card(recipe: Recipe[Any], made: BuiltDataset, names: Sequence[str]) -> str:
    import yaml

    strata = Counter(problem.stratum for problem in made.train if problem.stratum)
    licences = sorted({problem.licence for problem in [*made.train, *made.evaluation] if problem.licence})
    front = {"pretty_name": f"codekiln {recipe.name}", "tags": ["codekiln", "code", recipe.name]}
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
        f"problems; {len(made.evaluation)} problems are kept to judge models. BuiltDataset by codekiln {__version__} "
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
        f"* candidates kept: {len(made.graded)}; rows turned away: "
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
        EVALUATION: "the problems that models are judged on, with what judges replies",
    }
    return f": {known[name]}" if name in known else ""


def _counts(counter: Counter) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.most_common())
