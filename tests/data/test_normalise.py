import ast
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.data.normalise import MAX_DEPTH, TooDeep, fingerprint, strip
from tests.small_programs import commented, functions, other_operators, renamed

TWINS = [
    ("def f(a):\n    return a + 1", "def g(b):\n    '''Doc.'''\n    return b + 1  # why"),
    ("def f(a: int) -> int:\n    x: int = a\n    return x", "def f(a):\n    y = a\n    return y"),
    (
        "def f(xs):\n    ys = [x * 2 for x in xs]\n    return [x for x in ys]",
        "def f(a):\n    b = [c * 2 for c in a]\n    return [d for d in b]",
    ),
    (
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    g()\n    return n",
        "def f():\n    k = 0\n    def h():\n        nonlocal k\n        k += 1\n    h()\n    return k",
    ),
    ("f = lambda x, y=1: x - y", "g = lambda a, b=1: a - b"),
    (
        "try:\n    pass\nexcept ValueError as e:\n    print(e)",
        "try:\n    pass\nexcept ValueError as err:\n    print(err)",
    ),
    ("match [1]:\n    case [x, *r]:\n        print(x, r)", "match [1]:\n    case [a, *b]:\n        print(a, b)"),
    (
        "def f(a):\n    if (n := len(a)) > 1:\n        return n",
        "def f(b):\n    if (m := len(b)) > 1:\n        return m",
    ),
]

STRANGERS = [
    ("def f(a, b):\n    return a - b", "def f(a, b):\n    return b - a"),
    ("def f(a):\n    return min(a)", "def f(a):\n    return max(a)"),
    ("import math\nmath.sin(1)", "import cmath\ncmath.sin(1)"),
    ("f = lambda x, y=1: x - y", "f = lambda x, y=1: y - x"),
    # A keyword in a call ties an argument to its spelling.
    ("def f(a, b):\n    return a - b\nf(a=1, b=2)", "def f(b, a):\n    return b - a\nf(a=1, b=2)"),
    # So does access to a member of a class.
    (
        "class A:\n    def f(self):\n        return 1\n    def g(self):\n        return 2\nA().f()",
        "class A:\n    def g(self):\n        return 1\n    def f(self):\n        return 2\nA().f()",
    ),
    ("def f(xs):\n    return [x for x in xs if xs]", "def f(xs):\n    return [xs for xs in xs if xs]"),
    (
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n = 1\n    g()\n    return n",
        "def f():\n    n = 0\n    def g():\n        m = 1\n    g()\n    return n",
    ),
    ("class P:\n    x: int = 0", "class P:\n    x = 0"),
]


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_twins_share_a_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(("one", "other"), STRANGERS)
def test_programs_that_mean_something_else_do_not(one, other):
    assert fingerprint(one) != fingerprint(other)


@given(functions)
def test_fingerprint_ignores_names_and_comments_and_sees_operators(code):
    assert fingerprint(code) == fingerprint(renamed(commented(code)))
    assert fingerprint(code) != fingerprint(other_operators(code))


@given(functions)
def test_strip_is_idempotent_and_keeps_the_program(code):
    text = strip(commented(code))
    assert strip(text) == text
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(code))


def test_strip_drops_all_that_only_speaks():
    code = '"""Doc."""\nclass A:\n    """Doc."""\ndef f():\n    x = 1\n    "said in passing"\n    return x  # end\n'
    assert strip(code) == "class A:\n    pass\n\ndef f():\n    x = 1\n    return x"


def test_strip_keeps_strings_that_are_used():
    assert strip("x = '# not a comment'") == "x = '# not a comment'"


@pytest.mark.parametrize(
    "text",
    ["def f(", "Here is the code:", "x = \0", "x = '\ud800'", "if x:\n\ty\n        z", "x = 0x" + "f" * 9_000],
)
def test_what_is_not_python_is_a_syntax_error(text):
    with pytest.raises(SyntaxError):
        strip(text)


@pytest.mark.parametrize("text", ["x = " + "-" * 50_000 + "1", "x = " + "+".join("a" * (MAX_DEPTH + 5))])
def test_nesting_is_capped_and_not_a_recursion_error(text):
    for function in (strip, fingerprint):
        with pytest.raises(TooDeep):
            function(text)


def test_nesting_below_the_cap_works_from_a_deep_stack():
    code = "x = " + "+".join("a" * (MAX_DEPTH - 5))

    def descend(levels):
        return descend(levels - 1) if levels else (strip(code), fingerprint(code))

    assert descend(150)


@given(st.text(max_size=60))
@settings(max_examples=50)
def test_any_text_is_a_program_or_a_syntax_error(text):
    for function in (strip, fingerprint):
        with contextlib.suppress(SyntaxError):
            function(text)


def test_mbpp_references_keep_their_form(data_dir):
    rows = [json.loads(line)["code"] for line in (data_dir / "mbpp.jsonl").read_text(encoding="utf-8").splitlines()]
    stripped = [strip(code) for code in rows[:300]]
    assert [strip(code) for code in stripped] == stripped
    assert [fingerprint(code) for code in stripped] == [fingerprint(code) for code in rows[:300]]
