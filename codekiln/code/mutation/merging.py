"""Merging of token differences between two programs into changes that make sense only together."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import NamedTuple

from codekiln.code.mutation.alignment import align_rows, align_tokens
from codekiln.code.mutation.lexing import SPACE, Lexeme, Row

_SHAPES = {"(": ("()", 1), ")": ("()", -1), "[": ("[]", 1), "]": ("[]", -1), "{": ("{}", 1), "}": ("{}", -1)}


class Difference(NamedTuple):
    """A difference between two programs, with its location in each.

    Args:
        kind: ``tokens`` of a line, its ``indent``, or whole ``lines``.
        row: Number of the first line in the changed program.
        last: Number of the last line in the changed program.
        start: Offset in the correct program.
        end: Offset in the correct program.
        other_start: Offset in the changed program.
        other_end: Offset in the changed program.
        old: Tokens that are replaced (for ``indent``: the indentation).
        new: Tokens that replace them.
    """

    kind: str
    row: int
    last: int
    start: int
    end: int
    other_start: int
    other_end: int
    old: tuple[str, ...]
    new: tuple[str, ...]

    def to(self, last: "Difference") -> "Difference":
        """Return the difference from the beginning of this one to the end of ``last``.

        It shows where something is new; two parts that change places show where the first of them was.
        """
        swapped = self.end - self.start == last.other_end - last.other_start
        row = self.row if self.new or swapped else last.row
        old, new = self.old + last.old, self.new + last.new
        return self._replace(row=row, last=last.last, end=last.end, other_end=last.other_end, old=old, new=new)


def differences(left: Sequence[Row], right: Sequence[Row]) -> list[Difference]:
    """Return the differences between two programs, in order, joined where only several of them make sense."""
    found: list[Difference] = []
    one = other = 0
    for paired, group in groupby(align_rows(left, right), lambda pair: None not in pair):
        run = list(group)
        ends = one + sum(pair[0] is not None for pair in run), other + sum(pair[1] is not None for pair in run)
        for first, second in run:
            if first is not None and second is not None:
                found += _line_differences(left[first], right[second])
        if not paired:
            found.append(_rows_difference(left, right, range(one, ends[0]), range(other, ends[1])))
        one, other = ends
    empty = {row.number for row in right if not row.lexemes}
    found = _joined(found, lambda one, other: _shifted_together(one, other, empty))
    return _joined(_joined(found, _with_header), _moved)


def _line_differences(left: Row, right: Row) -> list[Difference]:
    found = []
    if left.indent != right.indent:
        ends = left.start + len(left.indent), right.start + len(right.indent)
        spans = left.start, ends[0], right.start, ends[1]
        found.append(Difference("indent", right.number, right.number, *spans, (left.indent,), (right.indent,)))
    inside = [
        Difference(
            "tokens",
            right.number,
            right.number,
            *_span(left, gap.start, gap.end),
            *_span(right, gap.other_start, gap.other_end),
            _tokens(left.lexemes[gap.start : gap.end]),
            _tokens(right.lexemes[gap.other_start : gap.other_end]),
        )
        for gap in align_tokens(left.lexemes, right.lexemes)
    ]
    return found + _joined_in_line(left, right, inside)


def _span(row: Row, start: int, end: int) -> tuple[int, int]:
    begin = row.lexemes[start].start if start < len(row.lexemes) else row.end
    return begin, row.lexemes[end - 1].end if end > start else begin


def _tokens(lexemes: Sequence[Lexeme]) -> tuple[str, ...]:
    return tuple(lexeme.text for lexeme in lexemes if lexeme.weight > SPACE)


def _joined_in_line(left: Row, right: Row, inside: list[Difference]) -> list[Difference]:
    if len(inside) > 1 and (_one_character(left, right) or _reordered(inside)):
        return [inside[0].to(inside[-1])]
    return _joined(_joined(inside, _swapped), _bracket_pair, far=True)


def _one_character(left: Row, right: Row) -> bool:
    """Say whether the two lines differ by one run of characters added or removed, or one replaced."""
    one, other = (row.text.lstrip() for row in (left, right))
    head = len(os.path.commonprefix([one, other]))
    tail = len(os.path.commonprefix([one[head:][::-1], other[head:][::-1]]))
    rest = sorted((len(one) - head - tail, len(other) - head - tail))
    return rest[0] == 0 or rest[1] == 1


def _reordered(inside: Sequence[Difference]) -> bool:
    old = Counter(text for difference in inside for text in difference.old)
    new = Counter(text for difference in inside for text in difference.new)
    return old == new


def _swapped(one: Difference, other: Difference) -> bool:
    """Say whether two differences are one: parts change places, or what one removes the other one adds."""
    added, gone = (one, other) if one.new else (other, one)
    moves = not added.old and not gone.new and gone.old and Counter(gone.old) <= Counter(added.new)
    return _reordered([one, other]) or (bool(moves) and any(text.isidentifier() for text in gone.old))


def _bracket_pair(one: Difference, other: Difference) -> bool:
    """Say whether each of two differences leaves brackets open or closed that the other one makes even."""
    balance, more = _balance(one), _balance(other)
    return bool(balance) and balance == {shape: -count for shape, count in more.items()}


def _balance(difference: Difference) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for sign, texts in ((1, difference.new), (-1, difference.old)):
        for text in texts:
            if text in _SHAPES:
                shape, direction = _SHAPES[text]
                counts[shape] += sign * direction
    return {shape: count for shape, count in counts.items() if count}


def _rows_difference(left: Sequence[Row], right: Sequence[Row], old: range, new: range) -> Difference:
    """Return the difference that drops the rows ``old`` and puts the rows ``new`` there."""
    at_end = old.stop == len(left) and new.stop == len(right)
    spans = *_row_span(left, old, at_end), *_row_span(right, new, at_end)
    first = right[new.start].number if new else _missing_at(right, new.start)
    last = right[new.stop - 1].number if new else first - 1
    texts = [
        tuple(text for place in places for text in _tokens(rows[place].lexemes))
        for rows, places in ((left, old), (right, new))
    ]
    return Difference("lines", first, last, *spans, *texts)


def _missing_at(right: Sequence[Row], place: int) -> int:
    """Return the number of the line after the one before ``place``, or of the last one where there is none."""
    number = right[place - 1].number + 1 if place else 1
    return min(number, right[-1].number) if right else 1


def _row_span(rows: Sequence[Row], places: range, at_end: bool) -> tuple[int, int]:
    """Return the span of whole rows: with their line ends, or at the end of the program with those before them."""
    if not rows:
        return 0, 0
    if not at_end:
        return rows[places.start].start, rows[places.stop].start
    begin = rows[places.start - 1].end if places.start else rows[0].start
    return begin, rows[places.stop - 1].end if places else begin


def _joined(
    found: list[Difference], joins: Callable[[Difference, Difference], bool], *, far: bool = False
) -> list[Difference]:
    """Join each difference with the one before it where ``joins`` says so.

    With ``far`` it may be joined with any one before it, and then with all between the two.
    """
    kept: list[Difference] = []
    for difference in found:
        nearest = range(len(kept) - 1, -1 if far else max(len(kept) - 2, -1), -1)
        place = next((place for place in nearest if joins(kept[place], difference)), None)
        if place is None:
            kept.append(difference)
        else:
            joined = kept[place]
            for later in (*kept[place + 1 :], difference):
                joined = joined.to(later)
            kept[place:] = [joined]
    return kept


def _shifted_together(one: Difference, other: Difference, empty: Collection[int]) -> bool:
    """Say whether two lines with nothing but blank lines between them were shifted by the same amount."""
    near = all(number in empty for number in range(one.last + 1, other.row))
    return one.kind == other.kind == "indent" and near and _shift(one) == _shift(other)


def _shift(difference: Difference) -> int:
    return len(difference.new[-1].expandtabs()) - len(difference.old[-1].expandtabs())


def _with_header(one: Difference, other: Difference) -> bool:
    """Say whether a header was removed and the lines after it dedented, or added and they were indented."""
    if one.kind != "lines" or other.kind != "indent" or one.end != other.start or (one.old and one.new):
        return False
    return (one.old or one.new)[-1:] == (":",) and (_shift(other) > 0) == bool(one.new)


def _moved(one: Difference, other: Difference) -> bool:
    """Say whether lines that are removed at one place are added at the other, perhaps indented differently."""
    lines = one.kind == other.kind == "lines" and bool(one.old) != bool(one.new)
    return lines and one.old == other.new and one.new == other.old
