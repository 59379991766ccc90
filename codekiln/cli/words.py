"""The words of a command as they were meant."""

import re
from pathlib import Path
from typing import Any

import click

_HOME = re.compile(r"(?P<before>(?:--[\w-]+=)?(?:[\w.@+-]+=)?)~(?=/|$)")


class PathType(click.Path):
    """A path that is not empty: an empty one is a variable that is not set, and would be the working directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or end with a message of one line."""
        if value == "":
            self.fail("the path is empty: is the variable that holds it set?", param, ctx)
        return super().convert(value, param, ctx)


def expanded(word: str) -> str:
    """Return a word with ``~/`` as the home directory, also after ``--option=`` and ``KEY=``.

    Shells do this only where a word starts with it; ``--workdir=~/runs`` would make a folder called ``~``.
    """
    if (match := _HOME.match(word)) is None:
        return word
    return f"{match['before']}{Path.home()}{word[match.end() :]}"
