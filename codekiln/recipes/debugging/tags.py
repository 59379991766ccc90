"""The tagged text form of requests and replies: one writer and one parser for each.

    request   <description> <correct-program> <syntax> <runtime> <logical>
    reply     <root> <thinking>? <incorrect-program> (<error-location> <explanation>)+ </root>

Where replies are edit scripts (`edit_replies`), <numbered-program> stands in place of <correct-program>.

It looks like XML but is not: a program stands between its tags unescaped, `<` and `&` included, because models write
programs better than entities. Only a text that itself holds one of these tags is changed: the tag gets a backslash
after its `<`, which the parser removes, so that every text survives a round trip.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codekiln.data.edit_scripts import numbered, unnumbered
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts, ReplyForm

REQUEST = ("description", "correct-program", *CLASSES)
NUMBERED = "numbered-program"
REPLY = ("thinking", "incorrect-program", "error-location", "explanation")
_NAMES = "|".join((*REQUEST, NUMBERED, "root", *REPLY))
_TAG = re.compile(rf"<(\\*)(/?(?:{_NAMES})>)")
_GUARDED = re.compile(rf"<\\(\\*)(/?(?:{_NAMES})>)")
_OPEN = re.compile(rf"<({_NAMES})>")
_LINE = re.compile(r"\s*Lines? (\d+)\s*:\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class ExerciseRequest:
    """The request to put ``counts`` errors into ``program``, and to reply in a form."""

    description: str
    program: str
    counts: ErrorCounts
    reply_form: ReplyForm = "program"


@dataclass(frozen=True)
class Explanation:
    """One error of a reply: the line that the reply names, and the explanation."""

    line: int
    text: str


@dataclass(frozen=True)
class ExerciseReply:
    """A model's reply, as far as it could be parsed.

    Attributes:
        program: The program with errors; None when there is none.
        lines: The content of every ``<error-location>`` that is a number.
        explanations: The explanations that name their line.
        faults: Violations of the form; empty for a valid reply.
    """

    program: str | None
    lines: tuple[int, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    faults: tuple[str, ...] = ()


def write_request(request: ExerciseRequest) -> str:
    """Return the user's turn."""
    is_numbered = request.reply_form == "edits"
    program = _block(NUMBERED, numbered(request.program)) if is_numbered else _block(REQUEST[1], request.program)
    return "\n".join(
        [
            _block("description", request.description),
            program,
            *(f"<{name}>{request.counts.of(name)}</{name}>" for name in CLASSES),
        ]
    )


def write_reply(program: str, explanations: Sequence[Explanation]) -> str:
    """Return the assistant's turn."""
    parts = ["<root>", _block("incorrect-program", program)]
    for item in explanations:
        parts.append(f"<error-location>{item.line}</error-location>")
        parts.append(f"<explanation>Line {item.line}: {_guard(item.text)}</explanation>")
    return "\n".join([*parts, "</root>"])


def read_request(text: str) -> ExerciseRequest:
    """Parse a user's turn.

    Raises:
        ValueError: A tag is missing, comes twice, or a count is not a number; the message names all faults.
    """
    found, faults = elements(text)
    faults = list(faults)
    is_numbered = bool(_all(found, NUMBERED))
    tag = NUMBERED if is_numbered else "correct-program"
    for name in ("description", tag, *CLASSES):
        times = len(_all(found, name))
        if times != 1:
            faults.append(f"<{name}> comes {times} times instead of once")
    faults += [f"<{name}> is not a number" for name in CLASSES for value in _all(found, name) if not _is_number(value)]
    counts = ErrorCounts(**{name: int(value) for name in CLASSES for value in _all(found, name) if _is_number(value)})
    if not faults and counts.total < 1:
        faults.append("no error is asked for: the three counts are 0")
    if faults:
        raise ValueError("; ".join(faults))
    program = _all(found, tag)[0]
    form: ReplyForm = "edits" if is_numbered else "program"
    return ExerciseRequest(_all(found, "description")[0], unnumbered(program) if is_numbered else program, counts, form)


def read_reply(text: str) -> ExerciseReply:
    """Parse a reply, with every fault in its form."""
    inner, faults = _root(text)
    found, more = elements(inner)
    faults += more
    faults += [f"<{name}> does not belong in a reply" for name, _ in found if name not in REPLY]
    programs, locations = _all(found, "incorrect-program"), _all(found, "error-location")
    if len(programs) != 1:
        faults.append(f"<incorrect-program> comes {len(programs)} times instead of once")
    lines = [int(text) for text in locations if _is_number(text)]
    faults += [f"<error-location> is not a line number: {text[:40]!r}" for text in locations if not _is_number(text)]
    explanations: list[Explanation] = []
    unnamed = 0
    for explanation in _all(found, "explanation"):
        match = _LINE.fullmatch(explanation)
        if match and match[2].strip():
            explanations.append(Explanation(int(match[1]), match[2].strip()))
        else:
            unnamed += 1
    if unnamed:
        faults.append(f"explanations that do not say 'Line N: ...': {unnamed}")
    if [item.line for item in explanations] != lines:
        faults.append("<error-location> and <explanation> do not name the same lines in the same order")
    if not lines:
        faults.append("no error is located")
    return ExerciseReply(programs[0] if programs else None, tuple(lines), tuple(explanations), tuple(faults))


def elements(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return (name, content) of every element of ``text`` in order, and the faults of what is not an element.

    Elements do not nest. One line break after the opening tag and one before the closing tag belong to the tags.
    """
    found: list[tuple[str, str]] = []
    faults: list[str] = []
    position = 0
    while match := _OPEN.search(text, position):
        faults += _stray(text[position : match.start()])
        closing = f"</{match[1]}>"
        end = text.find(closing, match.end())
        if end < 0:
            faults.append(f"<{match[1]}> is not closed")
            return found, faults
        found.append((match[1], _unguard(_trimmed(text[match.end() : end]))))
        position = end + len(closing)
    return found, faults + _stray(text[position:])


def _root(text: str) -> tuple[str, list[str]]:
    start, end = text.find("<root>"), text.rfind("</root>")
    if start < 0 or end < start:
        return text.replace("<root>", "", 1), ["there is no <root> ... </root>"]
    outside = text[:start] + text[end + len("</root>") :]
    return text[start + len("<root>") : end], ["there is text outside <root>"] if outside.strip() else []


def _stray(text: str) -> list[str]:
    return [f"text between the tags: {text.strip()[:40]!r}"] if text.strip() else []


def _trimmed(text: str) -> str:
    newline = "\r\n" if text.startswith("\r\n") else "\n"
    return text.removeprefix(newline).removesuffix(newline)


def _all(found: list[tuple[str, str]], name: str) -> list[str]:
    return [text for other, text in found if other == name]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[0-9]{1,6}\s*", text) is not None


def _block(name: str, text: str) -> str:
    return f"<{name}>\n{_guard(text)}\n</{name}>"


def _guard(text: str) -> str:
    return _TAG.sub(lambda match: f"<\\{match[1]}{match[2]}", text)


def _unguard(text: str) -> str:
    return _GUARDED.sub(lambda match: f"<{match[1]}{match[2]}", text)
