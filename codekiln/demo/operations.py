"""Filters and mappings of single elements: each has words for the prompt, an expression, and its meaning in Python.

In ``code``, ``x`` stands for the element and ``K`` for the operation's constant (``M`` for ``K + 4``); ``apply``
computes the same from (element, constant) in another way, so that expected values do not come from the reference
program.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Constant = int | str


@dataclass(frozen=True)
class Operation:
    """One filter or mapping of an element; ``takes`` and ``gives`` name its input and output types."""

    name: str
    takes: str
    code: str
    phrase: str
    apply: Callable[[Any, Any], Any] = field(compare=False)
    constants: tuple[Constant, ...] = (0,)
    gives: str = ""
    signed: bool = False
    """Used only where negative numbers occur."""
    unsigned: bool = False
    """Used only where no negative numbers occur."""
    short: bool = False
    """Used only where the element is a variable, because ``code`` repeats it."""
    imports: str = ""

    def expression(self, element: str, constant: Constant) -> str:
        """Return the expression for ``element``, which is inserted in parentheses."""
        upper = repr(constant + 4) if isinstance(constant, int) else ""
        return _substitute(self.code, {"x": f"({element})", "K": repr(constant), "M": upper})

    def words(self, constant: Constant) -> str:
        """Return the words for the prompt."""
        upper = str(constant + 4) if isinstance(constant, int) else ""
        return self.phrase.replace("K", repr(constant)).replace("M", upper)


def _substitute(code: str, values: dict[str, str]) -> str:
    """Replace whole identifiers only: the ``x`` of ``max`` stays."""
    return re.sub(r"\w+", lambda word: values.get(word[0], word[0]), code)


def _is_prime(x: int) -> bool:
    divisors = 0
    for candidate in range(1, x + 1):
        divisors += not x % candidate
    return divisors == 2


def _gcd(x: int, k: int) -> int:
    return next(d for d in range(k, 0, -1) if not x % d and not k % d)


SMALL = (2, 3, 4, 5, 6, 7, 8, 9)
MODULI = (3, 4, 5, 6, 7)
LETTERS = ("a", "e", "o", "r", "s", "t", "n")
LENGTHS = (2, 3, 4, 5)

# One entry per line reads better than one argument per line.
# fmt: off
INT_FILTERS = (
    Operation("even", "int", "x % 2 == 0", "even", lambda x, k: not x & 1),
    Operation("odd", "int", "x % 2 == 1", "odd", lambda x, k: bool(x & 1)),
    Operation("positive", "int", "x > 0", "positive", lambda x, k: x >= 1, signed=True),
    Operation("negative", "int", "x < 0", "negative", lambda x, k: x <= -1, signed=True),
    Operation("above", "int", "x > K", "greater than K", lambda x, k: k < x, SMALL),
    Operation("below", "int", "x < K", "less than K", lambda x, k: k > x, SMALL),
    Operation("atleast", "int", "x >= K", "at least K", lambda x, k: not x < k, SMALL),
    Operation("atmost", "int", "x <= K", "at most K", lambda x, k: not x > k, SMALL),
    Operation("multiple", "int", "x % K == 0", "divisible by K", lambda x, k: x // k * k == x, MODULI),
    Operation("indivisible", "int", "x % K != 0", "not divisible by K", lambda x, k: x // k * k != x, MODULI),
    Operation("unequal", "int", "x != K", "different from K", lambda x, k: x < k or x > k, SMALL),
    Operation("between", "int", "K <= x <= M", "between K and M", lambda x, k: x in range(k, k + 5), SMALL),
    Operation("prime", "int", "x > 1 and all(x % d for d in range(2, x))", "prime", lambda x, k: _is_prime(x),
              short=True),
)

INT_MAPS = (
    Operation("same", "int", "x", "", lambda x, k: x, gives="int"),
    Operation("square", "int", "x ** 2", "squared", lambda x, k: x * x, gives="int"),
    Operation("cube", "int", "x ** 3", "cubed", lambda x, k: x * x * x, gives="int"),
    Operation("double", "int", "x * 2", "doubled", lambda x, k: x + x, gives="int"),
    Operation("times", "int", "x * K", "multiplied by K", lambda x, k: sum([x] * k), SMALL[1:], "int"),
    Operation("plus", "int", "x + K", "increased by K", lambda x, k: x - -k, SMALL, "int"),
    Operation("minus", "int", "x - K", "decreased by K", lambda x, k: x + -k, SMALL, "int"),
    Operation("from", "int", "K - x", "subtracted from K", lambda x, k: -(x - k), SMALL, "int"),
    Operation("half", "int", "x // 2", "halved and rounded down", lambda x, k: x >> 1, gives="int"),
    Operation("modulo", "int", "x % K", "taken modulo K", lambda x, k: x - x // k * k, MODULI, "int"),
    Operation("negate", "int", "-x", "negated", lambda x, k: 0 - x, gives="int"),
    Operation("absolute", "int", "abs(x)", "without its sign", lambda x, k: max(x, -x), gives="int", signed=True),
    Operation("cap", "int", "min(x, K)", "capped at K", lambda x, k: k if x > k else x, SMALL, "int"),
    Operation("raise", "int", "max(x, K)", "raised to at least K", lambda x, k: x if x > k else k, SMALL, "int"),
    Operation("gcd", "int", "gcd(x, K)", "replaced by its greatest common divisor with K", _gcd, (4, 6, 8, 9), "int",
              imports="from math import gcd"),
    Operation("digitsum", "int", "sum(int(c) for c in str(abs(x)))", "replaced by its digit sum",
              lambda x, k: sum(map(int, str(max(x, -x)))), gives="int"),
    Operation("evenodd", "int", "x // 2 if x % 2 == 0 else x * 3", "halved if even and tripled otherwise",
              lambda x, k: 3 * x if x & 1 else x >> 1, gives="int"),
    Operation("bigdouble", "int", "x * 2 if x > K else x", "doubled if greater than K",
              lambda x, k: x + x * (x > k), SMALL, "int"),
    Operation("smallzero", "int", "0 if x < K else x", "replaced by 0 if less than K",
              lambda x, k: x * (x >= k), SMALL, "int"),
    Operation("oddnegate", "int", "-x if x % 2 == 1 else x", "negated if odd",
              lambda x, k: [x, -x][x & 1], gives="int"),
    Operation("text", "int", "str(x)", "written as text", lambda x, k: f"{x}", gives="str"),
    Operation("stars", "int", "'*' * x", "drawn as that many stars", lambda x, k: "".join("*" for _ in range(x)),
              gives="str", unsigned=True),
)

STR_FILTERS = (
    Operation("longer", "str", "len(x) > K", "longer than K letters", lambda x, k: k < len(x), LENGTHS),
    Operation("shorter", "str", "len(x) < K", "shorter than K letters", lambda x, k: k > len(x), LENGTHS[1:]),
    Operation("sized", "str", "len(x) == K", "exactly K letters long", lambda x, k: not len(x) - k, LENGTHS),
    Operation("evenlength", "str", "len(x) % 2 == 0", "of even length", lambda x, k: not len(x) & 1),
    Operation("oddlength", "str", "len(x) % 2 == 1", "of odd length", lambda x, k: bool(len(x) & 1)),
    Operation("starting", "str", "x.startswith(K)", "starting with K", lambda x, k: x[:1] == k, LETTERS),
    Operation("ending", "str", "x.endswith(K)", "ending with K", lambda x, k: x[-1:] == k, LETTERS),
    Operation("holding", "str", "K in x", "containing K", lambda x, k: x.find(k) >= 0, LETTERS),
    Operation("lacking", "str", "K not in x", "not containing K", lambda x, k: x.find(k) < 0, LETTERS),
    Operation("palindrome", "str", "x == x[::-1]", "equal to their reverse", lambda x, k: [*x] == [*reversed(x)]),
    Operation("afterwards", "str", "x > K", "after K in the alphabet", lambda x, k: not x <= k, ("g", "m", "p")),
)

STR_MAPS = (
    Operation("same", "str", "x", "", lambda x, k: x, gives="str"),
    Operation("upper", "str", "x.upper()", "in upper case", lambda x, k: "".join(c.upper() for c in x), gives="str"),
    Operation("capital", "str", "x.capitalize()", "capitalised",
              lambda x, k: x[:1].upper() + x[1:].lower(), gives="str"),
    Operation("reverse", "str", "x[::-1]", "reversed", lambda x, k: "".join(reversed(x)), gives="str"),
    Operation("first", "str", "x[0]", "cut to its first letter", lambda x, k: x[:1], gives="str"),
    Operation("last", "str", "x[-1]", "cut to its last letter", lambda x, k: x[len(x) - 1], gives="str"),
    Operation("twice", "str", "x * 2", "repeated twice", lambda x, k: f"{x}{x}", gives="str"),
    Operation("suffix", "str", "x + K", "followed by K", lambda x, k: f"{x}{k}", LETTERS, "str"),
    Operation("prefix", "str", "K + x", "preceded by K", lambda x, k: f"{k}{x}", LETTERS, "str"),
    Operation("without", "str", "x.replace(K, '')", "without every K",
              lambda x, k: "".join(c for c in x if c != k), LETTERS, "str"),
    Operation("mark", "str", "x.upper() if len(x) > K else x", "in upper case if longer than K letters",
              lambda x, k: [x, x.upper()][len(x) > k], LENGTHS, "str"),
    Operation("length", "str", "len(x)", "replaced by its length", lambda x, k: sum(1 for _ in x), gives="int"),
    Operation("lengthplus", "str", "len(x) + K", "replaced by its length plus K",
              lambda x, k: k + len([*x]), SMALL, "int"),
    Operation("lengthtimes", "str", "len(x) * K", "replaced by K times its length",
              lambda x, k: len(x * k), SMALL, "int"),
    Operation("occurrences", "str", "x.count(K)", "replaced by how often it has K",
              lambda x, k: len(x.split(k)) - 1, LETTERS, "int"),
)

CHAR_FILTERS = (
    Operation("vowel", "char", "x in 'aeiou'", "vowels", lambda x, k: "aeiou".find(x) >= 0),
    Operation("novowel", "char", "x not in 'aeiou'", "no vowels", lambda x, k: "aeiou".find(x) < 0),
    Operation("other", "char", "x != K", "different from K", lambda x, k: x < k or x > k, LETTERS),
    Operation("later", "char", "x > K", "after K in the alphabet", lambda x, k: not x <= k, ("g", "m", "p")),
    Operation("sooner", "char", "x < K", "before K in the alphabet", lambda x, k: not x >= k, ("g", "m", "p")),
    Operation("oneof", "char", "x in K", "one of the letters in K", lambda x, k: k.find(x) >= 0, ("abc", "rst", "lmn")),
)

CHAR_MAPS = (
    Operation("same", "char", "x", "", lambda x, k: x, gives="str"),
    Operation("upper", "char", "x.upper()", "in upper case", lambda x, k: chr(ord(x) - 32), gives="str"),
    Operation("twice", "char", "x * 2", "repeated twice", lambda x, k: f"{x}{x}", gives="str"),
    Operation("thrice", "char", "x * 3", "repeated three times", lambda x, k: f"{x}{x}{x}", gives="str"),
    Operation("suffix", "char", "x + K", "followed by K", lambda x, k: f"{x}{k}", ("-", ".", "*", "!"), "str"),
    Operation("place", "char", "ord(x) - 96", "replaced by its place in the alphabet",
              lambda x, k: " abcdefghijklmnopqrstuvwxyz".index(x), gives="int"),
    Operation("vowelup", "char", "x.upper() if x in 'aeiou' else x", "in upper case if it is a vowel",
              lambda x, k: x.upper() if "aeiou".count(x) else x, gives="str"),
    Operation("star", "char", "'*' if x in 'aeiou' else x", "replaced by * if it is a vowel",
              lambda x, k: "*" if "aeiou".count(x) else x, gives="str"),
)
