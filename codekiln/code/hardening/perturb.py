"""Inputs close to given ones: of the same types, with one or two values changed, or with arguments of several calls.

Strings and numbers that the reference compares with are put in as well: mutants differ near the boundaries that these
constants mark.
"""

import ast
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

from codekiln.code.hardening.forms import Arguments
from codekiln.data.python_text import syntax_tree

_MOST_CONSTANTS = 8
_LONGEST_TEXT = 12
_MIXED, _TWICE = 60, 120
"""Inputs that mix the arguments of several calls, and inputs with two changes, before repeats are dropped."""


class Constants:
    """The numbers and strings of a program, in order of appearance, numbers with both neighbours."""

    def __init__(self, code: str) -> None:
        numbers: dict[int, None] = {}
        texts: dict[str, None] = {}
        for node in ast.walk(syntax_tree(code)):
            value = node.value if isinstance(node, ast.Constant) else None
            if type(value) is int and abs(value) < 10**6:
                numbers |= dict.fromkeys((value, value + 1, value - 1))
            elif isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT:
                texts[value] = None
        self.numbers = list(numbers)[: 3 * _MOST_CONSTANTS]
        self.texts = list(texts)[:_MOST_CONSTANTS]


def inputs_near(seeds: Sequence[Arguments], reference: str, rng: random.Random) -> list[Arguments]:
    """Return inputs derived from ``seeds``, each once and none of them a seed, those with fewer changes first."""
    near = _Near(Constants(reference))
    found = {repr(seed): seed for seed in seeds}
    given = len(found)
    for arguments in itertools.chain(_once(seeds, near), _mixed(seeds, rng), _twice(seeds, near, rng)):
        found.setdefault(repr(arguments), arguments)
    return list(found.values())[given:]


def _once(seeds: Sequence[Arguments], near: "_Near") -> Iterator[Arguments]:
    for seed in seeds:
        for place, value in enumerate(seed):
            yield from (_with(seed, place, other) for other in near.values(value))


def _mixed(seeds: Sequence[Arguments], rng: random.Random) -> Iterator[Arguments]:
    """Yield inputs whose arguments come from different calls."""
    sizes = {len(seed) for seed in seeds}
    for size in sorted(sizes - {0, 1}):
        columns = list(zip(*(seed for seed in seeds if len(seed) == size), strict=True))
        for _ in range(_MIXED):
            yield tuple(rng.choice(column) for column in columns)


def _twice(seeds: Sequence[Arguments], near: "_Near", rng: random.Random) -> Iterator[Arguments]:
    """Yield inputs with two changes, in one argument or in two."""
    usable = [seed for seed in seeds if seed]
    for _ in range(_TWICE if usable else 0):
        changed = rng.choice(usable)
        for _ in range(2):
            place = rng.randrange(len(changed))
            if others := list(near.values(changed[place])):
                changed = _with(changed, place, rng.choice(others))
        yield changed


def _with(arguments: Arguments, place: int, value: Any) -> Arguments:
    return (*arguments[:place], value, *arguments[place + 1 :])


class _Near:
    """Values near a value, of its type, the nearest first."""

    def __init__(self, constants: Constants) -> None:
        self._constants = constants

    def values(self, value: Any) -> Iterator[Any]:
        kind = type(value)
        if kind is bool:
            yield not value
        elif kind is int:
            yield from (value + 1, value - 1, value + 2, value * 2, value // 2, 1, 0, 2, -value)
            yield from self._constants.numbers
            yield value * 10 + 7
        elif kind is float:
            yield from (value + 1, value - 1, value + 0.5, value * 2, value / 2, -value, 0.0, value * 100)
        elif kind is str:
            yield from self._texts(value)
        elif kind in (list, tuple):
            yield from map(kind, self._sequences(list(value)))
        elif kind is set:
            yield from map(set, self._sequences(sorted(value, key=repr)))
        elif kind is dict:
            yield from map(dict, self._pairs(list(value.items())))

    def _texts(self, text: str) -> Iterator[str]:
        if text:
            yield from (text[:-1], text[1:], text[::-1], text + text[-1], text[0] + text, text[1:] + text[:1])
            yield from (text.swapcase(), text.upper(), text.lower(), "".join(sorted(text)), text[: len(text) // 2])
            yield from (text[0], text[0] * len(text), text + text)
        for other in self._constants.texts:
            yield from (text + other, other + text, text[: len(text) // 2] + other + text[len(text) // 2 :], other)
        yield from (f"{text} ", f" {text}", text.replace(" ", ""), "a", "")

    def _sequences(self, items: list[Any]) -> Iterator[list[Any]]:
        if items:
            yield from (items[:-1], items[1:], items[::-1], _sorted(items), _sorted(items)[::-1])
            yield from (items[1:] + items[:1], items + items[-1:], items[:1] + items, items + items[:1])
            for place in sorted({0, len(items) // 2, len(items) - 1}):
                for other in itertools.islice(self.values(items[place]), 14):
                    yield [*items[:place], other, *items[place + 1 :]]
            yield from (items[: len(items) // 2], items[:1], items[:2], items[:1] * len(items), items + items)
        yield []

    def _pairs(self, items: list[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
        if items:
            yield from (items[:-1], items[1:], items[::-1], items[:1])
            for place in sorted({0, len(items) - 1}):
                key, value = items[place]
                rest = items[:place], items[place + 1 :]
                yield from ([*rest[0], (key, other), *rest[1]] for other in itertools.islice(self.values(value), 12))
                yield from ([*rest[0], (other, value), *rest[1]] for other in itertools.islice(self.values(key), 6))
        yield []


def _sorted(items: list[Any]) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:
        return items
