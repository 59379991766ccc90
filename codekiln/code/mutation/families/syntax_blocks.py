"""Syntax errors in the layout of blocks: colons and indentation."""

from collections.abc import Iterator

from codekiln.code.mutation.blocks import headers, movable, on_own_lines, shifted, short, step
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.source import Source

_MOST_LINES = 5
_INDENT = ("indent", "indentation", "indented", "spaces")


@family("syntax")
def missing_colon(source: Source) -> Iterator[Edit]:
    """The colon at the end of a header is missing.

    Source: Mueller.
    """
    for header in headers(source):
        yield Edit(
            header.colon.start,
            header.colon.end,
            "",
            f"the colon after the `{header.word}` header",
            f"The colon that must end the `{header.word}` header is missing.",
            ("colon", ":"),
        )


@family("syntax")
def wrong_colon(source: Source) -> Iterator[Edit]:
    """A header ends with a semicolon instead of a colon.

    Source: Altadmri 2015.
    """
    for header in headers(source):
        yield Edit(
            header.colon.start,
            header.colon.end,
            ";",
            f"the `;` after the `{header.word}` header",
            f"The `{header.word}` header ends with a semicolon where a colon is needed.",
            ("semicolon", ";", "colon"),
        )


@family("syntax")
def unexpected_indent(source: Source) -> Iterator[Edit]:
    """A statement is indented further than the one before it, although no block starts there.

    Source: Mueller.
    """
    for block in [source.tree.body, *(header.block for header in headers(source))]:
        for statement in block[1:]:
            if on_own_lines(source, [statement]):
                start, code = source.rows(statement)[0], short(source.code(statement))
                yield Edit(
                    start,
                    start,
                    "  ",
                    f"the indentation of `{code}`",
                    f"The line `{code}` is indented further than the line before it, although no block starts there.",
                    _INDENT,
                )


@family("syntax")
def uneven_dedent(source: Source) -> Iterator[Edit]:
    """A statement has lost some of its indentation and so belongs to no block.

    Source: Mueller.
    """
    for block in (header.block for header in headers(source)):
        for statement in block[1:]:
            if on_own_lines(source, [statement]) and len(step(source, block)) > 1:
                start, code = source.rows(statement)[0], short(source.code(statement))
                yield Edit(
                    start,
                    start + 1,
                    "",
                    f"the indentation of `{code}`",
                    f"The indentation of the line `{code}` matches no block around it.",
                    _INDENT,
                )


@family("syntax")
def missing_indentation(source: Source) -> Iterator[Edit]:
    """The body of a block is not indented.

    Source: Mueller.
    """
    for header in headers(source):
        (start, end), code = source.rows(header.block[0], header.block[-1]), short(source.code(header.block[0]))
        brief = len(source.text[start:end].splitlines()) <= _MOST_LINES
        if brief and movable(source, header.block) and step(source, header.block):
            inner, outer = source.indentation(header.block[0]), source.indentation(header.node)
            yield Edit(
                start,
                end,
                shifted(source.text[start:end], inner, outer),
                f"the indentation of `{code}`",
                f"The block that starts with `{code}` must be indented under its `{header.word}` header, and is not.",
                _INDENT,
            )
