"""What a mutation and a family of mutations are, and the decorator that makes a function a family."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from codekiln.code.mutation.references import REFERENCES
from codekiln.code.mutation.source import Source

Class = Literal["syntax", "runtime", "logical"]
CLASSES: tuple[Class, ...] = ("syntax", "runtime", "logical")


@dataclass(frozen=True)
class Mutation:
    """One error that can be put into a program: ``source[start:end]`` is replaced by ``text``.

    Args:
        kind: Family, in kebab case.
        intended: Class of error that the family aims at; ``proof`` says which one it is.
        start: Offset of the first character that is replaced.
        end: Offset after the last character that is replaced; ``start`` for an insertion.
        text: What stands there instead.
        construct: What a good explanation names, such as "the comparison ``<``".
        explanation: One sentence about this error as a teacher would write it, without a line number.
        keywords: Lower-case words, one of which an explanation of this error should use.
    """

    kind: str
    intended: Class
    start: int
    end: int
    text: str
    construct: str
    explanation: str
    keywords: tuple[str, ...]


class Edit(NamedTuple):
    """A mutation as its family yields it."""

    start: int
    end: int
    text: str
    construct: str
    explanation: str
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """A family of mutations: its name, the class it aims at, what it does in one sentence, and who reported it."""

    name: str
    intended: Class
    describe: str
    source: str


Family = Callable[[Source], Iterator[Edit]]

FAMILIES: dict[str, tuple[Kind, Family]] = {}


def family(intended: Class) -> Callable[[Family], Family]:
    """Register a function as a family: its name and docstring are the family's.

    The docstring's first sentence describes the error. Its ``Source:`` line names keys of ``REFERENCES``, separated by
    semicolons.
    """

    def register(function: Family) -> Family:
        name = function.__name__.replace("_", "-")
        text = inspect.getdoc(function) or ""
        keys = re.search(r"^Source: (.+)\.$", text, re.MULTILINE)
        source = "; ".join(REFERENCES[key] for key in keys.group(1).split("; ")) if keys else ""
        FAMILIES[name] = Kind(name, intended, text.split("\n")[0], source), function
        return function

    return register
