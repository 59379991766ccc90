"""The format of a published data set: rows in plain form, the recipe's own files, a card, and a manifest.

train.jsonl         one conversation a line: messages, task_id, group
preferences.jsonl   where there are pairs: prompt, chosen, rejected, and the scores that ordered them
evaluation.jsonl    the problems that models are evaluated on, in full
README.md           the card
manifest.json       digests of all files, and the settings that made them; written last
"""

from typing import Any, ClassVar

from codekiln.data.manifests import MANIFEST, Manifest
from codekiln.data.records import Message, Record

FOLDER = "dataset"
TRAIN, PREFERENCES, EVALUATION, CARD = "train.jsonl", "preferences.jsonl", "evaluation.jsonl", "README.md"


class Conversation(Record):
    """A training row of a published data set."""

    messages: tuple[Message, ...]
    task_id: str
    group: str | None


class Preference(Record):
    """A preference row of a published data set."""

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
