"""Programs that a reply shows in another notation: a session, a patch, an edit, a cell, a script of the shell, YAML."""

import re
import textwrap

from codekiln.data.fences import is_python

_PROMPT = re.compile(r"^[ \t]*>>> ", re.MULTILINE)
_PROMPT_OF_IPYTHON = re.compile(r"^[ \t]*In \[\d*\]: ?", re.MULTILINE)
_LINE_OF_IPYTHON = re.compile(r"[ \t]*(?:In \[\d*\]|\.{3,}): ?(?P<code>.*)")
_EDIT = re.compile(r"^<{5,9} SEARCH\n(?:.*?\n)??={5,9}\n(?P<new>.*?)^>{5,9} REPLACE$", re.DOTALL | re.MULTILINE)
_HUNK = re.compile(r"^@@.*@@", re.MULTILINE)
_HEADER = re.compile(r"diff |index |--- |\+\+\+ |new file|deleted file|similarity |@@|\\ No newline|-")
_HERE_DOCUMENT = re.compile(
    r"<<-?[ \t]*(['\"]?)(?P<end>\w+)\1.*\n(?P<inside>(?:.*\n)*?)[ \t]*(?P=end)[ \t]*$", re.MULTILINE
)
_BLOCK_OF_YAML = re.compile(
    r"^[ \t]*(?:- )?[\w-]+:[ \t]*\|[-+]?\d*[ \t]*\n(?P<inside>(?:[ \t]+.*(?:\n|$)|[ \t]*\n)+)", re.MULTILINE
)
# Bounds what looks for an end behind each beginning.
_MOST = 100
_MAGIC = re.compile(r"^(?:%%?[A-Za-z]\w*|!\w+).*$\n?", re.MULTILINE)
_NUMBERED = re.compile(r"[ \t]*(?P<number>\d{1,5})(?:[ \t]*[:.|)])?(?P<code>(?:[ \t].*)?)")


def plain(code: str) -> str:
    """Return the program that ``code`` shows.

    That is what was typed in a session, what a patch or an edit leaves, what a script of the shell or YAML quotes, a
    cell without its magic commands, or the lines behind their numbers. Anything else is returned as it is.
    """
    if is_python(code):
        return code
    if _PROMPT.search(code):
        return _typed(code)
    if _PROMPT_OF_IPYTHON.search(code):
        return "\n".join(line["code"] for line in map(_LINE_OF_IPYTHON.fullmatch, code.split("\n")) if line)
    if edits := _found(_EDIT, "SEARCH", code):
        return "".join(edit["new"] for edit in edits)
    if _HUNK.search(code):
        return _patched(code)
    for quoting, mark in ((_HERE_DOCUMENT, "<<"), (_BLOCK_OF_YAML, "|")):
        if quoted := [textwrap.dedent(match["inside"]) for match in _found(quoting, mark, code)]:
            return "\n".join(filter(is_python, quoted)) or code
    without_magic = _MAGIC.sub("", code)
    return without_magic if is_python(without_magic) else _without_numbers(code)


def _found(pattern: re.Pattern[str], mark: str, code: str) -> list[re.Match[str]]:
    """Return the matches of a pattern that begins with ``mark``; none where more of them stand than people write."""
    return list(pattern.finditer(code)) if 0 < code.count(mark) <= _MOST else []


def _typed(text: str) -> str:
    import doctest  # slow to import, and rarely needed

    try:
        return "".join(example.source for example in doctest.DocTestParser().get_examples(text))
    except ValueError:
        return text


def _patched(patch: str) -> str:
    return "\n".join(line[1:] for line in patch.split("\n") if not _HEADER.match(line))


def _without_numbers(code: str) -> str:
    """Return lines without their numbers, where each but blank ones has one, and they count up from one."""
    lines = [_NUMBERED.fullmatch(line) for line in code.split("\n") if line.strip()]
    numbers = [int(line["number"]) for line in lines if line]
    if len(numbers) != len(lines) or len(lines) < 2 or numbers != list(range(1, len(lines) + 1)):
        return code
    return textwrap.dedent("\n".join(line["code"] for line in lines if line))
