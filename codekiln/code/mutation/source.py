"""A program as text, tokens and tree at once, with every position as an offset in the text."""

import ast
import keyword
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple, TypeVar

from codekiln.data.normalise import parse

Node = TypeVar("Node", bound=ast.AST)

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_FSTRING_START, _FSTRING_END = getattr(tokenize, "FSTRING_START", None), getattr(tokenize, "FSTRING_END", None)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
BLOCKS = ("body", "orelse", "finalbody")
_NOT_RUN = ("annotation", "returns", "decorator_list", "type_params", "type_comment")


class Token(NamedTuple):
    """One token that means something (no comment, no line end): its text, and where it is in the program."""

    kind: int
    text: str
    start: int
    end: int


def lines_of(text: str) -> list[str]:
    """Split ``text`` where Python's parser does: after ``\\n``, ``\\r\\n`` and ``\\r``; ends are kept."""
    return [line for line in _LINE.findall(text) if line]


class Source:
    """A program that parses.

    ``nodes`` are its AST nodes in source order. Left out is what a mutation should not touch: the inside of f-strings
    (Python 3.11 gives it wrong positions), annotations, decorators, and the test for ``__name__ == "__main__"``.

    Raises:
        SyntaxError: ``text`` is not a Python program, or nests too deep.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = parse(text)
        self.lines = lines_of(text)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line))
        self.parents: dict[ast.AST, ast.AST] = {}
        found = list(self._descend(self.tree))
        self.nodes = sorted((node for node in found if hasattr(node, "lineno")), key=self._order)

    def _descend(self, node: ast.AST) -> Iterator[ast.AST]:
        for field, value in ast.iter_fields(node):
            if field in _NOT_RUN or (field == "test" and _asks_for_main(value)):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.parents[child] = node
                    yield child
                    if not isinstance(child, ast.JoinedStr):
                        yield from self._descend(child)

    def _order(self, node: ast.AST) -> tuple[int, int]:
        start, end = self.span(node)
        return start, -end

    def each(self, *types: type[Node]) -> Iterator[Node]:
        """Yield the nodes of these types, in source order."""
        return (node for node in self.nodes if isinstance(node, types))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where ``node`` starts and ends in the text."""
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place the parser gives: 1-based line, column in UTF-8 bytes."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        width = column if text.isascii() else len(text.encode()[:column].decode())
        return self._starts[line - 1] + width

    def code(self, node: ast.AST) -> str:
        """Return the text of ``node``."""
        start, end = self.span(node)
        return self.text[start:end]

    def line(self, offset: int) -> int:
        """Return the 1-based line of an offset."""
        return min(bisect_right(self._starts, offset), max(len(self.lines), 1))

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens in order; an f-string is one token, whatever this Python makes of it."""
        lines = iter(self.lines)
        found: list[Token] = []
        depth = 0
        for kind, text, (row, column), (end_row, end_column), _ in tokenize.generate_tokens(lambda: next(lines, "")):
            start, end = self._starts[row - 1] + column, 0
            if kind in _SILENT:
                continue
            end = self._starts[end_row - 1] + end_column
            opens, closes = kind == _FSTRING_START, kind == _FSTRING_END
            if depth:
                found[-1] = Token(tokenize.STRING, self.text[found[-1].start : end], found[-1].start, end)
            else:
                found.append(Token(tokenize.STRING if opens else kind, text, start, end))
            depth += opens - closes
        return found

    @cached_property
    def _token_starts(self) -> list[int]:
        return [token.start for token in self.tokens]

    def between(self, start: int, end: int) -> list[Token]:
        """Return the tokens that lie in ``[start, end)``."""
        first, last = bisect_right(self._token_starts, start - 1), bisect_right(self._token_starts, end - 1)
        return self.tokens[first:last]

    def operator(self, left: ast.AST, right: ast.AST) -> tuple[int, int]:
        """Return where the operator between two operands is, without brackets around the operands."""
        found = [token for token in self.between(self.span(left)[1], self.span(right)[0]) if token.text not in "()"]
        return found[0].start, found[-1].end

    def enclosed(self, node: ast.AST) -> tuple[int, int]:
        """Return the span of ``node`` with the innermost pair of brackets that is only there for it, if it has one."""
        start, end = self.span(node)
        index = bisect_right(self._token_starts, start - 1)
        before = self.tokens[index - 1] if index else None
        after = next(iter(self.between(end, len(self.text))), None)
        grouping = before and before.text == "(" and after and after.text == ")" and not self._calls(index - 1)
        return (before.start, after.end) if grouping else (start, end)

    def _calls(self, index: int) -> bool:
        """Say whether the bracket at this token belongs to a call, a definition or a class."""
        before = self.tokens[index - 1] if index else None
        return bool(before) and (
            before.text in (")", "]", "}")
            or before.kind == tokenize.STRING
            or (before.kind == tokenize.NAME and not keyword.iskeyword(before.text))
        )

    def inside(self, node: ast.AST, *types: type[Node]) -> Node | None:
        """Return the nearest node of these types around ``node`` in the same function, or None."""
        while node := self.parents.get(node):
            if isinstance(node, types):
                return node
            if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
                return None
        return None

    def function(self, node: ast.AST) -> ast.AST:
        """Return the function around ``node``, or the module."""
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, FUNCTIONS):
                return node
        return self.tree

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """Return the list of statements that ``statement`` is one of."""
        parent = self.parents[statement]
        return next(
            block
            for field in (*BLOCKS, "handlers", "cases")
            if isinstance(block := getattr(parent, field, None), list) and statement in block
        )

    def alone(self, statement: ast.stmt) -> bool:
        """Say whether the lines of ``statement`` hold nothing else (a comment at the end aside)."""
        start, end = self.span(statement)
        head, tail = self.text[self.row(start)[0] : start], self.text[end : self.row(end)[1]].strip()
        return not head.strip() and (not tail or tail.startswith("#"))

    def row(self, offset: int) -> tuple[int, int]:
        """Return where the line of an offset starts and where the next one does."""
        number = self.line(offset)
        return self._starts[number - 1], self._starts[min(number, len(self.lines))]

    def rows(self, first: ast.AST, last: ast.AST | None = None) -> tuple[int, int]:
        """Return the span of the whole lines from ``first`` to ``last``, line ends included."""
        return self.row(self.span(first)[0])[0], self.row(self.span(last or first)[1])[1]

    def indentation(self, node: ast.AST) -> str:
        """Return the white space before the line on which ``node`` starts."""
        line = self.lines[self.line(self.span(node)[0]) - 1]
        return line[: len(line) - len(line.lstrip())]


def _asks_for_main(test: object) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
