"""The words of a command as they were meant."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from codekiln.data.system_errors import linux_path
from codekiln.errors import InputError

_HOME = re.compile(r"(?P<before>(?:--[\w-]+=)?(?:[\w.@+-]+=)?)~(?=/|$)")

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_DASHED = re.compile(rf"-?[{_DASHES}][{_DASHES}-]*(?P<name>[A-Za-z][\w-]*)(?==|$)")
_QUOTES = ("\u201c", "\u201d", "\u201e", "\u2018", "\u2019", "\u201a", "\u00ab")


class PathType(click.Path):
    """A path that is not empty: an empty one is a variable that is not set, and would be the working directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or end with a message of one line."""
        if value == "":
            self.fail("the path is empty: is the variable that holds it set?", param, ctx)
        return super().convert(value, param, ctx)


def require_typed(words: Sequence[str]) -> None:
    """Refuse words that were pasted from a page, a chat or Windows, and mean nothing here.

    Raises:
        InputError: A word begins with a typographic dash or quotation mark, or is a path of Windows.
    """
    for word in words:
        if found := _DASHED.match(word):
            what = "begins with a typographic dash, as pages and chats put in place of hyphens"
            raise InputError(what, where=word, fix=f"write two hyphens: --{word[found.start('name') :]}")
        if word.startswith(_QUOTES) and " " not in word:
            what = f"begins with {word[:1]}, which quotes nothing for a shell"
            raise InputError(what, where=word, fix="write straight quotes: '...' or \"...\"")
        if meant := linux_path(word):
            raise InputError("is a path of Windows", where=word, fix=f"give it as Linux has it, in WSL {meant}")


def expanded(word: str) -> str:
    """Return a word with ``~/`` as the home directory, also after ``--option=`` and ``KEY=``.

    Shells do this only where a word starts with it; ``--workdir=~/runs`` would make a folder called ``~``.
    """
    if (match := _HOME.match(word)) is None:
        return word
    return f"{match['before']}{Path.home()}{word[match.end() :]}"
