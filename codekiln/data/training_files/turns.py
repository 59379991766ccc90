"""Turns of a conversation in the spellings that training files use, and the order that chat templates accept."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

ROLES = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user",
    "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "model": "assistant",
    "function_call": "call",
    "tool": "tool", "function": "tool", "observation": "tool",
}  # fmt: skip
"""What each role's name means; ShareGPT says human, gpt, function_call and observation."""

_FOLLOWERS = {
    "": ("user",),
    "user": ("assistant", "call"),
    "assistant": ("user",),
    "call": ("tool",),
    "tool": ("tool", "assistant", "call"),
}
_NAMES = {"": "start", "call": "assistant (a call of a tool)"}


class Fault(Exception):
    """What is wrong with a row.

    Args:
        kind: The kind of fault, in kebab-case.
        detail: What it is in this row.
    """

    def __init__(self, kind: str, detail: str) -> None:
        self.kind, self.detail = kind, detail
        super().__init__(detail)


class Turn(NamedTuple):
    """One turn: ``system``, ``user``, ``assistant``, ``call`` (an assistant's call of a tool) or ``tool``."""

    role: str
    text: str


def turns_of(value: Any, field: str) -> tuple[Turn, ...]:
    """Return the turns of a list of messages: ``role`` and ``content``, or ShareGPT's ``from`` and ``value``.

    Raises:
        Fault: It is no list of messages, or a role is not known.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Fault("wrong-fields", f"{field} is no list of messages")
    return tuple(_turn(item, f"{field}.{number}") for number, item in enumerate(value))


def _turn(message: dict[str, Any], where: str) -> Turn:
    name = message.get("role", message.get("from"))
    role = ROLES.get(name) if isinstance(name, str) else None
    if role is None:
        raise Fault("roles", f"{where} has the role {name!r}, which is not known")
    calls = message.get("tool_calls") or message.get("function_call")
    text = _text(message.get("content", message.get("value")), where, is_optional=bool(calls))
    if role == "assistant" and calls:
        return Turn("call", f"{text}{json.dumps(calls)}")
    return Turn(role, text)


def _text(content: Any, where: str, is_optional: bool) -> str:
    """Return the text of a message; OpenAI's content may be a list of parts, and absent beside a call."""
    if isinstance(content, str):
        return content
    if content is None and is_optional:
        return ""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        return "\n".join(str(part.get("text", part.get("type"))) for part in content)
    raise Fault("wrong-fields", f"the content of {where} is no text")


def refuse_order(turns: Sequence[Turn], field: str) -> None:
    """Raise a Fault unless the turns are: at most one system turn first, then user and assistant in turn to the end.

    Calls of tools and their results may stand between a user's turn and the assistant's; a call may be the last turn.
    """
    start = 1 if turns and turns[0].role == "system" else 0
    before = ""
    for number, turn in enumerate(turns[start:], start=start):
        if turn.role not in _FOLLOWERS[before]:
            after = f"after {_name(before)}" if before else "first"
            raise Fault("roles", f"{field}: turn {number + 1} is {_name(turn.role)}, {after}")
        before = turn.role
    if before not in ("assistant", "call"):
        has_answer = any(turn.role in ("assistant", "call") for turn in turns)
        raise Fault("roles", f"{field} ends with {_name(before)}" if has_answer else f"{field} has no assistant turn")


def _name(role: str) -> str:
    return _NAMES.get(role, role)
