"""The answer in a model's reply: without what the model thought before it, and without what follows its turn.

The marks are those of the chat templates of Qwen, DeepSeek, Mistral (``[THINK]``), Kimi (``◁think▷``), Seed
(``<seed:think>``), Cohere (``<|START_THINKING|>``), Apriel (``[BEGIN FINAL RESPONSE]``), GLM, Gemma and Llama, of
OpenAI's harmony format (channels), and of the few-shot prompt of MBPP (``[BEGIN]``, ``[DONE]``). A mark between ``<|``
and ``|>`` that is not known is a token of some template all the same, and no part of the answer.
"""

import bisect
import itertools
import re
import sys
from collections.abc import Iterator

from codekiln.data.fences import fences_in, is_python

_NAMES = "(?:think|thinking|thoughts?|reasoning|scratchpad|reflection)"
_OPEN = (
    rf"(?:<(?:\w+:)?{_NAMES}(?:\s[^<>]*)?>|\[{_NAMES}\]|<\|(?:(?:begin|start)_(?:of_)?)?{_NAMES}\|>|◁think▷"
    rf"|<\|channel>\s*{_NAMES}\b)"
)
_CLOSE = rf"(?:</(?:\w+:)?{_NAMES}>|\[/{_NAMES}\]|<\|(?:/|end_(?:of_)?){_NAMES}\|>|◁/think▷|<channel\|>)"
_LEADING_THOUGHT = re.compile(rf"\s*{_OPEN}(?:.*?{_CLOSE}|.*\Z)", re.DOTALL | re.IGNORECASE)
_CLOSED_THOUGHT = re.compile(rf"^[ \t]*{_OPEN}.*?{_CLOSE}", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_CLOSING = re.compile(_CLOSE, re.IGNORECASE)
# Templates that open the thought leave only its end in the reply.
_END_OF_THOUGHT = re.compile(rf"{_CLOSE}(?=\s|\Z)", re.IGNORECASE)
_CHANNEL = "<|channel|>"
_FINAL = "<|channel|>final<|message|>"
# The same where a tokenizer left its special tokens out: the names of the channels run into the text.
_BARE_CHANNEL = re.compile(r"\s*(?:analysis|commentary)(?=[A-Z\"'`(\[]|.*assistantfinal)", re.DOTALL)
_BARE_FINAL = "assistantfinal"
_START_OF_ANSWER = re.compile(
    r"<\|(?:begin|start)_(?:of_)?(?:response|solution|answer)\|>|\[BEGIN FINAL RESPONSE\]|^\[BEGIN\]$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER = re.compile(
    r"\s*(?:<\|(?:im_start|start_header_id|start)\|>\s*|<start_of_turn>|<\|turn>)(?:assistant|model)\b\s*"
    r"(?:<\|end_header_id\|>|<\|message\|>)?"
)
_END_OF_TURN = re.compile(
    r"<[|｜](?:im_start|start|start_header_id|user|system|return|eo[tms](?:_id)?|end[\w▁]*|\w*[_▁]end)[|｜]>"
    r"|<\|?(?:file_sep|repo_name)\|?>|<\|turn>|<turn\|>|</?s>|<eos>"
    r"|<(?:end|start)_of_turn>|\[/?INST\]|\[END FINAL RESPONSE\]|^\[DONE\]",
    re.IGNORECASE | re.MULTILINE,
)
# The prompt of Alpaca, and the turns of Vicuna: models without a chat template write the next one themselves.
_NEXT_PROMPT = re.compile(r"^(?:#{2,4} *(?:Instruction|Input|Human|User)|Human|User|USER)[ \t]*:", re.MULTILINE)
_DETAILS = re.compile(r'<details[^<>]*\btype="reasoning".*?(?:</details>|\Z)', re.DOTALL | re.IGNORECASE)
# The name of a tool stands between two tokens of Kimi's.
_TOKEN = re.compile(r"<\|tool_call_begin\|>[^<\n]*<\|tool_call_argument_begin\|>|<[|｜][\w▁]{1,40}[|｜]>")


def answer_in(text: str) -> str:
    """Return the answer in a reply with LF line ends; empty where a thought was cut off.

    Marks inside a program, such as in a string, are left alone.
    """
    if is_python(text):
        # A thought is no Python, but an empty reply and a word are.
        return text
    text = _HEADER.sub("", text, count=1) if _HEADER.match(text) else text
    return _without_tokens(_without_further_turns(_from_start(without_thoughts(_final_channel(text)))))


def without_thoughts(text: str) -> str:
    """Return a reply without what the model thought before it, if the reply shows that."""
    text = _DETAILS.sub("", text)
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
    """Return what a reply in OpenAI's harmony format says in its last channel; empty where it does not get there."""
    if text.lstrip().startswith(_CHANNEL):
        final = _FINAL
    elif _BARE_CHANNEL.match(text):
        final = _BARE_FINAL
    else:
        return text
    _, found, answer = text.rpartition(final)
    return answer if found else ""


def _from_start(text: str) -> str:
    """Return what follows the first mark of an answer; what stands before is a thought."""
    return text[next((match.end() for match in _outside(_START_OF_ANSWER, text)), 0) :]


def _without_further_turns(text: str) -> str:
    text = text[: next((match.start() for match in _outside(_END_OF_TURN, text)), len(text))]
    prompts = (match.start() for match in _outside(_NEXT_PROMPT, text))
    start = next(prompts, len(text))
    # Before a program such a line is a title.
    has_program = start < len(text) and (fences_in(text[:start]) or is_python(text[:start]))
    return text[:start] if has_program else text


def _without_tokens(text: str) -> str:
    """Return a text with a line end in the place of each token of a template."""
    parts, place = [], 0
    for match in _outside(_TOKEN, text):
        parts.append(text[place : match.start()].rstrip(" "))
        place = match.end()
    return "\n".join([*parts, text[place:]])


def _outside(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield where a pattern matches outside the programs of a text."""
    if pattern.search(text):
        programs = _programs(text)
        yield from (match for match in pattern.finditer(text) if not _is_within(match.start(), programs))


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
