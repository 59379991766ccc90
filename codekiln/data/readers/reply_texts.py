"""The text of a reply in what servers, agents and data sets keep it in: objects, parts, and conversations."""

import json
from collections.abc import Mapping
from typing import Any

INSIDE = (
    "content", "text", "value", "message", "body", "kwargs", "choices", "output", "parts", "candidates", "messages",
    "solution", "completion", "code",
)  # fmt: skip
"""Where the text is in an object, such as OpenAI's response or a content part."""
_OF_ONE_TEXT = frozenset(("role", "type", "from", "text"))
_ASSISTANTS = frozenset(("assistant", "gpt", "model", "bot", "chatgpt"))
_USERS = frozenset(("user", "human"))
_PARTS_OF_TEXT = frozenset(("text", "output_text", "message"))
_CALLS = frozenset(("tool_use", "tool_call", "function_call"))
_ARGUMENTS = ("arguments", "args", "input")
"""What holds the arguments of a call: of OpenAI's, of LangChain's, of Anthropic's."""


def choices(value: Any) -> Any:
    """Return the choices of a chat server's answer, which may be the body of a batch's; anything else as it is."""
    inner = value
    while isinstance(inner, dict):
        for field in ("choices", "candidates"):
            if isinstance(inner.get(field), list):
                return inner[field]
        inner = inner.get("body")
    return value


def is_one_text(values: list[Any]) -> bool:
    """Return whether a list is a conversation, or the parts of one answer."""
    return bool(values) and all(isinstance(item, dict) and _OF_ONE_TEXT & item.keys() for item in values)


def text_of(value: Any, depth: int = 6) -> str | None:
    """Return the text of a reply: as it is, in an object, in parts, or of the last turn of a conversation.

    Agents write programs by calling tools: where a turn has calls, what they were given follows its text as JSON, and
    what the assistant says in a conversation are all its turns behind the user's last one.
    """
    if isinstance(value, str):
        return value
    if depth and isinstance(value, dict):
        found = (text_of(value[field], depth - 1) for field in INSIDE if value.get(field) is not None)
        return with_calls(next((text for text in found if text is not None), None), [value])
    if depth and isinstance(value, list) and is_one_text(value):
        if "type" not in value[0] and (speaker := next((key for key in ("role", "from") if key in value[0]), None)):
            return _said(value, speaker, depth - 1)
        parts = [text_of(item, depth - 1) for item in value if item.get("type", "text") in _PARTS_OF_TEXT]
        return with_calls("".join(filter(None, parts)), value)
    return None


def _said(turns: list[dict[str, Any]], speaker: str, depth: int) -> str | None:
    """Return what the assistant says last in a conversation, or all since it was asked where it calls tools."""
    asked = [place for place, turn in enumerate(turns) if turn.get(speaker) in _USERS and not _is_result(turn)]
    said = [turn for turn in turns[max(asked, default=-1) + 1 :] if turn.get(speaker) in _ASSISTANTS]
    if not any(_CALLS & {part.get("type") for part in _parts(turn)} or _arguments(turn) for turn in said):
        said = [turn for turn in turns if turn.get(speaker) in _ASSISTANTS][-1:]
    texts = [text for turn in said if (text := text_of(turn, depth)) is not None]
    return "\n\n".join(texts) if texts else None


def _parts(turn: Mapping[str, Any]) -> list[dict[str, Any]]:
    parts = turn.get("content")
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _is_result(turn: Mapping[str, Any]) -> bool:
    """Return whether a user's turn is what a tool returned, as in Anthropic's conversations."""
    parts = _parts(turn)
    return bool(parts) and all(part.get("type") == "tool_result" for part in parts)


def with_calls(text: str | None, items: list[dict[str, Any]]) -> str | None:
    """Return a text with what the calls of the objects that it is from were given, as blocks of JSON."""
    given = [f"```json\n{arguments}\n```" for item in items for arguments in _arguments(item)]
    return "\n".join(filter(None, [text, *given])) if given else text


def _arguments(item: Mapping[str, Any]) -> list[str]:
    """Return the arguments of the calls in an object, each as JSON in one line."""
    calls = item.get("tool_calls")
    calls = [*(calls if isinstance(calls, list) else []), item.get("function_call")]
    calls += [item] if item.get("type") in _CALLS else []
    inner = [call.get("function", call) for call in calls if isinstance(call, dict)]
    given = [call[name] for call in inner if isinstance(call, dict) for name in _ARGUMENTS if call.get(name)]
    return [arguments if isinstance(arguments, str) else json.dumps(arguments) for arguments in given]
