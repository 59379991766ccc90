"""What an exercise is made from: a description, a correct program, and the trials that show what the program does."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codekiln.code.mutation.kinds import CLASSES
from codekiln.code.mutation.proof import Trials
from codekiln.data.text import decoded

__all__ = ["CLASSES", "ErrorCounts", "ExerciseMaterial", "InjectionTask", "ReplyForm", "text_of", "trials_of"]

ReplyForm = Literal["program", "edits"]
"""How a reply gives the program with errors: whole (`tags`), or as an edit script (`edit_replies`)."""


RANDOM_SEED = 0
"""Seed of ``random`` in every run: a program that draws numbers does the same each time."""


@dataclass(frozen=True)
class ErrorCounts:
    """How many errors of each class are asked for."""

    syntax: int = 0
    runtime: int = 0
    logical: int = 0

    @property
    def total(self) -> int:
        """All errors."""
        return self.syntax + self.runtime + self.logical

    @property
    def mix(self) -> str:
        """The classes that are asked for, as in ``syntax+logical``."""
        return "+".join(name for name in CLASSES if self.of(name))

    def of(self, name: str) -> int:
        """Return the count of one class."""
        return {"syntax": self.syntax, "runtime": self.runtime, "logical": self.logical}[name]

    def __str__(self) -> str:
        return ", ".join(f"{self.of(name)} {name}" for name in CLASSES)


@dataclass(frozen=True)
class ExerciseMaterial:
    """A correct program that errors can be put into.

    Attributes:
        name: Unique among the exercises of a run.
        description: The programming problem, as a learner reads it.
        program: A correct Python program for it.
        stdins: Standard inputs of its runs as a script; a program that reads nothing has one empty text.
        calls: Expressions that are evaluated after the program has been loaded, for programs that are functions.
        source: Where it comes from: ``embedded``, or a file.
        licence: Of the program and its description, where known.
    """

    name: str
    description: str
    program: str
    stdins: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""

    @property
    def trials(self) -> Trials:
        """What the program, and every change of it, is run on."""
        return trials_of(self.stdins, self.calls)


def trials_of(stdins: Iterable[str], calls: Iterable[str]) -> Trials:
    """Return the trials of a program; random numbers are the same in each of them."""
    return Trials(calls=tuple(calls), stdins=tuple(stdins), random_seed=RANDOM_SEED)


@dataclass(frozen=True)
class InjectionTask:
    """A correct program, the errors to put into it, and the trials and the form that replies are graded by."""

    program: str
    counts: ErrorCounts
    trials: Trials
    reply_form: ReplyForm = "program"


def text_of(path: Path) -> str:
    """Return the text of a file; raises ValueError where it is not UTF-8."""
    try:
        return decoded(path.read_bytes())
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8 text: {error.reason}") from None
