"""What a problem's own inputs have in common, and how far another input leaves it.

The contract of a problem is not written down, so it is inferred as likely invariants are (Ernst et al., 2007, "The
Daikon system for dynamic detection of likely invariants"): what holds for every input of the tests is taken to be asked
for. An input is stranger the more of it does not hold.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from codekiln.code.hardening.forms import Arguments

_SIZES = (list, tuple, set, dict, str)
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}
_Range = tuple[float, float]


class Contract:
    """What the inputs of a problem's tests have in common.

    Args:
        seeds: These inputs.
    """

    def __init__(self, seeds: Sequence[Arguments]) -> None:
        self._traits = set(itertools.chain.from_iterable(map(_traits, seeds)))
        held = [set(_relations(seed)) for seed in seeds]
        self._held = set.intersection(*held) if held else set()
        self._ranges = _ranges(itertools.chain.from_iterable(map(_sizes, seeds)))

    def strangeness(self, arguments: Arguments) -> int:
        """Return in how many ways an input is unlike those of the tests.

        Counted are traits that none of them has, relations of all of them that do not hold, and the places of numbers
        and lengths outside the range of theirs.
        """
        new = set(_traits(arguments)) - self._traits
        broken = self._held - set(_relations(arguments))
        return len(new) + len(broken) + sum(self._is_outside(*item) for item in _ranges(_sizes(arguments)).items())

    def _is_outside(self, path: str, own: _Range) -> bool:
        low, high = self._ranges.get(path, own)
        return own[0] < low or own[1] > high


def _ranges(sizes: Iterable[tuple[str, float]]) -> dict[str, _Range]:
    found: dict[str, _Range] = {}
    for path, size in sizes:
        low, high = found.get(path, (size, size))
        found[path] = min(low, size), max(high, size)
    return found


def _sizes(arguments: Arguments) -> Iterator[tuple[str, float]]:
    """Yield the numbers and lengths in an input, with their places."""
    for path, value in _places(arguments):
        if isinstance(value, _SIZES):
            yield f"len {path}", len(value)
        elif isinstance(value, int | float):
            yield path, value


def _places(arguments: Arguments) -> Iterator[tuple[str, Any]]:
    """Yield every value in an input with its place; the items of a container have one place."""
    waiting = [(str(place), value) for place, value in enumerate(arguments)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting += [(f"{path}.key", key) for key in value] + [(f"{path}.value", item) for item in value.values()]
        elif isinstance(value, list | tuple | set):
            waiting += [(f"{path}.item", item) for item in value]


def _traits(arguments: Arguments) -> Iterator[str]:
    """Yield what is particular about an input, by place: types, signs, emptiness, order, repeats, characters."""
    yield f"{len(arguments)} arguments"
    for path, value in _places(arguments):
        yield f"{path}:{type(value).__name__}"
        if isinstance(value, str):
            found = _traits_of_text(value)
        elif isinstance(value, _SIZES):
            found = _traits_of_items(list(value))
        else:
            found = _traits_of_number(value)
        yield from (f"{path}:{trait}" for trait in found)


def _traits_of_number(value: Any) -> Iterator[str]:
    if isinstance(value, int | float):
        yield "negative" if value < 0 else "positive" if value else "zero"
    if isinstance(value, float):
        yield "whole" if value.is_integer() else "fraction"


def _traits_of_text(text: str) -> Iterator[str]:
    """Yield which kinds of characters follow each other, from the start to the end."""
    kinds = ["start", *map(_kind, text), "end"]
    yield from (f"{left} {right}" for left, right in itertools.pairwise(kinds))
    if not _is_balanced(text):
        yield "unbalanced"


def _traits_of_items(items: list[Any]) -> Iterator[str]:
    if len(items) < 2:
        yield "single" if items else "empty"
        return
    if len(set(map(type, items))) > 1:
        yield "mixed"
    if len({len(item) for item in items if isinstance(item, _SIZES)}) > 1:
        yield "ragged"
    if len(set(map(repr, items))) < len(items):
        yield "repeats"
    try:
        pairs = list(itertools.pairwise(items))
        if not all(left <= right for left, right in pairs):
            yield "not ascending"
        if not all(left >= right for left, right in pairs):
            yield "not descending"
    except TypeError:
        pass


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isalpha():
        return "upper" if character.isupper() else "lower"
    return repr(character)


def _is_balanced(text: str) -> bool:
    waiting: list[str] = []
    for character in text:
        if character in _CLOSING.values():
            waiting.append(character)
        elif character in _CLOSING and (not waiting or waiting.pop() != _CLOSING[character]):
            return False
    return not waiting


def _relations(arguments: Arguments) -> Iterator[str]:
    """Yield how the arguments stand to each other (lengths, order, membership), and the extremes of their items."""
    for (left, one), (right, other) in itertools.permutations(enumerate(arguments), 2):
        if isinstance(one, _SIZES) and isinstance(other, _SIZES) and len(one) == len(other):
            yield f"len({left}) = len({right})"
        if isinstance(one, int) and isinstance(other, _SIZES):
            yield from (f"{left} {sign} len({right})" for sign in _signs(one, len(other)))
        if isinstance(one, int | float) and isinstance(other, int | float):
            yield from (f"{left} {sign} {right}" for sign in _signs(one, other))
        if isinstance(other, _SIZES) and _contains(other, one):
            yield f"{left} in {right}"
    yield from _extremes(arguments)


def _extremes(arguments: Arguments) -> Iterator[str]:
    numbers: dict[str, list[float]] = {}
    for path, value in _places(arguments):
        if ".item" in path and isinstance(value, int | float):
            numbers.setdefault(path, []).append(value)
    for path, values in numbers.items():
        yield from (f"least {path} {min(values)}", f"greatest {path} {max(values)}")
        if len(set(values)) == len(values):
            yield f"distinct {path}"
            if max(values) - min(values) == len(values) - 1:
                yield f"consecutive {path}"


def _signs(left: float, right: float) -> Iterator[str]:
    if left <= right:
        yield "<="
    if left < right:
        yield "<"
    if left == right:
        yield "="


def _contains(container: Any, value: Any) -> bool:
    try:
        return value in container
    except TypeError:
        return False
