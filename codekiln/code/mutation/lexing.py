"""Lexer for programs that may be broken: rows of tokens of any text, whatever its quotes and indentation.

Each line is read on its own, so that an error in one line cannot change how another is read: a text over several
lines is no single token here.
"""

import re
from typing import NamedTuple

from codekiln.data.text import lines_of

_TOKEN = re.compile(
    r"""
    (?P<space>[^\S\r\n]+)
  | (?P<comment>\#.*)
  | (?P<text>(?:\b[rRbBuUfF]{1,2})?(?:'''(?:\\.|(?!''').)*'''|\"\"\"(?:\\.|(?!\"\"\").)*\"\"\"
      |'(?:\\.|[^'\\])*(?:'|\\?$)|"(?:\\.|[^"\\])*(?:"|\\?$)))
  | (?P<number>(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d+)?)[jJ]?)
  | (?P<name>[^\W\d]\w*)
  | (?P<operator>\*\*=?|//=?|<<=?|>>=?|[-+*/%&|^@=!<>:]=|->|\.\.\.|.)
    """,
    re.VERBOSE,
)


class Lexeme(NamedTuple):
    """One token of a line: its text, where it starts in the program, and what it counts in a comparison."""

    text: str
    start: int
    weight: int

    @property
    def end(self) -> int:
        """End offset of the token in the program, exclusive."""
        return self.start + len(self.text)


class Row(NamedTuple):
    """One line: its number, its indentation, and its tokens after that.

    Args:
        number: 1-based.
        start: Offset of its first character.
        indent: White space before its first token.
        lexemes: Its tokens, white space between them included.
        end: Offset after its last token: white space there is no part of the row.
        after: Offset after its line end.
    """

    number: int
    start: int
    indent: str
    lexemes: tuple[Lexeme, ...]
    end: int
    after: int

    @property
    def text(self) -> str:
        """The line without white space at its end."""
        return self.indent + "".join(lexeme.text for lexeme in self.lexemes)


TOKEN, SPACE = 8, 1
"""What a token, and what the white space between two tokens counts."""


def rows(text: str) -> list[Row]:
    """Return the lines of ``text`` without the blank lines at its beginning and its end."""
    found: list[Row] = []
    start = 0
    for number, line in enumerate(lines_of(text), 1):
        body = line.rstrip()
        indent = body[: len(body) - len(body.lstrip())]
        begin = start + len(indent)
        lexemes = tuple(
            Lexeme(match.group(), begin + match.start(), SPACE if match.lastgroup == "space" else TOKEN)
            for match in _TOKEN.finditer(body[len(indent) :])
        )
        found.append(Row(number, start, indent, lexemes, start + len(body), start + len(line)))
        start += len(line)
    while found and not found[-1].lexemes:
        found.pop()
    first = next((place for place, row in enumerate(found) if row.lexemes), 0)
    return found[first:]
