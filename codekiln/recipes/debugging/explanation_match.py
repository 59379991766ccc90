"""Matches explanations with changes: whether a text names the change that was made, and not another one."""

import re
from collections.abc import Mapping
from functools import lru_cache
from keyword import iskeyword

from codekiln.code.mutation import apply, mutations
from codekiln.code.mutation.diff import Change, with_change

_TOKEN = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?|[^\w\s]")
_QUOTED = re.compile(r"`([^`]+)`|'([^']+)'|\"([^\"]+)\"|“([^”]+)”|‘([^’]+)’")
SYMBOL_WORDS: Mapping[str, tuple[str, ...]] = {
    ":": ("colon",),
    ",": ("comma",),
    ".": ("dot", "full stop", "period"),
    "(": ("bracket", "parenthes"),
    ")": ("bracket", "parenthes"),
    "[": ("bracket",),
    "]": ("bracket",),
    "{": ("brace", "bracket"),
    "}": ("brace", "bracket"),
    '"': ("quot", "string"),
    "'": ("quot", "string"),
    "=": ("equal", "assign", "compar"),
    "!": ("equal", "compar"),
    "<": ("less", "small", "below", "compar"),
    ">": ("greater", "large", "above", "compar", "more than"),
    "+": ("plus", "add", "sum"),
    "-": ("minus", "subtract", "negative"),
    "*": ("multipl", "times", "product"),
    "/": ("divi",),
    "%": ("remainder", "modul", "percent"),
    "": ("indent", "blank", "space", "line break"),
}
"""Words for a symbol; the empty one stands for a change of nothing but white space."""

_RARE_KEYWORDS = frozenset(
    ("def", "elif", "else", "except", "False", "finally", "import", "lambda", "None", "True", "while")
)
_ENGLISH = frozenset(
    re.findall(r"\w+", "a A am an as at be by do go he I if in is it me my no of on or so to up us we")
)
"""Words of one or two letters that nearly every text has; other names of that length are no words."""

MAX_CHARACTERS = 4000
"""Characters of an explanation that are searched: quotes that never close take quadratic time to search for."""


def explains(explanation: str, correct: str, change: Change) -> bool:
    """Return whether an explanation names a change to ``correct``.

    A change that one of our mutations makes is named by that mutation's keywords; any change by a word, a number or a
    symbol that it removes or adds. Symbols, most of Python's keywords and names that are short words of English must be
    quoted or named by a word for them, because every sentence has them. The first ``MAX_CHARACTERS`` characters count.
    """
    explanation = explanation[:MAX_CHARACTERS]
    quotes = ("".join(filter(None, match.groups())) for match in _QUOTED.finditer(explanation))
    quoted = {token for quote in quotes for token in _TOKEN.findall(quote)}
    keywords = _keywords(correct).get(with_change(correct, change), ())
    if any(_mentions(word, explanation.lower(), {token.lower() for token in quoted}) for word in keywords):
        return True
    # No token: the change is white space alone, which has words of its own in the table.
    tokens = set(_TOKEN.findall(f"{change.old} {change.new}")) or {""}
    words = (word for token in tokens for word in SYMBOL_WORDS.get(token, ()))
    text = explanation.lower()
    return any(word in text for word in words) or any(_mentions(token, explanation, quoted) for token in tokens)


def is_known_mutation(correct: str, change: Change) -> bool:
    """Return whether one of our mutations makes this change."""
    return with_change(correct, change) in _keywords(correct)


def _mentions(word: str, text: str, quoted: set[str]) -> bool:
    """Return whether a text has a word, in quotes where the bare word is too common; longer words may have endings."""
    if word in quoted:
        return True
    ending = r"\w*" if word.islower() and len(word) > 3 else r"(?!\w)"
    return _is_distinctive(word) and re.search(rf"(?<!\w){re.escape(word)}{ending}", text) is not None


def _is_distinctive(word: str) -> bool:
    """Return whether a word says what is meant where it stands without quotes."""
    if not (word[:1].isalpha() or word[:1] == "_"):
        return word[:1].isdigit()
    if iskeyword(word):
        return word in _RARE_KEYWORDS
    return word not in _ENGLISH


@lru_cache(maxsize=512)
def _keywords(correct: str) -> dict[str, tuple[str, ...]]:
    """Return the keywords of every mutation of a program, by the program that it makes."""
    try:
        return {apply(correct, [item]): item.keywords for item in mutations(correct)}
    except SyntaxError:
        return {}
