"""What a problem's own inputs have in common, and how far another input leaves it.

The contract of a problem is not written down, so it is inferred as likely invariants are (Ernst et al., 2007, "The Daikon
system for dynamic detection of likely invariants"): what holds for every input of the tests is taken to be asked for.
An input is stranger the more of it does not hold.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from codekiln.code.hardening.forms import Arguments

_SIZES = (list, tuple, set, dict, str)


class Contract:
    """What the inputs of a problem's tests have in common.

    Args:
        seeds: These inputs.
    """

    def __init__(self, seeds: Sequence[Arguments]) -> None:
        self._traits = set(itertools.chain.from_iterable(map(_traits, seeds)))
        relations = [set(_relations(seed)) for seed in seeds]
        self._relations = set.intersection(*relations) if relations else set()
        self._largest = _merged(map(_sizes, seeds))

    def strangeness(self, arguments: Arguments) -> int:
        """Return the number of traits that no input of the tests has, plus the relations of all that do not hold."""
        new = set(_traits(arguments)) - self._traits
        broken = self._relations - set(_relations(arguments))
        larger = [path for path, size in _sizes(arguments).items() if size > self._largest.get(path, 0)]
        return len(new) + len(broken) + len(larger)


def _merged(several: Iterator[dict[str, float]]) -> dict[str, float]:
    """Return for each place the largest number or length that is still usual: twice that of the tests, and some."""
    largest: dict[str, float] = {}
    for sizes in several:
        for path, size in sizes.items():
            largest[path] = max(largest.get(path, 0), 2 * size + 2)
    return largest


def _traits(arguments: Arguments) -> Iterator[str]:
    """Yield what is particular about an input, by place: signs, emptiness, order, repeats, kinds of characters."""
    yield f"{len(arguments)} arguments"
    for place, value in enumerate(arguments):
        yield from _traits_of(value, str(place))


def _traits_of(value: Any, path: str) -> Iterator[str]:
    yield f"{path}:{type(value).__name__}"
    if isinstance(value, int | float):
        yield f"{path}:{'negative' if value < 0 else 'positive' if value else 'zero'}"
        if type(value) is float:
            yield f"{path}:{'whole' if value == int(value) else 'fraction'}"
    elif isinstance(value, str):
        yield from (f"{path}:{kind}" for kind in set(map(_kind, value)) or {"empty"})
        if len(value) == 1:
            yield f"{path}:single"
    elif isinstance(value, _SIZES):
        yield from (f"{path}:{trait}" for trait in _traits_of_items(list(value)))
        if isinstance(value, dict):
            for key, item in value.items():
                yield from (*_traits_of(key, f"{path}.key"), *_traits_of(item, f"{path}.value"))
        else:
            for item in value:
                yield from _traits_of(item, f"{path}.item")


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


def _sizes(arguments: Arguments) -> dict[str, float]:
    found: dict[str, float] = {}
    waiting = [(str(place), value) for place, value in enumerate(arguments)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, int | float):
            found[path] = max(found.get(path, 0), abs(value))
        elif isinstance(value, _SIZES):
            found[f"len {path}"] = max(found.get(f"len {path}", 0), len(value))
            if isinstance(value, dict):
                waiting += [(f"{path}.value", item) for item in value.values()]
            elif not isinstance(value, str):
                waiting += [(f"{path}.item", item) for item in value]
    return found


def _relations(arguments: Arguments) -> Iterator[str]:
    """Yield how the arguments of one input stand to each other: lengths, order, membership."""
    for (left, one), (right, other) in itertools.permutations(enumerate(arguments), 2):
        if isinstance(one, _SIZES) and isinstance(other, _SIZES) and len(one) == len(other):
            yield f"len({left}) = len({right})"
        if isinstance(one, int) and isinstance(other, _SIZES):
            yield from (f"{left} {sign} len({right})" for sign in _signs(one, len(other)))
        if isinstance(one, int | float) and isinstance(other, int | float):
            yield from (f"{left} {sign} {right}" for sign in _signs(one, other))
        if isinstance(other, _SIZES) and _contains(other, one):
            yield f"{left} in {right}"


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
