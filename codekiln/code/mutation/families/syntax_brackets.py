"""Syntax errors in what comes in pairs: brackets and quotes."""

import re
import tokenize
from collections.abc import Iterator

from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.source import SourceCode, Token

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_NAMES = {"(": "round", "[": "square", "{": "curly"}
_BRACKET = ("bracket", "brackets", "parenthesis", "parentheses", *"()[]{}")
_QUOTE = ("quote", "quotes", "quotation", "string")


def _pairs(source: SourceCode) -> Iterator[tuple[Token, Token, str]]:
    """Yield both tokens of every pair of brackets in order of their ends, and whose brackets they are.

    The last is the word before the bracket, as `` of `print` `` for an explanation, or nothing.
    """
    opened: list[Token] = []
    for token in source.operators(*_PAIRS, *_PAIRS.values()):
        if token.text in _PAIRS:
            opened.append(token)
        else:
            opening = opened.pop()
            before = source.between(source.row(opening.start)[0], opening.start)
            owner = f" of `{before[-1].text}`" if before and before[-1].kind == tokenize.NAME else ""
            yield opening, token, owner


@family("syntax", "Altadmri 2015", keywords=_BRACKET)
def missing_closing_bracket(source: SourceCode) -> Edits:
    """A bracket that was opened is not closed."""
    for opening, closing, owner in _pairs(source):
        why = f"The {_NAMES[opening.text]} bracket `{opening.text}`{owner} is opened but never closed."
        yield TextEdit(closing.span, "", f"the closing bracket `{closing.text}`{owner}", why)


@family("syntax", "Altadmri 2015", keywords=_BRACKET)
def missing_opening_bracket(source: SourceCode) -> Edits:
    """A bracket is closed that was never opened."""
    for opening, closing, owner in _pairs(source):
        why = f"The {_NAMES[opening.text]} bracket `{closing.text}`{owner} is closed but was never opened."
        yield TextEdit(opening.span, "", f"the opening bracket `{opening.text}`{owner}", why)


@family("syntax", "Altadmri 2015", keywords=_BRACKET)
def extra_bracket(source: SourceCode) -> Edits:
    """There is one closing bracket too many."""
    for opening, closing, owner in _pairs(source):
        why = f"There is one closing bracket `{closing.text}` too many after `{opening.text}`{owner}."
        yield TextEdit((closing.end, closing.end), closing.text, f"the extra bracket `{closing.text}`", why)


@family("syntax", "Altadmri 2015", keywords=_BRACKET)
def mismatched_bracket(source: SourceCode) -> Edits:
    """A bracket is closed by a bracket of another shape."""
    for opening, closing, _ in _pairs(source):
        wrong = "]" if closing.text == ")" else ")"
        why = f"The {_NAMES[opening.text]} bracket `{opening.text}` is closed by `{wrong}`, which is another shape."
        yield TextEdit(closing.span, wrong, f"the bracket `{wrong}`", why)


def _quoted(source: SourceCode) -> Iterator[tuple[Token, str, str]]:
    """Yield each string on one line that is code and no docstring, with its prefix and its quotation mark."""
    for index, token in enumerate(source.tokens):
        match = re.match(r"""([A-Za-z]*)('''|\"""|'|")""", token.text)
        if token.kind != tokenize.STRING or not match or "\n" in token.text or len(match[2]) == 3:
            continue
        before = source.tokens[index - 1] if index else None
        if before and source.line(before.start) == source.line(token.start):
            yield token, match[1], match[2]


@family("syntax", "Altadmri 2015", "Jeffries 2022", keywords=_QUOTE)
def missing_quote(source: SourceCode) -> Edits:
    """One of the two quotation marks around a text is missing."""
    for token, prefix, _ in _quoted(source):
        # Without its opening quotation mark the prefix would be a name.
        for place, which in ((token.start, "opening"), (token.end - 1, "closing"))[bool(prefix) :]:
            effect = f"Python cannot tell where the text {'ends' if which == 'closing' else 'starts'}"
            why = f"The {which} quotation mark of a text is missing, so {effect}."
            yield TextEdit((place, place + 1), "", f"the {which} quotation mark of `{token.text}`", why)


@family("syntax", "Altadmri 2015", keywords=_QUOTE)
def mismatched_quotes(source: SourceCode) -> Edits:
    """A text starts with one kind of quotation mark and ends with the other."""
    for token, _, quote in _quoted(source):
        wrong = "'" if quote == '"' else '"'
        why = f"The quotation marks around a text do not match: it starts with `{quote}` but ends with `{wrong}`."
        yield TextEdit((token.end - 1, token.end), wrong, f"the quotation marks around `{token.text}`", why)


@family("syntax", "Jeffries 2022", keywords=_QUOTE)
def unquoted_text(source: SourceCode) -> Edits:
    """A text of several words has no quotation marks."""
    for token, prefix, _ in _quoted(source):
        text = token.text[len(prefix) + 1 : -1]
        if not prefix and re.fullmatch(r"[A-Za-z]+( [A-Za-z]+)+[ :?!.,]*", text):
            why = f"The text `{text.strip()}` has no quotation marks, so Python reads its words as code."
            yield TextEdit(token.span, text.rstrip(" :?!.,"), f"the text `{text}`", why)


@family("syntax", "Altadmri 2015", keywords=(*_BRACKET, "brace", "braces", "curly"))
def unbalanced_replacement_field(source: SourceCode) -> Edits:
    """A curly bracket in an f-string is not closed."""
    for token in [token for token, prefix, _ in _quoted(source) if "f" in prefix.lower()]:
        for match in re.finditer(r"(?<!\})\}(?:\}\})*(?!\})", token.text):
            place = token.start + match.start()
            why = "A curly bracket that is opened in the f-string is never closed."
            yield TextEdit((place, place + 1), "", "the curly bracket `}` in the f-string", why)
