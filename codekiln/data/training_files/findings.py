"""What the checks of a training file find: one finding a kind, with its number and the first places."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

SHOWN = 20
"""Places that a finding keeps; of the others only the number is known, however many there are."""

Level = Literal["error", "warning"]

KINDS: dict[str, tuple[Level, str, str]] = {
    "unreadable": ("error", "the file cannot be read to its end", "make the file again"),
    "no-rows": ("error", "the file has no rows", "give a file with rows"),
    "not-json": (
        "error", "no JSON",
        "correct or remove the lines; the file may have been cut short, or written with str(row), not json.dumps(row)",
    ),
    "not-an-object": ("error", "no JSON object", "give one object a row"),
    "unknown-form": (
        "error", "of no form that is known",
        "rename the fields to those of a form, such as prompt and completion; docs/own-data.md lists the forms",
    ),
    "mixed-forms": (
        "error", "of another form than most rows",
        "write one form: a trainer that takes the first row's reads the others wrongly or not at all",
    ),
    "mixed-types": (
        "error", "messages in some fields of the row and text in others",
        "write prompt and replies all as messages, or all as text: TRL up to 0.28 trains such pairs without their "
        "prompt, and newer versions stop; codekiln itself reads a text as the one message it stands for",
    ),
    "wrong-fields": ("error", "a field is missing or is not what its form says", "correct or remove the rows"),
    "roles": (
        "error", "roles out of order",
        "let a user's turn and an assistant's follow each other, after at most one system turn, the assistant's last",
    ),
    "empty-prompt": ("error", "no prompt", "remove the rows, or give them a prompt"),
    "empty-reply": ("error", "no reply", "remove the rows: they teach to say nothing"),
    "tie": ("error", "chosen equals rejected", "remove the pairs: they teach nothing"),
    "reversed": (
        "error", "the same pair the other way round",
        "remove one of the two: one says the opposite of the other",
    ),
    "contradicted": (
        "error", "the same reply with the other label", "remove one of the two: one says the opposite of the other",
    ),
    "one-sided": (
        "warning", "all labelled replies have the same label",
        "give good and bad replies: KTO learns from both; good ones alone are for SFT",
    ),
    "leak": (
        "error", "from the evaluation set",
        "remove the rows: a model trained on them is not judged by what it has not seen",
    ),
    "prompt-too-long": (
        "error", "the prompt alone fills the longest row of the training",
        "shorten the prompts, remove the rows, or train with a larger --max-length: nothing of the reply is left",
    ),
    "template": (
        "error", "the chat template does not take the conversation",
        "change the rows to what it takes, or train a model whose template does",
    ),
    "too-long": (
        "warning", "longer than the longest row of the training",
        "shorten or remove the rows, or train with a larger --max-length: cut replies teach to stop in the middle, "
        "and codekiln turns them away",
    ),
    "tie-normalised": (
        "warning", "chosen and rejected differ in layout, comments or names only",
        "remove the pairs, unless layout, comments or names are what you train",
    ),
    "twin": ("warning", "the same prompt and reply again", "remove all but the first, unless they are to weigh more"),
    "near-twin": (
        "warning", "nearly the same prompt and reply as an earlier row",
        "remove them: they weigh more, and stand on both sides of a split",
    ),
    "label": (
        "warning", "the rejected program is better by the metric than the chosen one",
        "swap or remove the pairs, or train for what the labels mean",
    ),
}  # fmt: skip
"""Every kind of finding: its level, what it says of the rows, and what to do."""


@dataclass
class Finding:
    """A kind of fault in a file.

    Attributes:
        kind: One of `KINDS`.
        count: Number of rows that have it.
        places: The first rows that have it: where each is, and what it is there.
    """

    kind: str
    count: int = 0
    places: list[tuple[str, str]] = field(default_factory=list)

    @property
    def level(self) -> Level:
        """Whether it is an error or a warning."""
        return KINDS[self.kind][0]

    @property
    def what(self) -> str:
        """What it says of the rows."""
        return KINDS[self.kind][1]

    @property
    def fix(self) -> str:
        """What to do about it."""
        return KINDS[self.kind][2]


class Findings:
    """Collects findings in bounded memory; errors come first, otherwise in the order of `KINDS`."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def add(self, kind: str, where: str, detail: str = "", count: int = 1) -> None:
        """Record that a row has a fault, or that ``count`` rows have it, of which ``where`` is the first."""
        finding = self._found.setdefault(kind, Finding(kind))
        finding.count += count
        if len(finding.places) < SHOWN:
            finding.places.append((where, detail))

    def __iter__(self) -> Iterator[Finding]:
        yield from (self._found[kind] for kind in KINDS if kind in self._found)
