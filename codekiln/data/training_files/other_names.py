"""Other names of a prompt and a reply, which widely used data sets have.

Read on the cards of Magicoder's OSS-Instruct and Evol-Instruct, CodeFeedback, MetaMathQA, OpenOrca, Dolly, and Intel's
and Argilla's pairs made of Orca.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from codekiln.data.training_files.turns import Fault

PROMPTS = ("prompt", "instruction", "question", "query", "problem")
REPLIES = ("completion", "response", "answer", "solution", "output")
_PAIR = ("chosen", "rejected")


class Renamed(NamedTuple):
    """A row by TRL's names, and what it calls the prompt and the reply."""

    row: dict[str, Any]
    names: str


def renamed(row: Mapping[str, Any]) -> Renamed | None:
    """Return a row with ``prompt`` and ``completion``, or with a pair; None: it names no prompt or no reply.

    Raises:
        Fault: More than one field may be the prompt, or the reply.
    """
    is_pair = all(row.get(side) for side in _PAIR)
    prompts = _texts(row, PROMPTS) or (_texts(row, ("input",)) if is_pair else [])
    replies = list(_PAIR) if is_pair else _texts(row, REPLIES)
    if not prompts or not replies:
        return None
    prompt = _only(row, prompts, "prompt")
    answer = {side: row[side] for side in _PAIR} if is_pair else {"completion": row[_only(row, replies, "reply")]}
    # Dolly's context is to its instruction what Alpaca's input is.
    more = [row[name] for name in _texts(row, ("input", "context")) if name != prompt and row[name].strip()]
    system = {"system": row.get("system") or row.get("system_prompt")}
    labels = {name: row[name] for name in ("label", "kto_tag") if name in row}
    asked = "\n".join([row[prompt], *more])
    return Renamed({**labels, **system, "prompt": asked, **answer}, ", ".join([prompt, *replies]))


def _only(row: Mapping[str, Any], names: list[str], what: str) -> str:
    """Return the first of the names, all of which say the same."""
    if len({row[name] for name in names}) > 1:
        fields = " and ".join(names)
        raise Fault("unknown-form", f"has {fields}, each of which may be the {what}: keep one, as '{names[0]}'")
    return names[0]


def _texts(row: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return the names that have a text, and only where none has one those whose text is blank."""
    texts = [name for name in names if isinstance(row.get(name), str)]
    return [name for name in texts if row[name].strip()] or texts
