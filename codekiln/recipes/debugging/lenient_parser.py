"""Lenient parser of tagged texts by other authors: code may be escaped, wrapped in CDATA, fenced or indented."""

import html
import re
import textwrap

from codekiln.data.text import unix_lines

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
    """Return the program in the one ``<name>`` element, without a fence and without the indentation of its tag.

    Where a line is indented less than the tag, the indentation that all lines have in common is taken away.

    Raises:
        ValueError: There is no such element, or more than one.
    """
    code = unix_lines(find(text, name))
    if match := _FENCE.fullmatch(code):
        code = match[1]
    tag = re.search(rf"^([ \t]*)<{name}", unix_lines(text), re.MULTILINE)
    lines = code.strip("\n").rstrip().split("\n")
    if tag and tag[1] and all(line.startswith(tag[1]) for line in lines if line.strip()):
        return "\n".join(line.removeprefix(tag[1]) for line in lines)
    return textwrap.dedent("\n".join(lines))


def _resolved(text: str) -> str:
    """Return the text without its escapes: one without a bare `<` or `&` but with entities was escaped for XML."""
    if match := _CDATA.fullmatch(text):
        return match[1]
    entities = _ENTITY.findall(text)
    is_escaped = bool(entities) and "<" not in text and text.count("&") == len(entities)
    return html.unescape(text) if is_escaped else text
