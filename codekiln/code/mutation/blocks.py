"""Blocks of a program as text: their headers, their lines, and how to indent them differently."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from codekiln.code.mutation.source import Located, SourceCode, Span, Token
from codekiln.code.syntax import BLOCKS, Loop
from codekiln.data.text import first_line, lines_of


class Header(NamedTuple):
    """The line that opens a block.

    Args:
        word: Its keyword, such as ``elif``.
        start: Offset of the keyword (of ``async`` where there is one).
        colon: The colon that ends it.
        node: The node whose block it opens.
        block: The statements of the block.
    """

    word: str
    start: int
    colon: Token
    node: Located
    block: list[ast.stmt]


def headers(source: SourceCode) -> Iterator[Header]:
    """Yield the header of every block, in the order of the nodes that have them."""
    for node in source.nodes:
        for field in BLOCKS:
            block = getattr(node, field, None)
            if isinstance(block, list) and block and (field == "body" or not _is_elif(source, block)):
                tokens = source.between(source.start(node), _begin(source, block[0]))
                index = max(place for place, token in enumerate(tokens) if token.text == ":")
                first = tokens[0] if field == "body" else tokens[index - 1]
                word = tokens[1].text if first.text == "async" else first.text
                yield Header(word, first.start, tokens[index], node, block)


def _is_elif(source: SourceCode, block: list[ast.stmt]) -> bool:
    return isinstance(block[0], ast.If) and source.code(block[0]).startswith("elif")


def _begin(source: SourceCode, statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", None)
    return source.start(decorators[0] if decorators else statement)


def on_own_lines(source: SourceCode, block: list[ast.stmt]) -> bool:
    """Say whether every statement of the block stands on lines of its own."""
    return all(source.alone(item) and not getattr(item, "decorator_list", None) for item in block)


def movable(source: SourceCode, block: list[ast.stmt]) -> bool:
    """Say whether the lines of a block can be indented differently: all are its own, and none is inside a text."""
    inner = source.indentation(block[0])
    start, end = source.rows(block[0], block[-1])
    texts = any(
        isinstance(node, ast.Constant | ast.JoinedStr) and node.lineno != node.end_lineno
        for statement in block
        for node in ast.walk(statement)
    )
    lines = [line for line in lines_of(source.text[start:end]) if line.strip()]
    return on_own_lines(source, block) and not texts and all(line.startswith(inner) for line in lines)


def reindented(source: SourceCode, block: list[ast.stmt], beside: Located) -> str:
    """Return the lines of a block with the indentation of the line on which ``beside`` starts."""
    old, new = source.indentation(block[0]), source.indentation(beside)
    start, end = source.rows(block[0], block[-1])
    lines = lines_of(source.text[start:end])
    return "".join(new + line.removeprefix(old) if line.strip() else line for line in lines)


def indented_into(source: SourceCode, statement: ast.stmt, loop: Loop) -> str | None:
    """Return the lines of the statement after a loop, indented like the end of its body; None where they cannot be."""
    last = loop.body[-1]
    possible = not loop.orelse and movable(source, [statement]) and on_own_lines(source, loop.body)
    deeper = source.indentation(last).startswith(source.indentation(statement))
    return reindented(source, [statement], last) if possible and deeper else None


def swapped(source: SourceCode, first: Span, last: Span) -> tuple[Span, str]:
    """Return the edit that swaps two parts of the text: what it replaces, and by what."""
    text = source.text
    return (first[0], last[1]), text[slice(*last)] + text[first[1] : last[0]] + text[slice(*first)]


def indent_width(source: SourceCode, header: Located, block: list[ast.stmt]) -> str:
    """Return by how much a block is indented further than its header, or nothing where that cannot be said."""
    inner, outer = source.indentation(block[0]), source.indentation(header)
    return inner.removeprefix(outer) if inner.startswith(outer) else ""


def shown_line(text: str) -> str:
    """Return the first line of some code, as an explanation names it."""
    first = first_line(text)
    return first if len(first) <= 60 else first[:57] + "..."
