"""The words of a command as they were meant."""

import re
from pathlib import Path

_HOME = re.compile(r"(?P<before>(?:--[\w-]+=)?(?:[\w.@+-]+=)?)~(?=/|$)")


def expanded(word: str) -> str:
    """Return a word with ``~/`` as the home directory, also after ``--option=`` and ``KEY=``.

    Shells do this only where a word starts with it; ``--workdir=~/runs`` would make a folder called ``~``.
    """
    if (match := _HOME.match(word)) is None:
        return word
    return f"{match['before']}{Path.home()}{word[match.end() :]}"
