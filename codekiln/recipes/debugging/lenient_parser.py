"""Lenient parser of tagged texts by other authors: code may be escaped, wrapped in CDATA, fenced or indented."""

import html
import re
import textwrap

_CDATA = re.compile(r"\s*<!\[CDATA\[(.*?)\]\]>\s*", re.DOTALL)
_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#\d+|#x[0-9a-fA-F]+);")


def find_all(text: str, name: str) -> list[str]:
    """Return the content of every ``<name>`` element, without attributes, entities resolved if the text has them."""
    return [_resolved(match) for match in re.findall(rf"<{name}(?:\s[^<>]*)?>(.*?)</{name}\s*>", text, re.DOTALL)]


def find(text: str, name: str) -> str:
    """Return the content of the one ``<name>`` element.

    Raises:
        ValueError: There is none, or more than one.
    """
    found = find_all(text, name)
    if len(found) != 1:
        raise ValueError(f"<{name}> comes {len(found)} times instead of once")
    return found[0]


def program_text(text: str, name: str) -> str:
    """Return the program in the one ``<name>`` element, without a fence and without indentation common to all lines.

    Raises:
        ValueError: There is no such element, or more than one.
    """
    code = find(text, name).replace("\r\n", "\n")
    if match := _FENCE.fullmatch(code):
        code = match[1]
    return textwrap.dedent(code).strip("\n").rstrip()


def _resolved(text: str) -> str:
    """Return the text without its escapes: one without a bare `<` or `&` but with entities was escaped for XML."""
    if match := _CDATA.fullmatch(text):
        return match[1]
    entities = _ENTITY.findall(text)
    is_escaped = bool(entities) and "<" not in text and text.count("&") == len(entities)
    return html.unescape(text) if is_escaped else text
