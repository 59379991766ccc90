"""Mutations, their kinds, and the decorator that registers a function as a family of mutations."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from codekiln.code.mutation.references import REFERENCES
from codekiln.code.mutation.source import SourceCode, Span

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


class TextEdit(NamedTuple):
    """A text edit that a family proposes, before it becomes a `Mutation`.

    Args:
        span: What is replaced.
        text: What stands there instead.
        construct: See ``Mutation``.
        explanation: See ``Mutation``.
        keywords: Keywords of this one beside those of its family.
    """

    span: Span
    text: str
    construct: str
    explanation: str
    keywords: tuple[str, ...] = ()


Edits = Iterator[TextEdit]


@dataclass(frozen=True)
class Kind:
    """A kind of error: its name, the class it aims at, what it is in one sentence, and who reported it."""

    name: str
    intended: Class
    describe: str
    source: str


def kind_of(function: Callable[..., object], intended: Class, references: Sequence[str]) -> Kind:
    """Return the kind that a function makes: called like it, and described by the first line of its docstring."""
    describe = (inspect.getdoc(function) or "").split("\n")[0]
    source = "; ".join(REFERENCES[key] for key in references)
    return Kind(function.__name__.replace("_", "-"), intended, describe, source)


Family = Callable[[SourceCode], Iterator[Mutation]]

FAMILIES: dict[str, tuple[Kind, Family]] = {}


def family(
    intended: Class, *references: str, keywords: tuple[str, ...] = ()
) -> Callable[[Callable[[SourceCode], Edits]], Family]:
    """Register a function that finds edits as a family, under its own name in kebab case.

    The first line of its docstring describes the error.

    Args:
        intended: Class of error that the family aims at.
        references: Keys of ``REFERENCES``: who reported the error.
        keywords: Words, one of which an explanation of such an error should use; an edit may add its own.
    """

    def register(find: Callable[[SourceCode], Edits]) -> Family:
        kind = kind_of(find, intended, references)

        def mutate(source: SourceCode) -> Iterator[Mutation]:
            for span, text, construct, explanation, own in find(source):
                yield Mutation(kind.name, intended, *span, text, construct, explanation, keywords + own)

        FAMILIES[kind.name] = kind, mutate
        return mutate

    return register
