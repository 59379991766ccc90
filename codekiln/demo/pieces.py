"""What the task family is made of: each piece has words for the prompt, an expression, and its meaning in Python.

In ``code``, ``x`` stands for the element and ``K`` for the piece's constant (``M`` for ``K + 4``); ``apply`` computes
the same from (element, constant) without that text, so that expected values do not come from the reference program.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Constant = int | str


@dataclass(frozen=True)
class Piece:
    """One filter or mapping: ``takes`` and ``gives`` name the types it connects."""

    name: str
    takes: str
    code: str
    phrase: str
    apply: Callable[[Any, Any], Any] = field(compare=False)
    constants: tuple[Constant, ...] = (0,)
    gives: str = ""
    signed: bool = False
    """Only sensible where negative numbers occur."""
    unsigned: bool = False
    """Only sensible where they do not."""
    short: bool = False
    """Only sensible where the element is a name, because ``code`` repeats it."""
    imports: str = ""

    def write(self, element: str, constant: Constant) -> str:
        """Return the expression for ``element``, which is inserted in parentheses."""
        upper = repr(constant + 4) if isinstance(constant, int) else ""
        swaps = {"x": f"({element})", "K": repr(constant), "M": upper}
        return _substitute(self.code, swaps)

    def say(self, constant: Constant) -> str:
        """Return the words for the prompt."""
        upper = str(constant + 4) if isinstance(constant, int) else ""
        return self.phrase.replace("K", repr(constant)).replace("M", upper)


def _substitute(code: str, swaps: dict[str, str]) -> str:
    parts, word = [], ""
    for char in code + "\n":
        if char.isalnum() or char == "_":
            word += char
            continue
        parts += [swaps.get(word, word), char]
        word = ""
    return "".join(parts)[:-1]


def _prime(x: int) -> bool:
    divisors = 0
    for candidate in range(1, x + 1):
        divisors += not x % candidate
    return divisors == 2


def _common(x: int, k: int) -> int:
    return next(d for d in range(k, 0, -1) if not x % d and not k % d)


SMALL = (2, 3, 4, 5, 6, 7, 8, 9)
MODULI = (3, 4, 5, 6, 7)
LETTERS = ("a", "e", "o", "r", "s", "t", "n")
LENGTHS = (2, 3, 4, 5)

# fmt: off
INT_FILTERS = (
    Piece("even", "int", "x % 2 == 0", "even", lambda x, k: not x & 1),
    Piece("odd", "int", "x % 2 == 1", "odd", lambda x, k: bool(x & 1)),
    Piece("positive", "int", "x > 0", "positive", lambda x, k: x >= 1, signed=True),
    Piece("negative", "int", "x < 0", "negative", lambda x, k: x <= -1, signed=True),
    Piece("above", "int", "x > K", "greater than K", lambda x, k: k < x, SMALL),
    Piece("below", "int", "x < K", "less than K", lambda x, k: k > x, SMALL),
    Piece("atleast", "int", "x >= K", "at least K", lambda x, k: not x < k, SMALL),
    Piece("atmost", "int", "x <= K", "at most K", lambda x, k: not x > k, SMALL),
    Piece("multiple", "int", "x % K == 0", "divisible by K", lambda x, k: x // k * k == x, MODULI),
    Piece("indivisible", "int", "x % K != 0", "not divisible by K", lambda x, k: x // k * k != x, MODULI),
    Piece("unequal", "int", "x != K", "different from K", lambda x, k: x < k or x > k, SMALL),
    Piece("between", "int", "K <= x <= M", "between K and M", lambda x, k: x in range(k, k + 5), SMALL),
    Piece("prime", "int", "x > 1 and all(x % d for d in range(2, x))", "prime", lambda x, k: _prime(x),
          short=True),
)

INT_MAPS = (
    Piece("same", "int", "x", "", lambda x, k: x, gives="int"),
    Piece("square", "int", "x ** 2", "squared", lambda x, k: x * x, gives="int"),
    Piece("cube", "int", "x ** 3", "cubed", lambda x, k: x * x * x, gives="int"),
    Piece("double", "int", "x * 2", "doubled", lambda x, k: x + x, gives="int"),
    Piece("times", "int", "x * K", "multiplied by K", lambda x, k: sum([x] * k), SMALL[1:], "int"),
    Piece("plus", "int", "x + K", "increased by K", lambda x, k: x - -k, SMALL, "int"),
    Piece("minus", "int", "x - K", "decreased by K", lambda x, k: x + -k, SMALL, "int"),
    Piece("from", "int", "K - x", "subtracted from K", lambda x, k: -(x - k), SMALL, "int"),
    Piece("half", "int", "x // 2", "halved and rounded down", lambda x, k: x >> 1, gives="int"),
    Piece("modulo", "int", "x % K", "taken modulo K", lambda x, k: x - x // k * k, MODULI, "int"),
    Piece("negate", "int", "-x", "negated", lambda x, k: 0 - x, gives="int"),
    Piece("absolute", "int", "abs(x)", "without its sign", lambda x, k: max(x, -x), gives="int", signed=True),
    Piece("cap", "int", "min(x, K)", "capped at K", lambda x, k: k if x > k else x, SMALL, "int"),
    Piece("raise", "int", "max(x, K)", "raised to at least K", lambda x, k: x if x > k else k, SMALL, "int"),
    Piece("gcd", "int", "gcd(x, K)", "replaced by its greatest common divisor with K", _common, (4, 6, 8, 9), "int",
          imports="from math import gcd"),
    Piece("digitsum", "int", "sum(int(c) for c in str(abs(x)))", "replaced by its digit sum",
          lambda x, k: sum(map(int, str(max(x, -x)))), gives="int"),
    Piece("evenodd", "int", "x // 2 if x % 2 == 0 else x * 3", "halved if even and tripled otherwise",
          lambda x, k: 3 * x if x & 1 else x >> 1, gives="int"),
    Piece("bigdouble", "int", "x * 2 if x > K else x", "doubled if greater than K",
          lambda x, k: x + x * (x > k), SMALL, "int"),
    Piece("smallzero", "int", "0 if x < K else x", "replaced by 0 if less than K",
          lambda x, k: x * (x >= k), SMALL, "int"),
    Piece("oddnegate", "int", "-x if x % 2 == 1 else x", "negated if odd", lambda x, k: [x, -x][x & 1], gives="int"),
    Piece("text", "int", "str(x)", "written as text", lambda x, k: f"{x}", gives="str"),
    Piece("stars", "int", "'*' * x", "drawn as that many stars", lambda x, k: "".join("*" for _ in range(x)),
          gives="str", unsigned=True),
)

STR_FILTERS = (
    Piece("longer", "str", "len(x) > K", "longer than K letters", lambda x, k: k < len(x), LENGTHS),
    Piece("shorter", "str", "len(x) < K", "shorter than K letters", lambda x, k: k > len(x), LENGTHS[1:]),
    Piece("sized", "str", "len(x) == K", "exactly K letters long", lambda x, k: not len(x) - k, LENGTHS),
    Piece("evenlength", "str", "len(x) % 2 == 0", "of even length", lambda x, k: not len(x) & 1),
    Piece("oddlength", "str", "len(x) % 2 == 1", "of odd length", lambda x, k: bool(len(x) & 1)),
    Piece("starting", "str", "x.startswith(K)", "starting with K", lambda x, k: x[:1] == k, LETTERS),
    Piece("ending", "str", "x.endswith(K)", "ending with K", lambda x, k: x[-1:] == k, LETTERS),
    Piece("holding", "str", "K in x", "containing K", lambda x, k: x.find(k) >= 0, LETTERS),
    Piece("lacking", "str", "K not in x", "not containing K", lambda x, k: x.find(k) < 0, LETTERS),
    Piece("palindrome", "str", "x == x[::-1]", "equal to their reverse", lambda x, k: [*x] == [*reversed(x)]),
    Piece("afterwards", "str", "x > K", "after K in the alphabet", lambda x, k: not x <= k, ("g", "m", "p")),
)

STR_MAPS = (
    Piece("same", "str", "x", "", lambda x, k: x, gives="str"),
    Piece("upper", "str", "x.upper()", "in upper case", lambda x, k: "".join(c.upper() for c in x), gives="str"),
    Piece("capital", "str", "x.capitalize()", "capitalised", lambda x, k: x[:1].upper() + x[1:].lower(), gives="str"),
    Piece("reverse", "str", "x[::-1]", "reversed", lambda x, k: "".join(reversed(x)), gives="str"),
    Piece("first", "str", "x[0]", "cut to its first letter", lambda x, k: x[:1], gives="str"),
    Piece("last", "str", "x[-1]", "cut to its last letter", lambda x, k: x[len(x) - 1], gives="str"),
    Piece("twice", "str", "x * 2", "repeated twice", lambda x, k: f"{x}{x}", gives="str"),
    Piece("suffix", "str", "x + K", "followed by K", lambda x, k: f"{x}{k}", LETTERS, "str"),
    Piece("prefix", "str", "K + x", "preceded by K", lambda x, k: f"{k}{x}", LETTERS, "str"),
    Piece("without", "str", "x.replace(K, '')", "without every K",
          lambda x, k: "".join(c for c in x if c != k), LETTERS, "str"),
    Piece("mark", "str", "x.upper() if len(x) > K else x", "in upper case if longer than K letters",
          lambda x, k: [x, x.upper()][len(x) > k], LENGTHS, "str"),
    Piece("length", "str", "len(x)", "replaced by its length", lambda x, k: sum(1 for _ in x), gives="int"),
    Piece("lengthplus", "str", "len(x) + K", "replaced by its length plus K", lambda x, k: k + len([*x]), SMALL, "int"),
    Piece("lengthtimes", "str", "len(x) * K", "replaced by K times its length", lambda x, k: len(x * k), SMALL, "int"),
    Piece("occurrences", "str", "x.count(K)", "replaced by how often it has K",
          lambda x, k: len(x.split(k)) - 1, LETTERS, "int"),
)

CHAR_FILTERS = (
    Piece("vowel", "char", "x in 'aeiou'", "vowels", lambda x, k: "aeiou".find(x) >= 0),
    Piece("novowel", "char", "x not in 'aeiou'", "no vowels", lambda x, k: "aeiou".find(x) < 0),
    Piece("other", "char", "x != K", "different from K", lambda x, k: x < k or x > k, LETTERS),
    Piece("later", "char", "x > K", "after K in the alphabet", lambda x, k: not x <= k, ("g", "m", "p")),
    Piece("sooner", "char", "x < K", "before K in the alphabet", lambda x, k: not x >= k, ("g", "m", "p")),
    Piece("oneof", "char", "x in K", "one of the letters in K", lambda x, k: k.find(x) >= 0, ("abc", "rst", "lmn")),
)

CHAR_MAPS = (
    Piece("same", "char", "x", "", lambda x, k: x, gives="str"),
    Piece("upper", "char", "x.upper()", "in upper case", lambda x, k: chr(ord(x) - 32), gives="str"),
    Piece("twice", "char", "x * 2", "repeated twice", lambda x, k: f"{x}{x}", gives="str"),
    Piece("thrice", "char", "x * 3", "repeated three times", lambda x, k: f"{x}{x}{x}", gives="str"),
    Piece("suffix", "char", "x + K", "followed by K", lambda x, k: f"{x}{k}", ("-", ".", "*", "!"), "str"),
    Piece("place", "char", "ord(x) - 96", "replaced by its place in the alphabet",
          lambda x, k: " abcdefghijklmnopqrstuvwxyz".index(x), gives="int"),
    Piece("vowelup", "char", "x.upper() if x in 'aeiou' else x", "in upper case if it is a vowel",
          lambda x, k: x.upper() if "aeiou".count(x) else x, gives="str"),
    Piece("star", "char", "'*' if x in 'aeiou' else x", "replaced by * if it is a vowel",
          lambda x, k: "*" if "aeiou".count(x) else x, gives="str"),
)
