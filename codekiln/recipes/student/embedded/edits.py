"""Edits of a program's text: alternative spacing and spelling, and their application."""

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Span = tuple[int, int, str]
_OPERATORS = frozenset(["=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "//", "%", "**", "+=", "-="])


@dataclass(frozen=True)
class StyleEdit:
    """Replacements in a text that belong together.

    Attributes:
        spans: Start, end and new text of each replacement.
        names: Old and new spelling of a name, for an edit that renames it everywhere.
    """

    spans: tuple[Span, ...]
    names: tuple[str, str] | None = None

    def overlaps(self, other: "StyleEdit") -> bool:
        """Tell whether two edits touch or overlap."""
        return any(a[0] <= b[1] and b[0] <= a[1] for a in self.spans for b in other.spans)

    def shares_line(self, other: "StyleEdit", text: str) -> bool:
        """Tell whether two edits of a text touch, or change the same line of it."""
        mine, theirs = ([line_bounds(text, *span[:2]) for span in one.spans] for one in (self, other))
        return self.overlaps(other) or any(a[0] <= b[1] and b[0] <= a[1] for a in mine for b in theirs)

    def within(self, first: int, last: int) -> "StyleEdit":
        """Return the edit of a part of the text: the spans in it, counted from its start."""
        spans = tuple(
            (start - first, end - first, new) for start, end, new in self.spans if first <= start <= end <= last
        )
        return StyleEdit(spans, self.names)


def line_bounds(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the offsets of the first and after the last character of the lines that a span changes."""
    last = text.find("\n", max(start, end - 1))
    return text.rfind("\n", 0, start) + 1, last if last >= 0 else len(text)


def apply_edits(text: str, edits: Iterable[StyleEdit]) -> str:
    """Return the text with edits that do not overlap; renamings also apply to the new text of the other edits."""
    edits = list(edits)
    renamings = [edit.names for edit in edits if edit.names]
    # Replacing from the end keeps the offsets of earlier spans valid.
    for start, end, new in sorted((span for edit in edits for span in edit.spans), reverse=True):
        for old, other in renamings:
            new = re.sub(rf"(?<![.\w]){re.escape(old)}\b", other, new)
        text = text[:start] + new + text[end:]
    return text


def tight_operators(code: str) -> list[StyleEdit]:
    """Return one edit for each operator with spaces around it, which removes the spaces."""
    found = []
    for before, token, after in _token_triples(code):
        is_spaced = before.end[1] < token.start[1] and token.end[1] < after.start[1]
        if token.type == tokenize.OP and token.string in _OPERATORS and is_spaced:
            start, end = _offset(code, before.end), _offset(code, after.start)
            found.append(StyleEdit(((start, end, token.string),)))
    return found


def tight_commas(code: str) -> list[StyleEdit]:
    """Return one edit for each comma with a space after it, which removes the space."""
    return [
        StyleEdit(((_offset(code, token.end), _offset(code, after.start), ""),))
        for _, token, after in _token_triples(code)
        if token.string == "," and token.end[1] < after.start[1]
    ]


def rename_edit(code: str, old: str, new: str) -> StyleEdit | None:
    """Return the edit that renames a variable everywhere; None without the variable, or where ``new`` is in use."""
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    names = [
        token
        for before, token in zip([None, *tokens], tokens, strict=False)
        if token.type == tokenize.NAME and not (before and before.string == ".")
    ]
    if new in {token.string for token in names}:
        return None
    starts = [_offset(code, token.start) for token in names if token.string == old]
    return StyleEdit(tuple((start, start + len(old), new) for start in starts), (old, new)) if starts else None


def line_starts(code: str, pattern: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield (offset of the line, match) for each line that matches from its first character, except in docstrings."""
    offset = 0
    inside = False
    for line in code.split("\n"):
        quotes = line.count('"""')
        match = re.match(pattern, line)
        if match and not inside and not quotes:
            yield offset, match
        inside ^= quotes % 2 == 1
        offset += len(line) + 1


def _token_triples(code: str) -> Iterator[tuple[tokenize.TokenInfo, tokenize.TokenInfo, tokenize.TokenInfo]]:
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        # Spacing is only a matter of style within a line.
        if before.end[0] == token.start[0] == after.start[0]:
            yield before, token, after


def _offset(code: str, position: tuple[int, int]) -> int:
    row, column = position
    lines = code.split("\n")
    return sum(len(line) + 1 for line in lines[: row - 1]) + column
