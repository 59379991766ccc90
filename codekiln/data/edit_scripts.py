"""Edit scripts: what changes in a program, line by line, for models that cannot repeat a whole program.

    line 3: total = 0             line 3 is replaced; one space after the colon belongs to the form
    after line 3: print(total)    a new line after line 3, or before the first line where the number is 0
    delete line 3                 line 3 is taken out

All numbers are lines of the program before any edit, counted from 1. ``numbered`` writes a program in the same words,
so that an edit is a line that was shown, with its number, and something changed in it.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from codekiln.data.text import unix_lines

Action = Literal["replace", "insert", "delete"]
_TEXT = re.compile(r"(after )?line ([0-9]{1,6}):(?: (.*))?")
_DELETE = re.compile(r"delete line ([0-9]{1,6})\s*")


@dataclass(frozen=True)
class Edit:
    """One edit: ``line`` is replaced by ``text``, gets ``text`` as the line after it, or is deleted."""

    action: Action
    line: int
    text: str = ""

    def __str__(self) -> str:
        if self.action == "delete":
            return f"delete line {self.line}"
        start = "line" if self.action == "replace" else "after line"
        return f"{start} {self.line}: {self.text}" if self.text else f"{start} {self.line}:"


def numbered(program: str) -> str:
    """Return a program with ``line N: `` before each line."""
    return "\n".join(str(Edit("replace", number, text)) for number, text in enumerate(_lines(program), start=1))


def unnumbered(text: str) -> str:
    """Return the program that ``numbered`` wrote.

    Raises:
        ValueError: A line has no number, or not that of its place.
    """
    lines = []
    for number, line in enumerate(_lines(text), start=1):
        edit = parsed(line)
        if edit is None or (edit.action, edit.line) != ("replace", number):
            raise ValueError(f"is not 'line {number}: ...': {line[:40]!r}")
        lines.append(edit.text)
    return "\n".join(lines)


def parsed(line: str) -> Edit | None:
    """Return the edit that a line of text writes, or None where it is none."""
    if match := _DELETE.fullmatch(line):
        return Edit("delete", int(match[1]))
    if match := _TEXT.fullmatch(line):
        return Edit("insert" if match[1] else "replace", int(match[2]), match[3] or "")
    return None


def edits(before: str, after: str) -> list[Edit]:
    """Return edits that turn ``before`` into ``after``, in the order of lines."""
    old, new = _lines(before), _lines(after)
    found: list[Edit] = []
    for tag, start, end, other, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            both = min(end - start, last - other)
            found += [Edit("replace", start + 1 + place, new[other + place]) for place in range(both)]
            found += [Edit("delete", number) for number in range(start + both + 1, end + 1)]
            found += [Edit("insert", start + both, text) for text in new[other + both : last]]
    return found


def apply(program: str, script: Sequence[Edit]) -> tuple[str, list[int]]:
    """Return the program with all edits, and for each edit the line of that program where it shows.

    A line that was deleted shows where the next line stands, or in the last line where there is none.

    Raises:
        ValueError: An edit names a line that is not there, or two change the same line.
    """
    lines = _lines(program)
    _check(script, len(lines))
    changed = {edit.line: index for index, edit in enumerate(script) if edit.action != "insert"}
    written: list[str] = []
    places = [0] * len(script)
    for number in range(len(lines) + 1):
        if number:
            index = changed.get(number)
            if index is not None:
                places[index] = len(written) + 1
            if index is None or script[index].action == "replace":
                written.append(lines[number - 1] if index is None else script[index].text)
        for index, edit in enumerate(script):
            if (edit.action, edit.line) == ("insert", number):
                written.append(edit.text)
                places[index] = len(written)
    return "\n".join(written), [max(1, min(place, len(written))) for place in places]


def _check(script: Iterable[Edit], lines: int) -> None:
    seen: set[int] = set()
    for edit in script:
        if not (edit.action != "insert") <= edit.line <= lines:
            raise ValueError(f"there is no line {edit.line}: the program has {lines}")
        if edit.action != "insert":
            if edit.line in seen:
                raise ValueError(f"line {edit.line} is changed twice")
            seen.add(edit.line)


def _lines(program: str) -> list[str]:
    return unix_lines(program).split("\n")
