"""Fenced code blocks of Markdown, as CommonMark has them, and as models write them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from codekiln.data.python_text import without_warnings

_LINE = re.compile(
    r"(?P<before>[ \t]*(?:>[ \t]?)*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)"
)
_LANGUAGE = re.compile(r"\{?[. ]?(?P<name>[\w+.#-]*)")
_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+")
# Bounds the search for the end of a block that is no Python up to its first closing fence.
_MAX_CLOSINGS = 8
_PYTHON = re.compile(r"(?:(?:i?python|py)[\d.]*)?", re.IGNORECASE)
_OPENED_IN_SENTENCE = re.compile(
    r"(?P<before>)[^`]*[^`\s][ \t]*(?P<fence>`{3,})[ \t]*(?P<info>(?:python|py)[\d.]*)[ \t]*", re.IGNORECASE
)
# Some models write quotes for back-ticks.
_QUOTES = re.compile(
    r"(?P<before>[ \t]*)(?P<fence>\'{3}|\"{3})[ \t]*(?P<info>(?:python|py)[\d.]*)[ \t]*", re.IGNORECASE
)
_INVISIBLE = "\ufeff\u200b\u2060"
_LABEL = re.compile(r"\s*(?:python|py)[\d.]*[ \t]*\n", re.IGNORECASE)


@dataclass(frozen=True)
class Fence:
    """A fenced block.

    Attributes:
        language: First word after the opening fence, in lower case; may be empty.
        code: Content, without the indentation of the fence.
        first: Index of the line with the opening fence.
        end: Index of the line after the closing fence, or of the end of the text.
        is_closed: Whether there is a closing fence.
    """

    language: str
    code: str
    first: int
    end: int
    is_closed: bool

    @property
    def is_python(self) -> bool:
        """Whether the language is Python or not given."""
        return _PYTHON.fullmatch(self.language) is not None


def fences_in(text: str) -> list[Fence]:
    """Return the fenced blocks of ``text``, which has LF line ends, in order.

    A fence may be indented, in a list or in a quotation, of back-ticks or tildes. As in CommonMark, a closing fence is
    at least as long as the opening one and indented by at most three columns more, so that a docstring may contain one;
    a fence at the margin inside a string is passed over where the block is Python only then. Unlike there, a block of
    Python may be opened behind a sentence, have its language on the next line, and be closed by a line with more text.
    """
    lines = text.split("\n")
    found: list[Fence] = []
    place = 0
    while place < len(lines):
        forms = (_LINE, _OPENED_IN_SENTENCE, _QUOTES)
        opened = next((match for form in forms if (match := form.fullmatch(lines[place]))), None)
        if opened and not (opened["fence"][0] == "~" and "~" in opened["info"]):
            found.append(_block(lines, place, opened))
            place = found[-1].end
        else:
            place += 1
    return found


def is_python(code: str) -> bool:
    """Return whether ``code`` parses."""
    return _compiles(code, ast.PyCF_ONLY_AST)


def compiles(code: str) -> bool:
    """Return whether ``code`` is a program; more parses than that, such as imports from ``__future__`` further down."""
    return _compiles(code, 0)


def _compiles(code: str, flags: int) -> bool:
    try:
        with without_warnings():
            compile(code, "<program>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def without_label(code: str) -> str:
    """Return code without a first line that only names the language, and without invisible marks before it."""
    code = code.lstrip(_INVISIBLE)
    label = _LABEL.match(code)
    return code[label.end() :] if label else code


def _without_marks(code: str) -> str:
    return code.lstrip(_INVISIBLE)


def _block(lines: list[str], first: int, opened: re.Match[str]) -> Fence:
    language = _LANGUAGE.match(opened["info"])["name"].lower()  # type: ignore[index]  # it matches every text
    read = _without_marks if language else without_label
    content: list[str] = []
    exact, left = None, _MAX_CLOSINGS if _PYTHON.fullmatch(language) else 0
    for place, rest in _closings(lines, first + 1, opened, content):
        if exact is None and not rest:
            exact = place
        if left:
            left -= 1
            code = read("\n".join(content[: place - first - 1]))
            if is_python(code) and (code.strip() or not rest):
                # A block that is never closed ends where the next one starts.
                return Fence(language, code, first, place if _PYTHON.fullmatch(rest) and rest else place + 1, True)
        elif exact is not None:
            break
    if exact is not None:
        return Fence(language, read("\n".join(content[: exact - first - 1])), first, exact + 1, is_closed=True)
    # Some models close the block at the end of its last line.
    code, closings = re.subn(rf"{re.escape(opened['fence'])}\s*\Z", "\n", "\n".join(content))
    return Fence(language, read(code), first, len(lines), is_closed=bool(closings))


def _closings(lines: list[str], start: int, opened: re.Match[str], content: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the indexes of lines that may close a block, each with the text behind its fence.

    ``content`` receives the lines without the indentation of the block.
    """
    fence, width = opened["fence"], len(opened["before"])
    closing = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}(?P<rest>[^{re.escape(fence[0])}]*)")
    has_width = None
    for place in range(start, len(lines)):
        line = _QUOTE.sub("", lines[place]) if ">" in opened["before"] else lines[place]
        if has_width is None and line.strip():
            # Some models indent the fence and not the code.
            has_width = not line[:width].strip()
        inner = line[min(width, len(line) - len(line.lstrip())) :]
        if closed := closing.fullmatch(inner):
            yield place, closed["rest"].strip()
        content.append(inner if has_width else line)
