"""The answer in a model's reply: without what the model thought before it, and without what follows its turn.

The marks are those of the chat templates of Qwen, DeepSeek, Mistral (``[THINK]``), Kimi (``◁think▷``), Gemma and Llama,
and of OpenAI's harmony format (channels).
"""

import bisect
import itertools
import re
import sys

from codekiln.data.fences import fences_in, is_python

_NAMES = "think|thinking|thought|reasoning"
_OPEN = rf"(?:<(?:{_NAMES})(?:\s[^<>]*)?>|\[(?:{_NAMES})\]|<\|begin_of_thought\|>|◁think▷)"
_CLOSE = rf"(?:</(?:{_NAMES})>|\[/(?:{_NAMES})\]|<\|end_of_thought\|>|◁/think▷)"
_LEADING_THOUGHT = re.compile(rf"\s*{_OPEN}(?:.*?{_CLOSE}|.*\Z)", re.DOTALL | re.IGNORECASE)
_CLOSED_THOUGHT = re.compile(rf"^[ \t]*{_OPEN}.*?{_CLOSE}", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_CLOSING = re.compile(_CLOSE, re.IGNORECASE)
# Templates that open the thought leave only its end in the reply.
_END_OF_THOUGHT = re.compile(rf"{_CLOSE}(?=\s|\Z)", re.IGNORECASE)
_CHANNEL = "<|channel|>"
_FINAL = "<|channel|>final<|message|>"
_END_OF_TURN = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|endoftext|end_of_text|end|return)\|>|</?s>|<eos>|<(?:end|start)_of_turn>"
    r"|<｜end▁of▁sentence｜>"
)


def answer_in(text: str) -> str:
    """Return the answer in a reply with LF line ends; empty where a thought was cut off.

    Marks inside a program, such as in a string, are left alone.
    """
    if is_python(text):
        # A thought is no Python, but an empty reply and a word are.
        return text
    return _without_further_turns(without_thoughts(_final_channel(text)))


def without_thoughts(text: str) -> str:
    """Return a reply without what the model thought before it, if the reply shows that."""
    while match := _LEADING_THOUGHT.match(text):
        text = text[match.end() :]
    if not _CLOSING.search(text) or is_python(text):
        return text
    programs = _programs(text)
    text = _CLOSED_THOUGHT.sub(lambda match: match[0] if _is_within(match.start(), programs) else "", text)
    programs = _programs(text)
    ends = (match.end() for match in _END_OF_THOUGHT.finditer(text) if not _is_within(match.start(), programs))
    return text[next(ends, 0) :]


def _final_channel(text: str) -> str:
    if not text.lstrip().startswith(_CHANNEL):
        return text
    _, found, answer = text.rpartition(_FINAL)
    return answer if found else ""


def _without_further_turns(text: str) -> str:
    if not _END_OF_TURN.search(text):
        return text
    programs = _programs(text)
    ends = (match.start() for match in _END_OF_TURN.finditer(text) if not _is_within(match.start(), programs))
    return text[: next(ends, len(text))]


def _programs(text: str) -> list[tuple[int, int]]:
    """Return where the programs in closed fences start and end, in order."""
    starts = [0, *itertools.accumulate(len(line) + 1 for line in text.split("\n"))]
    return [
        (starts[fence.first + 1], starts[fence.end - 1])
        for fence in fences_in(text)
        if fence.is_closed and fence.is_python and is_python(fence.code)
    ]


def _is_within(position: int, spans: list[tuple[int, int]]) -> bool:
    place = bisect.bisect_right(spans, (position, sys.maxsize)) - 1
    return place >= 0 and position < spans[place][1]
