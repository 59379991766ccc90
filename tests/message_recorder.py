"""Note which messages the tests of one run caused: `tests/test_messages.py` and `docs/generate/messages.py` list all.

Each worker of pytest-xdist notes its own and hands them to the process that started it. The note is made where an error
is made: the statement of codekiln that made it, and how many lines its text has.
"""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from codekiln import errors

PACKAGE = Path(errors.__file__).parent
Place = tuple[str, int, int]


def _place(frame: FrameType) -> Place:
    """Return file, line and column of the call that ``frame`` is in; the file is relative to the package."""
    positions = frame.f_code.co_positions()
    line, _, column, _ = next(itertools.islice(positions, frame.f_lasti // 2, None))
    return frame.f_code.co_filename.removeprefix(f"{PACKAGE}{os.sep}"), line or 0, column or 0


class MessageRecorder:
    """A plug-in of pytest that notes every error of codekiln's own kinds that a test makes."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}

    def note(self, error: errors.CodekilnError, frame: FrameType | None) -> None:
        """Note the call that made ``error``; ``frame`` is that of its constructor."""
        while frame is not None and frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is error:
            frame = frame.f_back
        if frame is not None and frame.f_code.co_filename.startswith(str(PACKAGE)):
            place = _place(frame)
            self.lines[place] = max(self.lines.get(place, 0), str(error).count("\n") + 1)
