"""Programs that a reply shows in another notation.

Those are a session, a patch, an edit, a cell, a script of the shell, YAML, reStructuredText, and what pages make of
a program.
"""

import ast
import html
import re
import textwrap

from codekiln.data.fences import is_python
from codekiln.data.python_text import syntax_tree

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
_BLOCK_OF_REST = re.compile(
    r"^[ \t]*\.\. (?:code|code-block|sourcecode)::.*\n(?:[ \t]+:[\w-]+:.*\n)*"
    r"(?P<inside>(?:[ \t]+.*(?:\n|$)|[ \t]*\n)+)",
    re.MULTILINE,
)
# The patches that OpenAI's models write for Codex: no line numbers, and a title for each file.
_FILE_OF_CODEX = re.compile(
    r"^\*\*\* (?:Add|Update) File: (?P<name>.*)\n(?P<inside>(?:(?!\*\*\* ).*(?:\n|$))*)", re.MULTILINE
)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#39|#x27);")
_NAMES_OF_ENTITIES = frozenset(("lt", "gt", "amp", "quot"))
# What pages and word processors write in the place of blanks and quotes.
_TYPED = str.maketrans(
    dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " ")
    | dict.fromkeys("\u200b\u2060\ufeff", "")
    | dict.fromkeys("\u2018\u2019", "'")
    | dict.fromkeys("\u201c\u201d", '"')
)
# Bounds what looks for an end behind each beginning.
_MOST = 100
_MAGIC = re.compile(r"^(?:%%?[A-Za-z]\w*|!\w+).*$\n?", re.MULTILINE)
_NUMBERED = re.compile(r"[ \t]*(?P<number>\d{1,5})(?:[ \t]*[:.|)])?(?P<code>(?:[ \t].*)?)")


def plain(code: str) -> str:
    """Return the program that ``code`` shows.

    That is what was typed in a session, what a patch or an edit leaves, what a script of the shell or YAML quotes, a
    cell without its magic commands, the lines behind their numbers, or what was typed where a page shows other blanks,
    quotes or entities. Anything else is returned as it is.
    """
    if is_python(code):
        return html.unescape(code) if _is_escaped(code) else code
    if _PROMPT.search(code):
        return _typed(code)
    if _PROMPT_OF_IPYTHON.search(code):
        return "\n".join(line["code"] for line in map(_LINE_OF_IPYTHON.fullmatch, code.split("\n")) if line)
    if edits := _found(_EDIT, "SEARCH", code):
        return "".join(edit["new"] for edit in edits)
    if files := _found(_FILE_OF_CODEX, " File: ", code):
        return "\n".join(_patched(file["inside"]) for file in files if "test" not in file["name"]) or code
    if _HUNK.search(code):
        return _patched(code)
    for quoting, mark in ((_HERE_DOCUMENT, "<<"), (_BLOCK_OF_YAML, "|"), (_BLOCK_OF_REST, ".. ")):
        if quoted := [textwrap.dedent(match["inside"]) for match in _found(quoting, mark, code)]:
            return "\n".join(filter(is_python, quoted)) or code
    without_magic = _MAGIC.sub("", code)
    if is_python(without_magic):
        return without_magic
    return next(filter(is_python, (as_typed(code), html.unescape(code))), "") or _without_numbers(code)


def as_typed(text: str) -> str:
    """Return a text with the blanks and quotes of a keyboard for those of pages and word processors."""
    return text.translate(_TYPED)


def _is_escaped(code: str) -> bool:
    """Return whether entities of HTML stand for operators: ``x &lt; 5`` is Python, of an unknown name ``lt``."""
    if not _ENTITY.search(code):
        return False
    nodes = list(ast.walk(syntax_tree(code)))
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    rights = {node.right.id for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Name)}
    return bool(rights & _NAMES_OF_ENTITIES - bound) and is_python(html.unescape(code))


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
