"""Side-by-side diff of two programs: aligned lines, and the changed words within a changed line."""

import difflib
import re
from collections.abc import Iterator
from typing import NamedTuple

MOST_LINES = 120
SIMILAR = 0.4
_WORD = re.compile(r"\w+|\s+|.")


class Piece(NamedTuple):
    """Part of a line."""

    text: str
    changed: bool


class Line(NamedTuple):
    """One line of one side; a ``gap`` is the empty counterpart of a line that the other side alone has."""

    pieces: tuple[Piece, ...]
    kind: str


def side_by_side(before: str, after: str) -> tuple[list[Line], list[Line]]:
    """Return both programs as equally many lines of kind ``same``, ``removed``, ``added`` or ``gap``."""
    left, right = _lines(before), _lines(after)
    rows: list[tuple[Line, Line]] = []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        old, new = left[start:end], right[other_start:other_end]
        rows += [(_whole(line, "same"),) * 2 for line in old] if tag == "equal" else _changed(old, new)
    return [row[0] for row in rows], [row[1] for row in rows]


def _lines(program: str) -> list[str]:
    lines = program.strip("\n").expandtabs(4).split("\n")
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], f"... {more} more lines"]


def _changed(old: list[str], new: list[str]) -> Iterator[tuple[Line, Line]]:
    for number in range(max(len(old), len(new))):
        if number >= len(new):
            yield _whole(old[number], "removed"), _whole("", "gap")
        elif number >= len(old):
            yield _whole("", "gap"), _whole(new[number], "added")
        else:
            yield _words(old[number], new[number])


def _words(old: str, new: str) -> tuple[Line, Line]:
    left, right = _WORD.findall(old), _WORD.findall(new)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    # Marking single words helps only where most of the line stayed.
    if matcher.ratio() < SIMILAR:
        return _whole(old, "removed"), _whole(new, "added")
    codes = matcher.get_opcodes()
    before = tuple(Piece("".join(left[a:b]), tag != "equal") for tag, a, b, _, _ in codes if b > a)
    after = tuple(Piece("".join(right[a:b]), tag != "equal") for tag, _, _, a, b in codes if b > a)
    return Line(before, "removed"), Line(after, "added")


def _whole(text: str, kind: str) -> Line:
    return Line((Piece(text, False),), kind)
