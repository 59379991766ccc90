"""What a chat server's answer holds, in the forms that servers send.

Besides the reference's form: content as a list of parts (OpenAI's API reference, Mistral), a failure as a
``finish_reason`` or as an ``error`` in a successful response (OpenRouter), token counts as other types than integers,
and halves of surrogate pairs, which JSON can hold and UTF-8 cannot.
"""

from typing import Any

from codekiln.inference.response_cache import Completion


class MalformedAnswer(Exception):
    """A successful response that is no chat completion, or says that it failed."""


def completion_of(answer: Any) -> Completion:
    """Return the completion in a decoded answer.

    Raises:
        MalformedAnswer: It holds none.
    """
    if not isinstance(answer, dict):
        raise MalformedAnswer
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    choice = first if isinstance(first, dict) else {}
    message = choice.get("message")
    if not isinstance(message, dict) or choice.get("finish_reason") == "error" or choice.get("error"):
        raise MalformedAnswer
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    finish_reason = choice.get("finish_reason")
    return Completion(
        text=_text(message.get("content")),
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
    )


def _text(content: Any) -> str:
    """Return the text of a message's content; a refusal has none, and thoughts are no part of it."""
    if content is None:
        return ""
    if isinstance(content, str):
        # Halves that belong together become one character, others the replacement character.
        return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not isinstance(content, list):
        raise MalformedAnswer
    return "".join(_text(part if isinstance(part, str) else _text_of_part(part)) for part in content)


def _text_of_part(part: Any) -> Any:
    if not isinstance(part, dict):
        raise MalformedAnswer
    return part.get("text") if part.get("type", "text") in ("text", "output_text") else ""


def _count(value: Any) -> int | None:
    """Return a number of tokens, which may come as a float or as text; None where it is no whole number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number >= 0 and number.is_integer() else None
