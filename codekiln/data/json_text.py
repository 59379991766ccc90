"""JSON as language models write it: line ends in strings, commas at the end of lists, escapes that JSON lacks."""

import json
import re
from typing import Any

_STRING_OR_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[\]}])', re.DOTALL)
_NO_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt]|.)', re.DOTALL)
_KNOWN = frozenset('"\\/bfnrt')


def loads(text: str) -> Any:
    """Return the value of a JSON text; raises ValueError or RecursionError where it is none after repairs either."""
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return json.loads(repaired(text), strict=False)


def repaired(text: str) -> str:
    """Return a text without commas before a closing bracket, and with backslashes that escape nothing doubled."""
    return _STRING_OR_COMMA.sub(lambda match: "" if match[0] == "," else _NO_ESCAPE.sub(_escape, match[0]), text)


def _escape(match: re.Match[str]) -> str:
    what = match[1]
    if what in _KNOWN or len(what) > 1:
        return match[0]
    return what if what in "'`" else f"\\\\{what}"
