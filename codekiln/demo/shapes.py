"""Where the elements of a problem come from, and what becomes of them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

_WORDS = ("apple", "pear", "noon", "tea", "stone", "level", "rat", "otter", "eve", "sand", "tin", "oats", "kayak", "as")
_WORDS += ("rose", "moon", "tree", "nest", "ant", "radar", "lemon", "o", "green", "sets", "me", "anna", "toast", "yes")


@dataclass(frozen=True)
class Source:
    """A sequence of elements: ``clause`` loops over it, ``element`` is mapped, ``tested`` is filtered."""

    name: str
    parameters: tuple[str, ...]
    clause: str
    element: str
    phrase: str
    gives: str
    make: Callable[[random.Random, tuple], list] = field(compare=False)
    values: Callable[..., list] = field(compare=False)
    """From the arguments to the elements; with ``key``, to pairs of (key, element)."""
    key: str = ""
    tested: str = ""
    tests: str = ""
    """Type that filters see, where it is not ``gives``."""
    signed: bool = False
    imports: str = ""


@dataclass(frozen=True)
class Reduction:
    """What is made of the mapped elements: ``code`` has ``{items}`` where the generator goes."""

    name: str
    takes: str
    code: str
    phrase: str
    apply: Callable[[list], Any] = field(compare=False)
    imports: str = ""
    bare: bool = False
    """Only sensible on unmapped elements."""


def _number(rng: random.Random, near: tuple) -> int:
    numbers = [k for k in near if isinstance(k, int) and k]
    if numbers and rng.random() < 0.45:
        return rng.choice(numbers) + rng.choice((-1, 0, 0, 1, 4, 5))
    return rng.randint(-9, 20)


def _numbers(rng: random.Random, near: tuple) -> list[int]:
    return [_number(rng, near) for _ in range(rng.choice((0, 1, 3, 4, 5, 6, 7)))]


def _word(rng: random.Random, near: tuple) -> str:
    letters = [k for k in near if isinstance(k, str)]
    if letters and rng.random() < 0.3:
        return rng.choice((letters[0] + rng.choice(_WORDS), rng.choice(_WORDS) + letters[0]))
    return rng.choice(_WORDS)


def _words(rng: random.Random, near: tuple) -> list[str]:
    return [_word(rng, near) for _ in range(rng.choice((0, 1, 2, 3, 4, 5, 6)))]


def _text(rng: random.Random, near: tuple) -> str:
    return "".join(rng.choice("aabceeghimnooprsttuxyz") for _ in range(rng.choice((0, 1, 4, 6, 7, 8))))


def _scores(rng: random.Random, near: tuple) -> dict[str, int]:
    return {_word(rng, near): _number(rng, near) for _ in range(rng.choice((0, 1, 3, 4, 5)))}


def _neighbours(numbers: list[int]) -> list[int]:
    return [numbers[i + 1] - numbers[i] for i in range(len(numbers) - 1)]


def _run(best: Callable, numbers: list[int]) -> list[int]:
    return [best(numbers[: i + 1]) for i in range(len(numbers))]


def _pair(rng: random.Random, near: tuple) -> list:
    left = _numbers(rng, near)
    return [left, [_number(rng, near) for _ in left]]


def _rows(rng: random.Random, near: tuple) -> list[list[int]]:
    return [_numbers(rng, near)[:3] for _ in range(rng.choice((0, 1, 2, 3, 3)))]


def _joined(texts: list[str]) -> str:
    text = ""
    for part in texts:
        text += part
    return text


# fmt: off
SOURCES = (
    Source("numbers", ("numbers",), "for x in numbers", "x", "the numbers in numbers", "int",
           lambda r, k: [_numbers(r, k)], list, signed=True),
    Source("second", ("numbers",), "for x in numbers[::2]", "x", "the numbers at even indexes of numbers", "int",
           lambda r, k: [_numbers(r, k)], lambda v: [x for i, x in enumerate(v) if i % 2 == 0], signed=True),
    Source("upto", ("n",), "for x in range(1, n + 1)", "x", "the integers from 1 to n", "int",
           lambda r, k: [r.randint(0, 20)], lambda n: [i + 1 for i in range(n)]),
    Source("digits", ("n",), "for x in map(int, str(n))", "x", "the digits of n", "int",
           lambda r, k: [r.choice((r.randint(0, 99), r.randint(100, 99999)))],
           lambda n: ["0123456789".index(c) for c in f"{n}"]),
    Source("divisors", ("n",), "for x in range(1, n + 1) if n % x == 0", "x", "the divisors of n", "int",
           lambda r, k: [r.choice((r.randint(1, 60), 12, 24, 30, 36, 60))],
           lambda n: [d for d in range(1, n + 1) if n // d * d == n]),
    Source("values", ("scores",), "for x in scores.values()", "x", "the values of scores", "int",
           lambda r, k: [_scores(r, k)], lambda s: [s[name] for name in s], signed=True),
    Source("lengths", ("words",), "for w in words", "len(w)", "the lengths of the words", "int",
           lambda r, k: [_words(r, k)], lambda w: [sum(1 for _ in word) for word in w]),
    Source("gaps", ("numbers",), "for a, b in zip(numbers, numbers[1:])", "b - a",
           "the differences from each of numbers to the next", "int",
           lambda r, k: [_numbers(r, k)], _neighbours, signed=True),
    Source("products", ("left", "right"), "for a, b in zip(left, right)", "a * b", "the products of left and right",
           "int", _pair, lambda p, q: [p[i] * q[i] for i in range(len(p))], signed=True),
    Source("sums", ("left", "right"), "for a, b in zip(left, right)", "a + b", "the sums of left and right",
           "int", _pair, lambda p, q: [p[i] + q[i] for i in range(len(p))], signed=True),
    Source("rowsums", ("rows",), "for row in rows", "sum(row)", "the sums of the rows", "int",
           lambda r, k: [_rows(r, k)], lambda rows: [sum(row) for row in rows], signed=True),
    Source("cells", ("rows",), "for row in rows for x in row", "x", "the numbers in all rows", "int",
           lambda r, k: [_rows(r, k)], lambda rows: sum(rows, []), signed=True),
    Source("totals", ("numbers",), "for x in accumulate(numbers)", "x", "the running totals of numbers", "int",
           lambda r, k: [_numbers(r, k)], lambda v: _run(sum, v), signed=True,
           imports="from itertools import accumulate"),
    Source("peaks", ("numbers",), "for x in accumulate(numbers, max)", "x", "the running maxima of numbers", "int",
           lambda r, k: [_numbers(r, k)], lambda v: _run(max, v), signed=True,
           imports="from itertools import accumulate"),
    Source("items", ("scores",), "for name, x in scores.items()", "x", "the values in scores", "int",
           lambda r, k: [_scores(r, k)], lambda s: [(name, s[name]) for name in s], key="name", signed=True),
    Source("names", ("scores",), "for name, x in scores.items()", "name", "the names in scores with values", "str",
           lambda r, k: [_scores(r, k)], lambda s: [(s[name], name) for name in s],
           tested="x", tests="int", signed=True),
    Source("words", ("words",), "for w in words", "w", "the words", "str", lambda r, k: [_words(r, k)], list),
    Source("tokens", ("text",), "for w in text.split()", "w", "the words of text", "str",
           lambda r, k: [" ".join(_words(r, k))], lambda t: [w for w in t.split(" ") if w]),
    Source("keys", ("scores",), "for w in scores", "w", "the names in scores", "str",
           lambda r, k: [_scores(r, k)], lambda s: [*s.keys()]),
    Source("table", ("words",), "for w in words", "w", "the words", "str",
           lambda r, k: [_words(r, k)], lambda w: [(word, word) for word in w], key="w"),
    Source("letters", ("text",), "for c in text", "c", "the letters of text", "char", lambda r, k: [_text(r, k)], list),
    Source("ends", ("words",), "for w in words", "w[0]", "the first letters of the words", "char",
           lambda r, k: [_words(r, k)], lambda w: [word[:1] for word in w]),
)

REDUCTIONS = (
    Reduction("sum", "int", "sum({items})", "the sum", lambda v: sum(v)),
    Reduction("product", "int", "prod({items})", "the product", prod, "from math import prod"),
    Reduction("max", "int", "max(({items}), default=0)", "the largest (0 if none)",
              lambda v: sorted(v)[-1] if v else 0),
    Reduction("min", "int", "min(({items}), default=0)", "the smallest (0 if none)",
              lambda v: sorted(v)[0] if v else 0),
    Reduction("lastdigit", "int", "sum({items}) % 10", "the sum modulo 10", lambda v: sum(v) - sum(v) // 10 * 10),
    Reduction("twice", "int", "sum({items}) * 2", "twice the sum", lambda v: sum(v) + sum(v)),
    Reduction("rest", "int", "100 - sum({items})", "100 minus the sum", lambda v: -(sum(v) - 100)),
    Reduction("descending", "int", "sorted(({items}), reverse=True)", "the descending list", lambda v: sorted(v)[::-1]),
    Reduction("count", "any", "len([{items}])", "the number", lambda v: sum(1 for _ in v), bare=True),
    Reduction("list", "any", "[{items}]", "the list", list),
    Reduction("sorted", "any", "sorted({items})", "the sorted list", sorted),
    Reduction("reversed", "any", "[{items}][::-1]", "the reversed list", lambda v: [*reversed(v)]),
    Reduction("firsttwo", "any", "[{items}][:2]", "the first two", lambda v: [x for i, x in enumerate(v) if i < 2]),
    Reduction("distinct", "any", "len({{{items}}})", "the number of different ones", lambda v: len(dict.fromkeys(v))),
    Reduction("unique", "any", "sorted({{{items}}})", "the sorted list without repeats",
              lambda v: sorted(dict.fromkeys(v))),
    Reduction("spaced", "str", "' '.join({items})", "the text joined by spaces",
              lambda v: "".join(" " + x for x in v)[1:]),
    Reduction("dashed", "str", "'-'.join({items})", "the text joined by '-'",
              lambda v: "".join("-" + x for x in v)[1:]),
    Reduction("joined", "str", "''.join({items})", "the joined text", _joined),
    Reduction("longest", "str", "max(({items}), key=len, default='')", "the longest ('' if none)",
              lambda v: sorted(v, key=lambda x: -len(x))[0] if v else ""),
    Reduction("foremost", "str", "min(({items}), default='')", "the alphabetically first ('' if none)",
              lambda v: sorted(v)[0] if v else ""),
    Reduction("any", "bool", "any({items})", "whether any", lambda v: True in v),
    Reduction("all", "bool", "all({items})", "whether all", lambda v: False not in v),
    Reduction("none", "bool", "not any({items})", "whether none", lambda v: True not in v),
)# fmt: on
TABLE = Reduction("table", "any", "{{{items}}}", "the dictionary", lambda v: v)
