"""Training rows of the maximum length, so that the memory measured is that of the largest batch."""

import random
from pathlib import Path

from codekiln.data.folders import write_dataset
from codekiln.data.prompts import code_turn
from codekiln.data.records import Example, Message, Pair

TURNS = 80  # tokens of the chat template and the code fence, generously


def write(folder: Path, kind: str, count: int, length: int) -> None:
    """Write ``count`` examples (sft) or pairs (dpo) of about ``length`` tokens each; one character is one token."""
    draw = random.Random(0)
    asked = length // 4
    room = length - asked - TURNS
    rows = [_row(kind, number, draw, asked, room) for number in range(count)]
    write_dataset(folder, rows, Example if kind == "sft" else Pair)


def _row(kind: str, number: int, draw: random.Random, asked: int, room: int) -> Example | Pair:
    prompt = (Message(role="user", content=_text(draw, asked)),)
    common = {"prompt": prompt, "task_id": f"t{number}", "group": f"g{number}"}
    if kind == "sft":
        return Example(**common, completion=code_turn(_text(draw, room)))
    texts = (code_turn(_text(draw, room)) for _ in range(2))
    return Pair(
        **common,
        chosen=next(texts),
        rejected=next(texts),
        stratum="quality",
        metric="lines",
        chosen_score=1.0,
        rejected_score=2.0,
    )


def _text(draw: random.Random, length: int) -> str:
    lines: list[str] = []
    while sum(map(len, lines)) + len(lines) < length:
        lines.append(f"value_{draw.randrange(1000)} = {draw.randrange(10**6)}")
    return "\n".join(lines)[:length].rstrip()
