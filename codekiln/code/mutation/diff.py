"""Diff of two programs: few and small changes, at the places where a reader would see them.

Lines are paired so that the fewest tokens change, then tokens inside a line. Neither program need be Python. White
space at the end of a line, blank lines at both ends, and the kind of line end do not count.

Some differences are one change although they touch several places, because none of them makes sense alone:

* a pair of brackets that comes, goes or changes its shape, and two parts of a line that change places;
* a quotation mark that comes or goes, whatever that does to the tokens after it;
* lines next to each other that are shifted by the same amount, with the header that was added or removed for it;
* lines next to each other that are added or removed, and a line that moves past others.
"""

import ast
from dataclasses import dataclass

from codekiln.code.mutation.lexing import rows
from codekiln.code.mutation.merging import Difference, differences
from codekiln.data.normalise import parse


@dataclass(frozen=True)
class Change:
    """``correct[start:end]`` is replaced by ``text``.

    Args:
        start: Offset in the correct program.
        end: Offset in the correct program.
        text: What stands there instead, with the line ends of the correct program.
        line: 1-based line of the changed program where it shows; for lines that are only missing, the line that stands
            in their place (the last line, where they are missing at the end).
        old: What stood there: ``correct[start:end]``.
        new: What stands there in the changed program.
    """

    start: int
    end: int
    text: str
    line: int
    old: str
    new: str


def changes(correct: str, changed: str) -> list[Change]:
    """Return the smallest changes, token by token, that turn ``correct`` into ``changed``, in order.

    Applying all of them gives ``changed``, apart from what does not count.
    """
    newline = "\r\n" if "\r\n" in correct else "\n"
    return [_change(correct, changed, newline, found) for found in differences(rows(correct), rows(changed))]


def _change(correct: str, changed: str, newline: str, difference: Difference) -> Change:
    old, new = correct[difference.start : difference.end], changed[difference.other_start : difference.other_end]
    text = new.replace("\r\n", "\n").replace("\n", newline)
    return Change(difference.start, difference.end, text, difference.row, old, new)


def with_change(correct: str, change: Change) -> str:
    """Return ``correct`` with this change alone."""
    return correct[: change.start] + change.text + correct[change.end :]


def is_layout(correct: str, change: Change) -> bool:
    """Return whether a change affects only comments, whitespace or redundant parentheses.

    Raises:
        SyntaxError: ``correct`` does not parse.
    """
    try:
        return ast.dump(parse(with_change(correct, change))) == ast.dump(parse(correct))
    except SyntaxError:
        parse(correct)
        return False
