"""A program as text, tokens and tree at once, with every position as an offset in the text."""

import ast
import keyword
import tokenize
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple, TypeVar, overload

from codekiln.code.syntax import BLOCKS, FUNCTIONS, Function
from codekiln.data.normalise import parse
from codekiln.data.text import lines_of

A = TypeVar("A", bound=ast.AST)
B = TypeVar("B", bound=ast.AST)
C = TypeVar("C", bound=ast.AST)
D = TypeVar("D", bound=ast.AST)

Span = tuple[int, int]
"""Offsets of the first character and of the one after the last; equal where nothing is there."""

Located = ast.stmt | ast.expr | ast.arg | ast.keyword | ast.alias | ast.excepthandler | ast.pattern
"""The nodes that have a place in the text. Others, such as operators, have not."""

_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_FSTRING_START, _FSTRING_END = getattr(tokenize, "FSTRING_START", None), getattr(tokenize, "FSTRING_END", None)
_NOT_RUN = ("annotation", "returns", "decorator_list", "type_params", "type_comment")


class Token(NamedTuple):
    """A significant token (no comment, no line end): its text and its offsets in the program."""

    kind: int
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Start and end offset of the token in the program."""
        return self.start, self.end


class SourceCode:
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
        found = [node for node in self._descend(self.tree) if isinstance(node, Located)]
        # An outer node comes before the first of its parts, which may start at the same place.
        self.nodes = sorted(found, key=lambda node: (self.start(node), -self.end(node)))

    def _descend(self, node: ast.AST) -> Iterator[ast.AST]:
        for field, value in ast.iter_fields(node):
            if field in _NOT_RUN or (field == "test" and _tests_for_main(value)):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.parents[child] = node
                    yield child
                    if not isinstance(child, ast.JoinedStr):
                        yield from self._descend(child)

    # One signature per number of types: mypy would join several types to their common base otherwise.
    @overload
    def each(self, one: type[A], /) -> Iterator[A]: ...
    @overload
    def each(self, one: type[A], two: type[B], /) -> Iterator[A | B]: ...
    @overload
    def each(self, one: type[A], two: type[B], three: type[C], /) -> Iterator[A | B | C]: ...
    @overload
    def each(self, one: type[A], two: type[B], three: type[C], four: type[D], /) -> Iterator[A | B | C | D]: ...
    def each(self, *types: type[ast.AST]) -> Iterator[ast.AST]:
        """Yield the nodes of these types, in source order."""
        return (node for node in self.nodes if isinstance(node, types))

    def span(self, node: Located) -> Span:
        """Return where ``node`` starts and ends in the text."""
        return self.start(node), self.end(node)

    def start(self, node: Located) -> int:
        """Return the offset where ``node`` starts."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: Located) -> int:
        """Return the offset where ``node`` ends."""
        line, column = node.end_lineno, node.end_col_offset
        if line is None or column is None:
            raise ValueError("a node that no parser made has no place in the text")
        return self._offset(line, column)

    def before(self, node: Located) -> Span:
        """Return the empty span where ``node`` starts."""
        return self.start(node), self.start(node)

    def after(self, node: Located) -> Span:
        """Return the empty span where ``node`` ends."""
        return self.end(node), self.end(node)

    def _offset(self, line: int, column: int) -> int:
        """Return the offset of a place the parser gives: 1-based line, column in UTF-8 bytes."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        width = column if text.isascii() else len(text.encode()[:column].decode())
        return self._starts[line - 1] + width

    def code(self, node: Located) -> str:
        """Return the text of ``node``."""
        return self.text[self.start(node) : self.end(node)]

    def on_one_line(self, start: int, end: int) -> bool:
        """Say whether no line ends in ``[start, end)``."""
        return "\n" not in self.text[start:end]

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
            if kind in _SILENT:
                continue
            start, end = self._starts[row - 1] + column, self._starts[end_row - 1] + end_column
            opens, closes = kind == _FSTRING_START, kind == _FSTRING_END
            if depth:
                found[-1] = Token(tokenize.STRING, self.text[found[-1].start : end], found[-1].start, end)
            else:
                found.append(Token(tokenize.STRING if opens else kind, text, start, end))
            depth += opens - closes
        return found

    def operators(self, *texts: str) -> Iterator[Token]:
        """Yield the operators, brackets and commas with these texts."""
        return (token for token in self.tokens if token.kind == tokenize.OP and token.text in texts)

    @cached_property
    def _token_starts(self) -> list[int]:
        return [token.start for token in self.tokens]

    def between(self, start: int, end: int) -> list[Token]:
        """Return the tokens that lie in ``[start, end)``."""
        first, last = bisect_right(self._token_starts, start - 1), bisect_right(self._token_starts, end - 1)
        return self.tokens[first:last]

    def operator(self, left: Located, right: Located) -> Span:
        """Return where the operator between two operands is, without brackets around the operands."""
        found = [token for token in self.between(self.end(left), self.start(right)) if token.text not in "()"]
        return found[0].start, found[-1].end

    def enclosed(self, node: Located) -> Span:
        """Return the span of ``node`` with the innermost pair of brackets that is only there for it, if it has one."""
        start, end = self.span(node)
        index = bisect_right(self._token_starts, start - 1)
        before = self.tokens[index - 1] if index else None
        after = next(iter(self.between(end, len(self.text))), None)
        if before and before.text == "(" and after and after.text == ")" and not self._opens_arguments(index - 1):
            return before.start, after.end
        return start, end

    def _opens_arguments(self, index: int) -> bool:
        """Say whether the bracket at this token belongs to a call, a definition or a class."""
        if not index:
            return False
        kind, text, *_ = self.tokens[index - 1]
        return text in (")", "]", "}") or kind == tokenize.STRING or _is_plain_name(kind, text)

    def inside(self, node: ast.AST, *types: type[A]) -> A | None:
        """Return the nearest node of these types around ``node`` in the same function, or None."""
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, types):
                return node
            if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
                return None
        return None

    def function(self, node: ast.AST) -> Function | ast.Module:
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

    def sibling(self, statement: ast.stmt, distance: int) -> ast.stmt | None:
        """Return the statement ``distance`` places after ``statement`` in its block (-1: before), or None."""
        block = self.block(statement)
        place = block.index(statement) + distance
        return block[place] if 0 <= place < len(block) else None

    def alone(self, statement: ast.stmt) -> bool:
        """Return whether ``statement`` shares its lines with no other statement; a trailing comment is allowed."""
        start, end = self.span(statement)
        head, tail = self.text[self.row(start)[0] : start], self.text[end : self.row(end)[1]].strip()
        return not head.strip() and (not tail or tail.startswith("#"))

    def row(self, offset: int) -> Span:
        """Return where the line of an offset starts and where the next one does."""
        number = self.line(offset)
        return self._starts[number - 1], self._starts[min(number, len(self.lines))]

    def rows(self, first: Located, last: Located | None = None) -> Span:
        """Return the span of the whole lines from ``first`` to ``last``, line ends included."""
        return self.row(self.start(first))[0], self.row(self.end(last or first))[1]

    def indentation(self, node: Located) -> str:
        """Return the white space before the line on which ``node`` starts."""
        line = self.lines[self.line(self.start(node)) - 1]
        return line[: len(line) - len(line.lstrip())]


def _is_plain_name(kind: int, text: str) -> bool:
    return kind == tokenize.NAME and not keyword.iskeyword(text)


def _tests_for_main(test: object) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
