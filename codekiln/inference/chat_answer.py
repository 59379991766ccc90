"""What a chat server's answer holds, in the forms that servers send.

Besides the reference's form: content as a list of parts (OpenAI's API reference, Mistral), a failure as a
``finish_reason`` or as an ``error`` in a successful response (OpenRouter, DeepSeek, SGLang), reasons under the names of
other APIs, an answer that the server's parser took for a thought (vLLM), token counts as other types than integers,
halves of surrogate pairs, which JSON can hold and UTF-8 cannot, events where none were asked for, and what gateways
pass on of Anthropic's and Ollama's own interfaces.
"""

import json
from typing import Any

from codekiln.data.readers.reply_texts import with_calls
from codekiln.inference.response_cache import THOUGHT, Completion

_FAILED = frozenset(("error", "abort", "aborted", "cancelled", "insufficient_system_resource"))
_REASONS = {
    **dict.fromkeys(("max_tokens", "model_length", "max_output_tokens"), "length"),
    **dict.fromkeys(("end_turn", "stop_sequence"), "stop"),
    **dict.fromkeys(
        ("safety", "sensitive", "recitation", "prohibited_content", "blocklist", "refusal"), "content_filter"
    ),
}
"""The names that Gemini, Mistral, Zhipu and Anthropic have for the reference's reasons, in lower case."""
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


class MalformedAnswer(Exception):
    """A successful response that is no chat completion, or says that it failed."""


def completion_of(answer: Any) -> Completion:
    """Return the completion in a decoded answer.

    Raises:
        MalformedAnswer: It holds none.
    """
    if not isinstance(answer, dict):
        raise MalformedAnswer
    answer = _as_reference(answer)
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    choice = first if isinstance(first, dict) else {}
    # Servers of plain completions have the text beside it.
    message = choice.get("message", {"content": choice["text"]} if isinstance(choice.get("text"), str) else None)
    finish_reason = _reason(choice.get("finish_reason"))
    if (failure := choice.get("error") or answer.get("error")) or not isinstance(message, dict):
        raise MalformedAnswer(message_of(failure) if failure else "")
    if finish_reason in _FAILED:
        raise MalformedAnswer
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    text = _text(message.get("content"))
    if not text.strip():
        # A model that was trained with tools may write the program into a call of one.
        text = with_calls(text, [message]) or text
    if not text.strip() and finish_reason in ("stop", None) and any(message.get(field) for field in _THOUGHTS):
        finish_reason = THOUGHT
    return Completion(
        text=text,
        finish_reason=finish_reason,
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
    )


def message_of(error: Any) -> str:
    """Return the message of a server's ``error``, with what OpenRouter quotes of the provider behind it."""
    if not isinstance(error, dict):
        return str(error)
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f"{error.get('message', error)}{f' ({raw})' if raw else ''}"


def _as_reference(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of Anthropic's or Ollama's own interface in the reference's form; any other as it is."""
    if answer.get("type") == "message" and "content" in answer:
        usage = answer.get("usage")
        counts = usage if isinstance(usage, dict) else {}
        message, reason = {"content": answer["content"]}, answer.get("stop_reason")
        used = counts.get("input_tokens"), counts.get("output_tokens")
    elif "done" in answer and isinstance(answer.get("message"), dict):
        message, reason = answer["message"], answer.get("done_reason")
        used = answer.get("prompt_eval_count"), answer.get("eval_count")
    else:
        return answer
    choice = {"message": message, "finish_reason": reason}
    usage = dict(zip(("prompt_tokens", "completion_tokens"), used, strict=True))
    return {"choices": [choice], "usage": usage, "error": answer.get("error")}


def decoded(text: str) -> Any:
    """Return the value of a response's text: JSON, or the events of a stream put together.

    Raises:
        ValueError: It is neither.
        MalformedAnswer: The stream broke off: it has neither a ``finish_reason`` nor the mark of its end.
    """
    text = text.lstrip("\ufeff")
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or not lines[0].startswith(("data:", "event:", ":")):
        return _of_lines(lines) if len(lines) > 1 and '"done"' in lines[-1] else json.loads(text)
    data = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    answer = _joined([json.loads(event) for event in data if event != "[DONE]"])
    if "[DONE]" not in data and not any(choice.get("finish_reason") for choice in answer["choices"]):
        raise MalformedAnswer
    return answer


def _of_lines(lines: list[str]) -> Any:
    """Return the answer that Ollama sends in a line for each piece; the last one says that it is done."""
    try:
        pieces = [json.loads(line) for line in lines]
    except ValueError:
        return json.loads("\n".join(lines))
    if not pieces[-1].get("done"):
        raise MalformedAnswer
    return {**pieces[-1], "message": {"content": "".join(piece["message"]["content"] for piece in pieces)}}


def _joined(events: list[Any]) -> dict[str, Any]:
    """Return the completion that the events of a stream make."""
    message, answer, choice = dict[str, Any](), dict[str, Any](), dict[str, Any]()
    for event in events:
        answer |= {key: value for key, value in event.items() if value is not None}
        for part in event.get("choices") or ():
            choice |= {key: value for key, value in part.items() if value is not None}
            for key, value in (part.get("delta") or {}).items():
                message[key] = message.get(key, "") + value if isinstance(value, str) else value
    return {**answer, "choices": [{**choice, "message": message}] if choice else []}


def _reason(value: Any) -> str | None:
    """Return why an answer ends, by the reference's names where another API's stand for one."""
    return _REASONS.get(value.lower(), value) if isinstance(value, str) else None


def _text(content: Any) -> str:
    """Return the text of a message's content; a refusal has none, and thoughts are no part of it."""
    if content is None:
        return ""
    if isinstance(content, str):
        # Halves that belong together become one character, others the replacement character.
        return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(content, dict):
        # Gateways decode a structured answer (Cloudflare's Workers AI); or a part stands alone.
        return _text(_text_of_part(content) if "text" in content else json.dumps(content, ensure_ascii=False))
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
