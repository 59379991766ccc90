"""The detail of a failed test says which line failed, and what it got."""

from collections.abc import Callable

import pytest

from codekiln.data.records import Verdict

PROGRAM = """
class P:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
    def __repr__(self): return f'P({self.x})'
class Silent:
    def __repr__(self): raise ValueError('no')
def f(x): return x + 1
def same(x): return x
"""


@pytest.mark.parametrize(
    ("test", "detail"),
    [
        ("for x, want in [(1, 2), (2, 4)]:\n    assert f(x) == want",
         "line 2: assert f(x) == want: got 3, not 4 (where want = 4, x = 2)"),
        ("a = f(1)\nassert a == 3, 'one more'",
         "line 2: assert a == 3, 'one more': one more: got 2, not 3 (where a = 2)"),
        ("for i in range(3):\n    assert f(i) is None", "1 is None does not hold (where i = 0)"),
        ("def check(candidate):\n    assert candidate(1) == 2\n    assert candidate(2) == 2\ncheck(f)",
         "line 3: assert candidate(2) == 2: got 3, not 2"),
        ("def check(candidate):\n    assert not candidate(1)\ncheck(f)", "line 2: assert not candidate(1): got 2"),
        ("x = f(1)\nassert 5 in [x]", "line 2: assert 5 in [x]: 5 in [2] does not hold (where x = 2)"),
        ("a = P(1)\nassert a == P(2)", "line 2: assert a == P(2): got P(1), not P(2)"),
        ("a = P(1)\nassert a == 1", "no operator of the program's P decides about a plain value"),
        ("a = Silent()\nassert not a", "line 2: assert not a: got <Silent object>"),
        ("x = 1\nf('a')", "line 2: f('a'): TypeError: can only concatenate str"),
        ("x = same('a' * 70 + 'b')\nassert x == 'a' * 70 + 'c'", "they differ at 70: 'b', not 'c'"),
        ("x = same([1] * 70)\nassert x == [1] * 71", "lengths 70 and 71"),
        ("import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(1), 3)\n"
         "r = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T))\n"
         "assert r.wasSuccessful()", "AssertionError: 2 != 3"),
    ],
)  # fmt: skip
def test_details(grade: Callable[..., Verdict], test: str, detail: str) -> None:
    verdict = grade(PROGRAM, test, entry_point=None)
    assert not verdict.passed
    assert detail in verdict.detail


def test_what_an_assert_evaluates_and_when_stays_the_same(grade: Callable[..., Verdict]) -> None:
    test = """
seen = []
def note(x):
    seen.append(x)
    return f(x)
assert note(1) == note(1) and not note(-1) or note(5)
assert (note(2) if note(-1) else note(3)) == 4
assert 0 < note(4) < 9
assert seen == [1, 1, -1, -1, 3, 4]
"""
    assert grade(PROGRAM, test, entry_point=None).passed


def test_what_the_setup_keeps_is_said(grade: Callable[..., Verdict]) -> None:
    verdict = grade("def f(x): return x + OFFSET", "assert f(1) == 3", setup="OFFSET = 2")
    assert "the setup's functions and values stay with the tests" in verdict.detail
