"""From a model's reply to the program in it.

Teachers, self-generation, evaluation and grading take the program in this one way.
"""

import contextlib
import html
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from codekiln.data import json_text
from codekiln.data.answers import answer_in
from codekiln.data.fences import Fence, fences_in, is_python, without_label
from codekiln.data.notations import as_typed, plain
from codekiln.data.program_parts import defining, definition, is_program, reads_input, with_needed
from codekiln.data.text import unix_lines
from codekiln.data.trials import without_trials

_FENCE_LINE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?:```|~~~)", re.MULTILINE)
_MARKDOWN = frozenset(("markdown", "md"))
_WRAPPER = re.compile(
    r"<(?P<tag>[A-Za-z][\w:.-]*)(?:[\s=][^<>]*)?>|\[(?P<mark>PYTHON|CODE|ANSWER)\]"
    r"|\\begin\{(?P<name>code|python|lstlisting|verbatim|minted)\}(?:\{python\})?"
    r"|^[ \t]*\{(?P<wiki>code|noformat)(?::[^{}\n]*)?\}[ \t]*$|^[ \t]*#\+begin_(?P<org>src|example)\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING = {"tag": "</{}>", "mark": "[/{}]", "name": "\\end{{{}}}", "wiki": "{{{}}}", "org": "#+end_{}"}
# Bounds the search for closing tags.
_MAX_TAGS = 100
_CDATA = re.compile(r"\s*<!\[CDATA\[(?P<inside>.*)\]\]>\s*", re.DOTALL)
_ANSWER_LABEL = re.compile(
    r"^(?:\*\*)?[A-Z][\w ]{0,30}:(?:\*\*)?[ \t]+"
    r"(?=(?:async[ \t]+)?def[ \t]|class[ \t]|import[ \t]|from[ \t]\S+[ \t]import[ \t])",
    re.MULTILINE,
)
_FINAL_TITLE = re.compile(
    r"^[ \t]*(?:#+[ \t]*|\*\*)?"
    r"(?:here is my response|response|(?:the )?final (?:answer|solution|code|response|version|program))"
    r"(?:\*\*)?[ \t]*:?(?:\*\*)?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_TITLE = re.compile(r"[ \t>]*(?:#+[ \t].*|\*\*.*\*\*:?|[^\s].{0,80}:)[ \t]*")
_WRONG = re.compile(
    r"\b(?:wrong|incorrect|buggy|broken|fail(?:s|ed|ing)?|(?:does(?:n['’]t| not)|wo(?:n['’]t|uld not)) work)\b|❌",
    re.IGNORECASE,
)
_MENDED = re.compile(
    r"\b(?:fix|correct(?!ness)|right|work(?:s|ing)\b|better|improve|final|solution|instead|answer)|✅", re.IGNORECASE
)
# What stands before the arguments of a call: Mistral's mark, the name of the tool.
_CALL = re.compile(r"(?:\[TOOL_CALLS\]\s*)?(?:[\w.:-]+\s*)?(?:\[ARGS\]\s*)?(?=[{\[])")
_JSON_LANGUAGES = frozenset(("", "json"))
_INLINE = re.compile(r"(?<!`)(?P<ticks>`{1,3})(?!`)(?:(?:python|py)[ \t]+)?(?P<code>[^`\n]+)(?P=ticks)")
# A page's block, copied with its title: the language, and the buttons of ChatGPT.
_TITLE_OF_BLOCK = re.compile(r"^(?:python|py)[ \t]*\n?(?:(?:Copy(?: code)?|Edit|Run)[ \t]*\n)+", re.MULTILINE)
# A step of an agent (``Action: python_repl``) parses as an annotation.
_LABEL = re.compile(r"[A-Z]\w*: *[\w.]+")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#39|#x27);")
# Bounds the search for the end of a program that is not fenced.
_MAX_ENDS = 20
_PROSE = re.compile(
    r"(?!\w+ *=)(?:[A-Z][\w'’]*[,:]?|[-*+]|#+|\d{1,3}[.)]|\*\*.*) .*|[A-Z][\w ,'’-]*[.:!?]|\*\*.*|[^\x00-\x7f].*"
)
_Part = Callable[[str, list[Fence]], Iterator[str]]


@dataclass(frozen=True)
class Extraction:
    """The program taken from a reply.

    Attributes:
        code: The program, with LF line ends and without blank lines around it.
        rule: What chose it: ``whole`` reply; ``entry-point``, the last part that defines the entry point, with the
            parts that it needs; ``input``, the last part that reads the standard input; ``blocks`` of Python, joined;
            ``prose``, the reply without the sentences around a program; ``none``, the reply as it is.
    """

    code: str
    rule: str


def extract_code(text: str, entry_point: str | None = None, is_script: bool = False) -> str:
    """Return the program in a model's reply, as `extract` does."""
    return extract(text, entry_point, is_script).code


def extract(text: str, entry_point: str | None = None, is_script: bool = False) -> Extraction:
    """Return the program in a model's reply, and the rule that chose it.

    A reply is looked through in this order: fenced blocks of Python, what stands before a closing fence that
    nothing opened, other blocks, texts in JSON, code between tags, code in a line, and the text without its prose.
    The first of these in which something defines ``entry_point`` gives the program: the last definition that is no
    stub, and those parts that define names it uses. So tests, output, calls, shell commands and earlier attempts
    are left out. Where nothing defines it, and without an entry point, the fenced blocks that are programs count,
    joined, or else the text without the prose around a program; of several blocks that read the standard input only
    the last does.

    Args:
        text: The reply; thoughts are no part of it, and one that was cut off leaves no program.
        entry_point: Name of the function or class that the tests use.
        is_script: Whether tests also run the program as a script. Otherwise it is left out of a program with the entry
            point that it tries that out on the standard input or by assertions.
    """
    found = _extract(text, entry_point)
    if not entry_point or is_script or found.rule not in ("whole", "entry-point"):
        return found
    return replace(found, code=without_trials(found.code, entry_point))


def _extract(text: str, entry_point: str | None) -> Extraction:
    text = _TITLE_OF_BLOCK.sub("\n", without_label(_with_line_ends(answer_in(unix_lines(text)))))
    if is_program(text) and not _needs_dedent(text, entry_point):
        return Extraction(text.strip("\n"), "whole")
    fences = fences_in(text)
    if entry_point and (chosen := _of_entry_point(text, fences, entry_point)):
        return Extraction(chosen, "entry-point")
    return _without_entry_point(text, fences)


def _of_entry_point(text: str, fences: list[Fence], entry_point: str) -> str:
    """Return the program that defines the entry point: one that a title calls final, or else any; empty without."""
    if final := list(_FINAL_TITLE.finditer(text)):
        behind = text[final[-1].end() :]
        if found := _of_entry_point(behind, fences_in(behind), entry_point):
            return found
    found_in = (defining(list(parts(text, fences)), entry_point) for parts in _PARTS)
    return next(filter(None, found_in), "")


def is_reply(text: str) -> bool:
    """Return whether ``text`` is a chat model's reply, with fences or thoughts, and not a bare program."""
    text = unix_lines(text)
    return bool(_FENCE_LINE.search(text)) or answer_in(text) != text


def _without_entry_point(text: str, fences: list[Fence]) -> Extraction:
    lines = text.split("\n")
    before = next(_before_closing(text, fences), "")
    if is_program(before):
        return Extraction(before.strip("\n"), "prose")
    blocks = [fence for fence in fences if fence.is_python]
    readers = [block.code for block in _cut_off_first(blocks) if reads_input(block.code)]
    if len(readers) > 1:
        return Extraction(with_needed(readers[-1], [block.code for block in blocks]), "input")
    if blocks:
        return Extraction(_joined(blocks), "blocks")
    others: Iterator[str] = itertools.chain(_other_blocks(text, fences), _in_json(text, fences), _wrapped(text, fences))
    if found := next(filter(is_program, others), ""):
        return Extraction(found.strip("\n"), "blocks")
    prose = _without_prose(lines).strip("\n")
    return Extraction(prose, "prose" if is_program(prose) else "none")


def _python_blocks(text: str, fences: list[Fence]) -> Iterator[str]:
    lines = text.split("\n")
    # The last that defines something counts, and a model may show what is wrong behind what is right.
    ordered = sorted(_cut_off_first(fences), key=lambda fence: not _is_said_to_be_wrong(lines, fence))
    return (plain(fence.code) for fence in ordered if fence.is_python or fence.language == "pycon")


def _is_said_to_be_wrong(lines: list[str], fence: Fence) -> bool:
    """Return whether the title before a block, or the comment that it begins with, says that it is wrong."""
    before = next((line for line in reversed(lines[: fence.first]) if line.strip()), "")
    comment = fence.code.lstrip().partition("\n")[0]
    said = [before] if _TITLE.fullmatch(before) else []
    said += [comment] if comment.startswith("#") else []
    return any(_WRONG.search(line) and not _MENDED.search(line) for line in said)


def _cut_off_first(fences: list[Fence]) -> list[Fence]:
    """Return blocks with one that is never closed before the others: the last that defines something counts."""
    return sorted(fences, key=lambda fence: fence.is_closed)


def _before_closing(text: str, fences: list[Fence]) -> Iterator[str]:
    """Yield what stands before a first fence that closes: the prompt ended with the opening one, or there was none."""
    if fences and not fences[0].language and not is_program(fences[0].code):
        yield _without_prose(text.split("\n")[: fences[0].first])


def _other_blocks(text: str, fences: list[Fence]) -> Iterator[str]:
    for fence in fences:
        if fence.language in _MARKDOWN:
            yield from (inner.code for inner in fences_in(fence.code) if inner.is_python)
        elif not fence.is_python:
            yield plain(fence.code)


def _wrapped(text: str, fences: list[Fence], depth: int = 2) -> Iterator[str]:
    """Yield what stands between tags, in HTML and in the marks of models."""
    place = 0
    for _ in range(_MAX_TAGS):
        if not (opened := _WRAPPER.search(text, place)):
            return
        closing = _CLOSING[str(opened.lastgroup)]
        end = text.find(closing.format(opened[str(opened.lastgroup)]), opened.end())
        place = max(end, opened.end())
        inside = text[opened.end() : max(end, 0)].strip("\n")
        if plain := _CDATA.fullmatch(inside):
            inside = plain["inside"].strip("\n")
        if depth and _WRAPPER.match(inside):
            yield from _wrapped(inside, [], depth - 1)
        elif opened["tag"] and _ENTITY.search(inside) and not is_python(inside):
            yield html.unescape(inside)
        elif inside:
            yield _without_prose(inside.split("\n"))
            yield from _in_json(inside, [])
            if not is_python(inside):
                place = opened.end()


def _inline(text: str, fences: list[Fence]) -> Iterator[str]:
    return (match["code"].strip() for match in _INLINE.finditer(text))


def _bare(text: str, fences: list[Fence]) -> Iterator[str]:
    for shown in dict.fromkeys((plain(text), as_typed(text))):
        yield textwrap.dedent(_without_prose(_ANSWER_LABEL.sub("\n", shown).split("\n")))


def _in_json(text: str, fences: list[Fence]) -> Iterator[str]:
    """Yield the texts of a reply that is JSON, or has it in a fence."""
    sources = [text, *(fence.code for fence in fences if fence.language in _JSON_LANGUAGES)]
    if call := _CALL.match(start := text.lstrip()):
        sources.append(start[call.end() :])
    for source in sources:
        if source.lstrip()[:1] not in ("{", "[", '"'):
            continue
        with contextlib.suppress(ValueError, RecursionError):
            for found in _texts(json_text.loads(source)):
                blocks = [fence.code for fence in fences_in(found) if fence.is_python]
                yield from blocks or [plain(found)]


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a JSON value; of nested ones too."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield unix_lines(item)
        elif isinstance(item, list) and len(item) > 1 and all(isinstance(line, str) for line in item):
            yield "\n".join(line.removesuffix("\n") for line in item)  # the lines of a notebook's cell
        elif isinstance(item, dict | list):
            waiting += reversed(list(item.values()) if isinstance(item, dict) else item)


def _with_line_ends(text: str) -> str:
    """Return a text that is one line with ``\\n`` in it as the lines that were meant; any other as it is."""
    if "\n" in text.strip() or "\\n" not in text or text.lstrip()[:1] in ("{", "[", '"') or is_python(text):
        return text
    meant = re.sub(r"\\([nt\"'])", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)
    return meant if fences_in(meant) or is_program(meant) else text


_PARTS: tuple[_Part, ...] = (_python_blocks, _before_closing, _other_blocks, _in_json, _wrapped, _bare, _inline)


def _needs_dedent(text: str, entry_point: str | None) -> bool:
    """Return whether an indented text is a program of its own, and not the body of a function."""
    return (
        bool(entry_point)
        and text.lstrip("\n")[:1] in (" ", "\t")
        and (definition(textwrap.dedent(text), str(entry_point)) is not None)
    )


def _joined(blocks: list[Fence]) -> str:
    chosen = [
        block.code.strip("\n") for block in blocks if block.language or len(blocks) == 1 or is_program(block.code)
    ]
    chosen = chosen or [block.code.strip("\n") for block in blocks]
    if len(chosen) > 1 and not is_python("\n".join(chosen)):
        chosen = [code for code in chosen if is_python(code)] or chosen
    return "\n".join(chosen)


def _without_prose(lines: list[str]) -> str:
    """Return the lines without sentences before and after a program; all of them where that leaves no program."""
    whole = "\n".join(lines)
    if is_python(whole):
        return whole
    start = next((place for place, line in enumerate(lines) if line.strip() and not _is_prose(line)), len(lines))
    after = itertools.islice((place for place in range(start, len(lines)) if _is_prose(lines[place])), _MAX_ENDS)
    end = next((place for place in after if is_program("\n".join(lines[start:place]))), len(lines))
    program = "\n".join(lines[start:end])
    return program if is_program(program) else whole


def _is_prose(line: str) -> bool:
    return _LABEL.fullmatch(line) is not None or (_PROSE.fullmatch(line) is not None and not is_python(line))
