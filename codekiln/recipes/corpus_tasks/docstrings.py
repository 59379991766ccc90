"""Docstrings read by docstring-parser (Google, NumPy, Sphinx, Epytext), as plain sentences in the author's words.

Markup is converted, never guessed: a sentence whose markup has no plain form, such as LaTeX, is left out.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import docstring_parser
from docstring_parser import Docstring, DocstringReturns

_SENTENCE = re.compile(r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)\s+(?=[A-Z`'\"(])")
_TITLES = (
    "Parameters|Other Parameters|Arguments|Args|Returns?|Yields?|Raises|Warns|Notes?|Examples?|References|See Also|"
    "Explanation|Attributes|Methods|Usage|Warnings?|Description|Keyword Arguments|Receives"
)
_UNDERLINED = re.compile(rf"^([ \t]*)({_TITLES})[ \t]*\n[ \t]*[=~-]{{3,}}[ \t]*$", re.M | re.I)
_SECTION = re.compile(rf"({_TITLES}|Usage|Available |Supported )s?:?", re.I)
_EXPLANATION = re.compile(r"^[ \t]*Explanation[ \t]*\n[ \t]*=+[ \t]*$\n?", re.M)
# What a sentence still has when its markup could not be converted, or when it is a signature or a list of options.
_NOT_PROSE = re.compile(
    r'^Aliases:| \| |\(\.\.\.\)|\w = \S|"""|\\|\$|^[^\w`"\'(]|::|\|\w+\||\w+`_|^\w+\(.*\)\s*(->|$)|^-+$|\s--\s'
    r"|[{}]\w*$|:\w+:`"
)
_MARKUP = (
    (re.compile(r"\s*\[\d+\]_"), ""),
    (re.compile(r":[\w:+-]+:`~(?:[\w.]+\.)?(\w+(?:\(\))?)`"), r"`\1`"),
    (re.compile(r":math:`([\w +*/<>=().,^-]+)`"), r"`\1`"),
    (re.compile(r":(?!math)[\w:+-]+:`!?([^`<]+?)(?:\s*<[^`>]*>)?`"), r"`\1`"),
    (re.compile(r"``([^`]+)``"), r"`\1`"),
    (re.compile(r"`([^`<]+?)\s*<[^`>]*>`_+"), r"\1"),
    (re.compile(r"`([^`]+)`_+(?!\w)"), r"\1"),
    (re.compile(r"\b[CLIBM]\{([^}]*)\}"), r"`\1`"),
    (re.compile(r"\s+"), " "),
)
# What authors put before or after a description for the type to have: "(optional)".
_REMARK = re.compile(r"^\((?:optional|required)\)[,:]?\s*|^(?:optional|required)[:.,]\s+", re.I)
_DEFAULT = re.compile(r",?\s*\(?defaults?\b[^()]*\)?|\s*\([^()]*\)$", re.I)
_MAX_CHARACTERS = 400
_MAX_TYPE = 60


@dataclass(frozen=True)
class DocumentedValue:
    """What an author says of a parameter, a result or an exception.

    Attributes:
        type: Its type, or the exception; empty where it is not stated.
        text: One or two sentences with a full stop; empty where nothing is said in plain words.
        name: Name of a result, where it has one.
    """

    type: str = ""
    text: str = ""
    name: str = ""


@dataclass(frozen=True)
class ParsedDocstring:
    """A docstring in parts.

    Attributes:
        sentences: The sentences of the description, each on one line, up to the first example.
        parameters: What is said of each parameter, by its name without stars.
        results: What is said of the value that is returned, or of each part of it.
        yields: What is said of the values that are yielded.
        raises: What is said of each exception.
    """

    sentences: tuple[str, ...] = ()
    parameters: dict[str, DocumentedValue] = field(default_factory=dict)
    results: tuple[DocumentedValue, ...] = ()
    yields: tuple[DocumentedValue, ...] = ()
    raises: tuple[DocumentedValue, ...] = ()


