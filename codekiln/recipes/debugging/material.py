"""What an exercise is made from: a description, a correct program, and the trials that show what the program does."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

CLASSES = ("syntax", "runtime", "logical")


@dataclass(frozen=True)
class Counts:
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
        return getattr(self, name)

    def __str__(self) -> str:
        return ", ".join(f"{self.of(name)} {name}" for name in CLASSES)


@dataclass(frozen=True)
class Material:
    """A correct program that errors can be put into.

    Attributes:
        name: Unique in its collection.
        description: The programming problem, as a learner reads it.
        program: A correct Python program for it.
        stdins: Standard inputs that it is tried on as a script; a program that reads nothing has one empty text.
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


@cache
def embedded() -> tuple[Material, ...]:
    """Return the exercises that codekiln ships, in order of their names."""
    from codekiln.recipes.debugging.source import read_content

    return tuple(read_content(Path(__file__).parent / "content", source="embedded", licence="Apache-2.0"))
