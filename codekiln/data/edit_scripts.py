"""Edit scripts: what changes in a program, line by line, for models that cannot repeat a whole program.

    line 3: total = 0             line 3 is replaced; one space after the colon belongs to the form
    after line 3: print(total)    a new line after line 3, or before the first line where the number is 0
    delete line 3                 line 3 is taken out

All numbers are lines of the program before any edit, counted from 1. ``numbered`` writes a program in the same words,
so that an edit is a line that was shown, with its number, and something changed in it.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from codekiln.data.text import unix_lines

Action = Literal["replace", "insert", "delete"]
LineKinds = Callable[[Sequence[str]], Sequence[Hashable]]
_TEXT = re.compile(r"(after )?line ([0-9]{1,6}):(?: (.*))?")
_TRIPLE_QUOTES = re.compile(r'"{3}|\'{3}')
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


def edits(before: str, after: str, kinds: LineKinds | None = None) -> list[Edit]:
    """Return edits that turn ``before`` into ``after``, in the order of lines.

    Args:
        before: A program.
        after: The program with the edits.
        kinds: Gives the kind of each line of a program; a line is replaced by one of its kind only.
    """
    old, new = (_with_kinds(_lines(text), kinds) for text in (before, after))
    found: list[Edit] = []
    for tag, start, end, other, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            found += _changes(old[start:end], new[other:last], start)
    return found


def in_triple_quotes(lines: Sequence[str]) -> list[bool]:
    """Tell for each line of a program, which need not parse, whether it is part of a text in triple quotes."""
    found: list[bool] = []
    quotes = ""
    for line in lines:
        marks: list[str] = _TRIPLE_QUOTES.findall(line)
        found.append(bool(quotes or marks))
        for mark in marks:
            quotes = "" if quotes == mark else quotes or mark
    return found


def _with_kinds(lines: list[str], kinds: LineKinds | None) -> list[tuple[Hashable, str]]:
    return list(zip(kinds(lines) if kinds else [None] * len(lines), lines, strict=True))


def _changes(old: Sequence[tuple[Hashable, str]], new: Sequence[tuple[Hashable, str]], start: int) -> Iterator[Edit]:
    """Yield edits that turn lines after line ``start`` into others: lines of one kind are replaced in order."""
    before, after = ([kind for kind, _ in lines] for lines in (old, new))
    for tag, first, end, other, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (
                Edit("replace", start + first + place + 1, text) for place, (_, text) in enumerate(new[other:last])
            )
        else:
            yield from (Edit("delete", start + number) for number in range(first + 1, end + 1))
            yield from (Edit("insert", start + end, text) for _, text in new[other:last])


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
