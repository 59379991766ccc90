"""Changes to a program's text: where things can be written differently, and how changes are put in."""

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Span = tuple[int, int, str]
_OPERATORS = frozenset(["=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "//", "%", "**", "+=", "-="])


@dataclass(frozen=True)
class Edit:
    """Spans of a text, each with what it is replaced by, that belong together.

    ``names`` is a name and its new spelling, for an edit that spells it differently everywhere.
    """

    spans: tuple[Span, ...]
    names: tuple[str, str] | None = None

    def meets(self, other: "Edit") -> bool:
        """Tell whether two edits change the same place."""
        return any(a[0] <= b[1] and b[0] <= a[1] for a in self.spans for b in other.spans)


def put_in(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with edits that do not meet; what one puts in has the names that another gives."""
    edits = list(edits)
    spellings = [edit.names for edit in edits if edit.names]
    for start, end, new in sorted((span for edit in edits for span in edit.spans), reverse=True):
        for old, other in spellings:
            new = re.sub(rf"(?<![.\w]){re.escape(old)}\b", other, new)
        text = text[:start] + new + text[end:]
    return text


def tight_operators(code: str) -> list[Edit]:
    """Return one edit for each operator with spaces around it: the same without them."""
    found = []
    for before, token, after in _threes(code):
        is_spaced = before.end[1] < token.start[1] and token.end[1] < after.start[1]
        if token.type == tokenize.OP and token.string in _OPERATORS and is_spaced:
            start, end = _offset(code, before.end), _offset(code, after.start)
            found.append(Edit(((start, end, token.string),)))
    return found


def tight_commas(code: str) -> list[Edit]:
    """Return one edit for each comma with a space after it: the same without it."""
    return [
        Edit(((_offset(code, token.end), _offset(code, after.start), ""),))
        for _, token, after in _threes(code)
        if token.string == "," and token.end[1] < after.start[1]
    ]


def renamed(code: str, old: str, new: str) -> Edit | None:
    """Return the edit that spells a variable differently everywhere; None without one, or where ``new`` is taken."""
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    names = [
        token
        for before, token in zip([None, *tokens], tokens, strict=False)
        if token.type == tokenize.NAME and not (before and before.string == ".")
    ]
    if new in {token.string for token in names}:
        return None
    starts = [_offset(code, token.start) for token in names if token.string == old]
    return Edit(tuple((start, start + len(old), new) for start in starts), (old, new)) if starts else None


def line_starts(code: str, pattern: str) -> Iterator[tuple[int, re.Match]]:
    """Yield (offset of the line, match) for the lines of code that match from their first character."""
    offset = 0
    inside = False
    for line in code.split("\n"):
        quotes = line.count('"""')
        match = re.match(pattern, line)
        if match and not inside and not quotes:
            yield offset, match
        inside ^= quotes % 2 == 1
        offset += len(line) + 1


def _threes(code: str) -> Iterator[tuple[tokenize.TokenInfo, tokenize.TokenInfo, tokenize.TokenInfo]]:
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.end[0] == token.start[0] == after.start[0]:
            yield before, token, after


def _offset(code: str, position: tuple[int, int]) -> int:
    row, column = position
    lines = code.split("\n")
    return sum(len(line) + 1 for line in lines[: row - 1]) + column
