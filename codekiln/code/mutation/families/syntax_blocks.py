"""Syntax errors in the layout of blocks: colons and indentation."""

from codekiln.code.mutation.blocks import headers, indent_width, movable, on_own_lines, reindented, shown_line
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.source import SourceCode
from codekiln.data.text import lines_of

_MOST_LINES = 5
"""A longer block that is not indented is no slip any more, and its edit would cover much of the program."""
_INDENT = ("indent", "indentation", "indented", "spaces")


@family("syntax", "Mueller", keywords=("colon", ":"))
def missing_colon(source: SourceCode) -> Edits:
    """The colon at the end of a header is missing."""
    for header in headers(source):
        why = f"The colon that must end the `{header.word}` header is missing."
        yield TextEdit(header.colon.span, "", f"the colon after the `{header.word}` header", why)


@family("syntax", "Altadmri 2015", keywords=("semicolon", ";", "colon"))
def wrong_colon(source: SourceCode) -> Edits:
    """A header ends with a semicolon instead of a colon."""
    for header in headers(source):
        why = f"The `{header.word}` header ends with a semicolon where a colon is needed."
        yield TextEdit(header.colon.span, ";", f"the `;` after the `{header.word}` header", why)


@family("syntax", "Mueller", keywords=_INDENT)
def unexpected_indent(source: SourceCode) -> Edits:
    """A statement is indented further than the one before it, although no block starts there."""
    for block in [source.tree.body, *(header.block for header in headers(source))]:
        for statement in block[1:]:  # the first statement may be indented by any amount
            if on_own_lines(source, [statement]):
                start, line = source.rows(statement)[0], f"line `{shown_line(source.code(statement))}`"
                why = f"The {line} is indented further than the line before it, although no block starts there."
                yield TextEdit((start, start), "  ", f"the indentation of `{shown_line(source.code(statement))}`", why)


@family("syntax", "Mueller", keywords=_INDENT)
def uneven_dedent(source: SourceCode) -> Edits:
    """A statement has lost some of its indentation and so belongs to no block."""
    for header in headers(source):
        for statement in header.block[1:]:
            if on_own_lines(source, [statement]) and len(indent_width(source, header.node, header.block)) > 1:
                start, code = source.rows(statement)[0], shown_line(source.code(statement))
                why = f"The indentation of the line `{code}` matches no block around it."
                yield TextEdit((start, start + 1), "", f"the indentation of `{code}`", why)


@family("syntax", "Mueller", keywords=_INDENT)
def missing_indentation(source: SourceCode) -> Edits:
    """The body of a block is not indented."""
    for header in headers(source):
        block, (start, end) = header.block, source.rows(header.block[0], header.block[-1])
        brief = len(lines_of(source.text[start:end])) <= _MOST_LINES
        if brief and movable(source, block) and indent_width(source, header.node, block):
            code, place = shown_line(source.code(block[0])), f"under its `{header.word}` header"
            why = f"The block that starts with `{code}` must be indented {place}, and is not."
            yield TextEdit((start, end), reindented(source, block, header.node), f"the indentation of `{code}`", why)
