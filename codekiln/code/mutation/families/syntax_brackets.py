"""Syntax errors in what comes in pairs: brackets and quotes."""

import re
import tokenize
from collections.abc import Iterator

from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.source import Source, Token

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_NAMES = {"(": "round", "[": "square", "{": "curly"}
_OPENING = {close: opening for opening, close in _PAIRS.items()}
_BRACKET = ("bracket", "brackets", "parenthesis", "parentheses", "(", ")", "[", "]", "{", "}")
_QUOTE = ("quote", "quotes", "quotation", "string")


def pairs(source: Source) -> Iterator[tuple[Token, Token]]:
    """Yield the opening and the closing token of every pair of brackets, in order of their ends."""
    opened: list[Token] = []
    for token in source.tokens:
        if token.kind == tokenize.OP and token.text in _PAIRS:
            opened.append(token)
        elif token.kind == tokenize.OP and token.text in _OPENING:
            yield opened.pop(), token


def _owner(source: Source, opening: Token) -> str:
    """Return the word before a bracket, as `` of `print` `` for an explanation, or nothing."""
    before = source.between(source.row(opening.start)[0], opening.start)
    return f" of `{before[-1].text}`" if before and before[-1].kind == tokenize.NAME else ""


@family("syntax")
def missing_closing_bracket(source: Source) -> Iterator[Edit]:
    """A bracket that was opened is not closed.

    Source: Altadmri 2015.
    """
    for opening, closing in pairs(source):
        name = _NAMES[opening.text]
        yield Edit(
            closing.start,
            closing.end,
            "",
            f"the closing bracket `{closing.text}`{_owner(source, opening)}",
            f"The {name} bracket `{opening.text}`{_owner(source, opening)} is opened but never closed.",
            _BRACKET,
        )


@family("syntax")
def missing_opening_bracket(source: Source) -> Iterator[Edit]:
    """A bracket is closed that was never opened.

    Source: Altadmri 2015.
    """
    for opening, closing in pairs(source):
        name = _NAMES[opening.text]
        yield Edit(
            opening.start,
            opening.end,
            "",
            f"the opening bracket `{opening.text}`{_owner(source, opening)}",
            f"The {name} bracket `{closing.text}`{_owner(source, opening)} is closed but was never opened.",
            _BRACKET,
        )


@family("syntax")
def extra_bracket(source: Source) -> Iterator[Edit]:
    """There is one closing bracket too many.

    Source: Altadmri 2015.
    """
    for opening, closing in pairs(source):
        yield Edit(
            closing.end,
            closing.end,
            closing.text,
            f"the extra bracket `{closing.text}`",
            f"There is one closing bracket `{closing.text}` too many after `{opening.text}`{_owner(source, opening)}.",
            _BRACKET,
        )


@family("syntax")
def mismatched_bracket(source: Source) -> Iterator[Edit]:
    """A bracket is closed by a bracket of another shape.

    Source: Altadmri 2015.
    """
    for opening, closing in pairs(source):
        wrong = "]" if closing.text == ")" else ")"
        yield Edit(
            closing.start,
            closing.end,
            wrong,
            f"the bracket `{wrong}`",
            f"The {_NAMES[opening.text]} bracket `{opening.text}` is closed by `{wrong}`, which is another shape.",
            _BRACKET,
        )


def quoted(source: Source) -> Iterator[tuple[Token, str, str]]:
    """Yield each string on one line that is code and no docstring, with its prefix and its quotation mark."""
    for index, token in enumerate(source.tokens):
        match = re.match(r"""([A-Za-z]*)('''|\"""|'|")""", token.text)
        if token.kind != tokenize.STRING or not match or "\n" in token.text or len(match[2]) == 3:
            continue
        before = source.tokens[index - 1] if index else None
        if before and source.line(before.start) == source.line(token.start):
            yield token, match[1], match[2]


@family("syntax")
def missing_quote(source: Source) -> Iterator[Edit]:
    """One of the two quotation marks around a text is missing.

    Source: Altadmri 2015; Jeffries 2022.
    """
    for token, prefix, _ in quoted(source):
        for place, which in ((token.start, "opening"), (token.end - 1, "closing"))[bool(prefix) :]:
            yield Edit(
                place,
                place + 1,
                "",
                f"the {which} quotation mark of `{token.text}`",
                f"The {which} quotation mark of a text is missing, so Python cannot tell where the text "
                f"{'ends' if which == 'closing' else 'starts'}.",
                _QUOTE,
            )


@family("syntax")
def mismatched_quotes(source: Source) -> Iterator[Edit]:
    """A text starts with one kind of quotation mark and ends with the other.

    Source: Altadmri 2015.
    """
    for token, _, quote in quoted(source):
        wrong = "'" if quote == '"' else '"'
        yield Edit(
            token.end - 1,
            token.end,
            wrong,
            f"the quotation marks around `{token.text}`",
            f"The quotation marks around a text do not match: it starts with `{quote}` but ends with `{wrong}`.",
            _QUOTE,
        )


@family("syntax")
def unquoted_text(source: Source) -> Iterator[Edit]:
    """A text of several words has no quotation marks.

    Source: Jeffries 2022.
    """
    for token, prefix, _ in quoted(source):
        text = token.text[len(prefix) + 1 : -1]
        if not prefix and re.fullmatch(r"[A-Za-z]+( [A-Za-z]+)+[ :?!.,]*", text):
            yield Edit(
                token.start,
                token.end,
                text.rstrip(" :?!.,"),
                f"the text `{text}`",
                f"The text `{text.strip()}` has no quotation marks, so Python reads its words as code.",
                _QUOTE,
            )


@family("syntax")
def unbalanced_replacement_field(source: Source) -> Iterator[Edit]:
    """A curly bracket in an f-string is not closed.

    Source: Altadmri 2015.
    """
    for token, prefix, _ in quoted(source):
        if "f" in prefix.lower():
            for match in re.finditer(r"(?<!\})\}(?:\}\})*(?!\})", token.text):
                yield Edit(
                    token.start + match.start(),
                    token.start + match.start() + 1,
                    "",
                    "the curly bracket `}` in the f-string",
                    "A curly bracket that is opened in the f-string is never closed.",
                    (*_BRACKET, "brace", "braces", "curly"),
                )