@lru_cache(maxsize=256)
def parse_docstring(text: str) -> ParsedDocstring:
    """Return the parts of a docstring with its indentation removed; empty parts where it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = docstring_parser.parse(_with_dashes(text))
    except docstring_parser.ParseError:
        return ParsedDocstring(sentences=tuple(sentences_of(text)))
    gap = "\n\n" if found.blank_after_short_description else "\n"
    description = gap.join(filter(None, (found.short_description, found.long_description)))
    results = [_result(item) for item in found.many_returns]
    return ParsedDocstring(
        sentences=tuple(sentences_of(description)),
        parameters=dict(_parameters(found)),
        results=tuple(value for value, is_yielded in results if not is_yielded),
        yields=tuple(value for value, is_yielded in results if is_yielded),
        raises=tuple(DocumentedValue(item.type_name or "", description_of(item.description)) for item in found.raises),
    )


def sentences_of(text: str) -> Iterator[str]:
    """Yield the sentences of a text up to its first example, each on one line and without markup."""
    for paragraph in re.split(r"\n[^\S\n]*\n", text.split(">>>")[0]):
        lines = [line.strip() for line in paragraph.strip().split("\n")]
        if not lines[0] or lines[0].startswith("..") or _SECTION.fullmatch(lines[0]) or _is_indented(paragraph):
            continue
        yield from (sentence for part in _SENTENCE.split(plain(" ".join(lines))) if (sentence := part.strip()))
        if lines[-1].endswith("::"):
            return  # what follows is code


def _is_indented(paragraph: str) -> bool:
    """Tell whether all lines of a paragraph are indented, as those of code and tables are."""
    return all(line.startswith((" ", "\t")) for line in paragraph.strip("\n").split("\n"))


def description_of(text: str | None) -> str:
    """Return the first paragraph of a description as sentences with a full stop; empty where it is no plain prose."""
    kept: list[str] = []
    paragraph = re.split(r"\n\s*\n|\n\s*(?:[*-] |\.\. )", _REMARK.sub("", (text or "").strip()))[0]
    for sentence in sentences_of(paragraph):
        if not is_prose(sentence) or len(" ".join([*kept, sentence])) > _MAX_CHARACTERS:
            break
        kept.append(as_sentence(sentence))
    return " ".join(kept)


def is_prose(sentence: str) -> bool:
    """Tell whether a sentence reads well outside its docstring."""
    return (
        bool(re.search(r"[A-Za-z]{2}", sentence))
        and not _NOT_PROSE.search(sentence)
        and sentence.count("`") % 2 == 0
        and all(sentence.count(left) == sentence.count(right) for left, right in ("()", "[]"))
        and not sentence.endswith((":", ","))
    )


def as_sentence(text: str) -> str:
    """Return a text with a capital and a full stop."""
    text = text.strip().rstrip(".:;, ") + ("" if text.rstrip().endswith(("!", "?")) else ".")
    # A name of the code that starts a sentence keeps its letters.
    is_name = re.match(r"[a-z]\w*([_.(]|[A-Z])|[a-z]{1,2}['\"]", text) is not None
    return text if is_name else f"{text[0].upper()}{text[1:]}"


def plain(text: str) -> str:
    """Return a text with its markup as plain text and backquotes, on one line."""
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return text.strip()


def _with_dashes(text: str) -> str:
    """Return a docstring with sections underlined as docstring-parser reads them: with as many dashes as letters."""
    text = _EXPLANATION.sub("", text)
    return _UNDERLINED.sub(lambda match: f"{match[1]}{match[2].title()}\n{match[1]}{'-' * len(match[2])}", text)


def _parameters(found: Docstring) -> Iterator[tuple[str, DocumentedValue]]:
    for item in found.params:
        if item.args[0] not in ("attribute", "ivar", "cvar", "var"):
            value = _value(item.type_name, item.description)
            for name in item.arg_name.split(","):
                yield name.strip().lstrip("*\\`").rstrip("`"), value


def _result(item: DocstringReturns) -> tuple[DocumentedValue, bool]:
    return _value(item.type_name, item.description, item.return_name or ""), item.is_generator


def _value(kind: str | None, text: str | None, name: str = "") -> DocumentedValue:
    """Return what is said of a value; where words stand in the type's place alone, they are what is said."""
    said = description_of(text)
    if kind and not said and len(re.findall(r"[A-Za-z]{2,}", kind.split(", optional")[0])) > 1:
        return DocumentedValue("", description_of(kind), name)
    return DocumentedValue(_type(kind), said, name)


def _type(text: str | None) -> str:
    kind = _DEFAULT.sub("", plain(text or "")).rstrip(".,:; ")
    return kind if len(kind) <= _MAX_TYPE and not _NOT_PROSE.search(kind) and "(" not in kind else ""
