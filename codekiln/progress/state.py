"""How far some work is, and who can look at it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class State:
    """How far some work is.

    Attributes:
        label: What is being done, as the user knows it.
        done: Units that are done.
        total: How many there are in all; None where nobody knows.
        unit: What is counted, in the plural.
        seconds: Since the beginning.
        before: Units that were done before it began.
        is_over: Whether the work has ended.
    """

    label: str
    done: int
    total: int | None
    unit: str
    seconds: float
    before: int = 0
    is_over: bool = False

    @property
    def line(self) -> str:
        """The state in words."""
        counted = str(self.done) if self.total is None else f"{self.done}/{self.total}"
        if self.is_over:
            return f"{self.label}: {counted} {self.unit} in {self.seconds:.1f} s"
        if self.total is None:
            return f"{self.label}: {counted} {self.unit}"
        left = self.seconds / max(self.done - self.before, 1) * (self.total - self.done)
        return f"{self.label}: {counted} {self.unit} ({self.done / self.total:.0%}), about {left:.0f} s left"


Show = Callable[[State], None]


def is_live(stream: TextIO) -> bool:
    """Return whether lines can be drawn over in a stream: a terminal that knows how."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
