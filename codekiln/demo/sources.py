"""Sources: the parameters of a problem's function, and the elements that a loop over them yields."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from codekiln.demo.operations import Constant

_WORDS = (
    "apple", "pear", "noon", "tea", "stone", "level", "rat", "otter", "eve", "sand", "tin", "oats", "kayak", "as",
    "rose", "moon", "tree", "nest", "ant", "radar", "lemon", "o", "green", "sets", "me", "anna", "toast", "yes",
)  # fmt: skip


@dataclass(frozen=True)
class ElementSource:
    """A sequence of elements: ``clause`` loops over it, ``element`` is mapped, ``tested`` is filtered."""

    name: str
    parameters: tuple[str, ...]
    clause: str
    element: str
    phrase: str
    gives: str
    make: Callable[[random.Random, tuple[Constant, ...]], list[Any]] = field(compare=False)
    """Returns random arguments, some of them near the constants, where wrong programs show."""
    values: Callable[..., list[Any]] = field(compare=False)
    """Returns the elements for given arguments; with ``key``, pairs of (key, element)."""
    key: str = ""
    tested: str = ""
    tests: str = ""
    """Type that filters see, where it is not ``gives``."""
    signed: bool = False
    imports: str = ""


def _number(rng: random.Random, near: tuple[Constant, ...]) -> int:
    numbers = [k for k in near if isinstance(k, int) and k]
    if numbers and rng.random() < 0.45:
        return rng.choice(numbers) + rng.choice((-1, 0, 0, 1, 4, 5))
    return rng.randint(-9, 20)


def _numbers(rng: random.Random, near: tuple[Constant, ...]) -> list[int]:
    return [_number(rng, near) for _ in range(rng.choice((0, 1, 3, 4, 5, 6, 7)))]


def _word(rng: random.Random, near: tuple[Constant, ...]) -> str:
    letters = [k for k in near if isinstance(k, str)]
    if letters and rng.random() < 0.3:
        return rng.choice((letters[0] + rng.choice(_WORDS), rng.choice(_WORDS) + letters[0]))
    return rng.choice(_WORDS)


def _words(rng: random.Random, near: tuple[Constant, ...]) -> list[str]:
    return [_word(rng, near) for _ in range(rng.choice((0, 1, 2, 3, 4, 5, 6)))]


def _text(rng: random.Random, near: tuple[Constant, ...]) -> str:
    return "".join(rng.choice("aabceeghimnooprsttuxyz") for _ in range(rng.choice((0, 1, 4, 6, 7, 8))))


def _scores(rng: random.Random, near: tuple[Constant, ...]) -> dict[str, int]:
    return {_word(rng, near): _number(rng, near) for _ in range(rng.choice((0, 1, 3, 4, 5)))}


def _neighbours(numbers: list[int]) -> list[int]:
    return [numbers[i + 1] - numbers[i] for i in range(len(numbers) - 1)]


def _running(best: Callable[[list[int]], int], numbers: list[int]) -> list[int]:
    return [best(numbers[: i + 1]) for i in range(len(numbers))]


def _pair(rng: random.Random, near: tuple[Constant, ...]) -> list[Any]:
    left = _numbers(rng, near)
    return [left, [_number(rng, near) for _ in left]]


def _rows(rng: random.Random, near: tuple[Constant, ...]) -> list[list[int]]:
    return [_numbers(rng, near)[:3] for _ in range(rng.choice((0, 1, 2, 3, 3)))]


# One entry per line reads better than one argument per line.
# fmt: off
SOURCES = (
    ElementSource("numbers", ("numbers",), "for x in numbers", "x", "the numbers in numbers", "int",
                  lambda r, k: [_numbers(r, k)], list, signed=True),
    ElementSource("second", ("numbers",), "for x in numbers[::2]", "x", "the numbers at even indexes of numbers", "int",
                  lambda r, k: [_numbers(r, k)], lambda v: [x for i, x in enumerate(v) if i % 2 == 0], signed=True),
    ElementSource("upto", ("n",), "for x in range(1, n + 1)", "x", "the integers from 1 to n", "int",
                  lambda r, k: [r.randint(0, 20)], lambda n: [i + 1 for i in range(n)]),
    ElementSource("digits", ("n",), "for x in map(int, str(n))", "x", "the digits of n", "int",
                  lambda r, k: [r.choice((r.randint(0, 99), r.randint(100, 99999)))],
                  lambda n: ["0123456789".index(c) for c in f"{n}"]),
    ElementSource("divisors", ("n",), "for x in range(1, n + 1) if n % x == 0", "x", "the divisors of n", "int",
                  lambda r, k: [r.choice((r.randint(1, 60), 12, 24, 30, 36, 60))],
                  lambda n: [d for d in range(1, n + 1) if n // d * d == n]),
    ElementSource("values", ("scores",), "for x in scores.values()", "x", "the values of scores", "int",
                  lambda r, k: [_scores(r, k)], lambda s: [s[name] for name in s], signed=True),
    ElementSource("lengths", ("words",), "for w in words", "len(w)", "the lengths of the words", "int",
                  lambda r, k: [_words(r, k)], lambda w: [sum(1 for _ in word) for word in w]),
    ElementSource("gaps", ("numbers",), "for a, b in zip(numbers, numbers[1:])", "b - a",
                  "the differences from each of numbers to the next", "int",
                  lambda r, k: [_numbers(r, k)], _neighbours, signed=True),
    ElementSource("products", ("left", "right"), "for a, b in zip(left, right)", "a * b",
                  "the products of left and right",
                  "int", _pair, lambda p, q: [p[i] * q[i] for i in range(len(p))], signed=True),
    ElementSource("sums", ("left", "right"), "for a, b in zip(left, right)", "a + b", "the sums of left and right",
                  "int", _pair, lambda p, q: [p[i] + q[i] for i in range(len(p))], signed=True),
    ElementSource("rowsums", ("rows",), "for row in rows", "sum(row)", "the sums of the rows", "int",
                  lambda r, k: [_rows(r, k)], lambda rows: [sum(row) for row in rows], signed=True),
    ElementSource("cells", ("rows",), "for row in rows for x in row", "x", "the numbers in all rows", "int",
                  lambda r, k: [_rows(r, k)], lambda rows: sum(rows, []), signed=True),
    ElementSource("totals", ("numbers",), "for x in accumulate(numbers)", "x", "the running totals of numbers", "int",
                  lambda r, k: [_numbers(r, k)], lambda v: _running(sum, v), signed=True,
                  imports="from itertools import accumulate"),
    ElementSource("peaks", ("numbers",), "for x in accumulate(numbers, max)", "x", "the running maxima of numbers",
                  "int", lambda r, k: [_numbers(r, k)], lambda v: _running(max, v), signed=True,
                  imports="from itertools import accumulate"),
    ElementSource("items", ("scores",), "for name, x in scores.items()", "x", "the values in scores", "int",
                  lambda r, k: [_scores(r, k)], lambda s: [(name, s[name]) for name in s], key="name", signed=True),
    ElementSource("names", ("scores",), "for name, x in scores.items()", "name", "the names in scores with values",
                  "str", lambda r, k: [_scores(r, k)], lambda s: [(s[name], name) for name in s],
                  tested="x", tests="int", signed=True),
    ElementSource("words", ("words",), "for w in words", "w", "the words", "str", lambda r, k: [_words(r, k)], list),
    ElementSource("tokens", ("text",), "for w in text.split()", "w", "the words of text", "str",
                  lambda r, k: [" ".join(_words(r, k))], lambda t: [w for w in t.split(" ") if w]),
    ElementSource("keys", ("scores",), "for w in scores", "w", "the names in scores", "str",
                  lambda r, k: [_scores(r, k)], lambda s: [*s.keys()]),
    ElementSource("table", ("words",), "for w in words", "w", "the words", "str",
                  lambda r, k: [_words(r, k)], lambda w: [(word, word) for word in w], key="w"),
    ElementSource("letters", ("text",), "for c in text", "c", "the letters of text", "char",
                  lambda r, k: [_text(r, k)], list),
    ElementSource("ends", ("words",), "for w in words", "w[0]", "the first letters of the words", "char",
                  lambda r, k: [_words(r, k)], lambda w: [word[:1] for word in w]),
)
# fmt: on
