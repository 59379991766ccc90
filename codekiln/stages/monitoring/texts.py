"""Makes texts that others have written fit for events, labels and the log: valid, short and without secrets."""

import hashlib
import os
from typing import Any

NOTIFY_URL = "CODEKILN_NOTIFY_URL"
LONGEST_TEXT = 4000
_LONGEST_LABEL, _LONGEST_LINE = 200, 500
# A shorter value would also be found where it is no secret.
_SHORTEST_SECRET = 8
_HIDDEN = "***"


def safe(value: Any) -> Any:
    """Return JSON whose texts hold no password, no secret of the environment and no lone surrogate.

    One that is longer than `LONGEST_TEXT` is cut.
    """
    if isinstance(value, str):
        return _cut(_valid(_without_secrets(value)), LONGEST_TEXT)
    if isinstance(value, dict):
        return {key: safe(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [safe(each) for each in value]
    return value


def label(text: str) -> str:
    """Return a value of a metric's label; a text that is too long is cut and gets a digest, so that two stay different.

    A carriage return, which the exposition format does not escape, becomes a space.
    """
    valid = _valid(text).replace("\r", " ")
    return valid if len(valid) <= _LONGEST_LABEL else f"{valid[: _LONGEST_LABEL - 9]}-{digest(valid)[:8]}"


def line(text: str) -> str:
    """Return a text as one line for the log, without control characters and secrets."""
    printable = "".join(each if each.isprintable() else " " for each in _without_secrets(text)[: 2 * _LONGEST_LINE])
    return _cut(" ".join(printable.split()), _LONGEST_LINE)


def digest(*parts: str) -> str:
    """Return a short digest of texts."""
    return hashlib.sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:32]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _valid(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _without_secrets(text: str) -> str:
    from codekiln.launch.objects.placement import SECRET_NAME
    from codekiln.registry.connection import without_password

    for name, value in os.environ.items():
        secret = value.strip()
        if len(secret) >= _SHORTEST_SECRET and (name == NOTIFY_URL or SECRET_NAME.search(name)):
            text = text.replace(secret, _HIDDEN)
    return without_password(text)
