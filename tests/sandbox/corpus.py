"""The corpus of hostile programs in ``hostile/``, and the problems that they are graded on.

The first line of each is a comment with a JSON object: ``category``, ``name``, ``problem`` (a key of ``PROBLEMS``) and
``expect``: ``notpass``; ``pass`` (odd but right); ``any`` (right, but it may be refused); or ``forgeable`` (if it
passes, the verdict says that an operator of the program's own decided). ``CANARY`` in a program is the path of a file
outside its folder. A program that reaches out gives the right answer where the reach succeeds, and does no harm even
then.
"""

import json
from pathlib import Path
from typing import NamedTuple

from codekiln.data.records import CallTest, DoctestTest, Problem, StdinTest, Test, Verdict
from codekiln.sandbox import Limits

FOLDER = Path(__file__).parent / "hostile"
LIMITS = Limits(cpu_seconds=1, wall_seconds=3.0, memory_mb=256, file_mb=4, output_kb=64)
GOOD = "def f(x):\n    return x + 1\n"
_CLASS = "class Node:\n    def __init__(self, value): self.value = value\n"
_CLASS += "    def __eq__(self, other): return type(other) is Node and self.value == other.value\n"
_GUARD = "def guard():\n    expected = 3141592\n    return lambda value: value == expected\n"
_REFERENCE = "def reference(x): return x * 7"
_SESSION = ">>> f(1)\n2\n>>> f('a')\nTraceback (most recent call last):\nTypeError: a number is needed\n"
_CHECK = "def check(candidate):\n    for x, want in ((1, 7001), (2, 7002)):\n        assert candidate(x) == want\n"


class _Case(NamedTuple):
    setup: str
    tests: tuple[Test, ...]


def _case(*tests: Test, setup: str = "") -> _Case:
    return _Case(setup, tests)


PROBLEMS = {
    "add": _case("assert f(1) == 2", "assert f(41) == 42", "assert f(-1) == 0"),
    "close": _case("assert abs(f(1) - 2.5) < 1e-6"),
    "isclose": _case("assert math.isclose(f(1), 2.5, rel_tol=1e-6)", setup="import math"),
    "truthy": _case("assert f(1)", "assert f(2)"),
    "truth_equal": _case("assert f(1) == True"),
    "different": _case("assert f(1) != 2"),
    "between": _case("assert 1 < f(1) < 3"),
    "member": _case("assert f(1) in (2, 3)"),
    "only_instance": _case("assert isinstance(f(1), list)"),
    "two_results": _case("assert f(1) == f(2)"),
    "text": _case("assert f(1) == 'abc'"),
    "bytes": _case("assert f(1) == b'abc'"),
    "list": _case("assert f(1) == [1, 2, 3]"),
    "tuple": _case("assert f(1) == (1, 2)"),
    "dict": _case("assert f(1) == {'a': 1}"),
    "set": _case("assert f(1) == {1, 2, 3}"),
    "set_of": _case("assert set(f(1)) == {1, 2, 3}", "assert f(1) == [1, 2, 3]"),
    "sorted": _case("assert sorted(f(1)) == [1, 2, 3]"),
    "listed": _case("assert list(f(3)) == [0, 1, 2]"),
    "length": _case("assert len(f(1)) == 3", "assert f(1) == [1, 2, 3]"),
    "sum": _case("assert sum(f(1)) == 6", "assert f(1) == [1, 2, 3]"),
    "type": _case("assert type(f(1)) is int and f(1) == 2"),
    "instance": _case("assert isinstance(f(1), list) and f(1) == [1, 2, 3]"),
    "complex": _case("assert f(1) == 1 + 2j"),
    "fraction": _case("assert f(1) == Fraction(1, 2)", setup="from fractions import Fraction"),
    "decimal": _case("assert f(1) == Decimal('1.5')", setup="from decimal import Decimal"),
    "date": _case("assert f(1) == datetime.date(2020, 1, 1)", setup="import datetime"),
    "counter": _case("assert f('aab') == Counter('aab')", setup="from collections import Counter"),
    "ordered": _case("assert f(1) == OrderedDict(a=1, b=2)", setup="from collections import OrderedDict"),
    "secret": _case("assert f(1) == 918273"),
    "secret_twice": _case("assert f(1) == 918273", "assert f(1) == 918273"),
    "loop": _case("for x, want in ((1, 3), (2, 5), (3, 7)):\n    assert f(x) == want"),
    "zip": _case("for got, want in zip(map(f, [1, 2]), [2, 3]):\n    assert got == want", "assert f(4) == 5"),
    "all": _case("assert all(f(x) == x + 1 for x in range(5))"),
    "guarded": _case("got = None\ntry:\n    got = f(1)\nexcept Exception:\n    pass\nassert got == 2"),
    "raises": _case("assert f(1) == 2", "try:\n    f(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False"),
    "mutate": _case("a = [3, 1, 2]\nf(a)\nassert a == [1, 2, 3]"),
    "callback": _case("assert f(guard()) == 3141592", setup=_GUARD),
    "apply": _case("assert f(lambda g: g(20) + 2) == 42"),
    "reference": _case("assert f(1) == reference(1)", "assert f(2) == reference(2)", setup=_REFERENCE),
    "expected": _case("assert f(1) == expected", setup="expected = [7001, 7002, 7003]"),
    "check": _case(_CHECK + "check(f)"),
    "own_class": _case("assert f(1) == Node(3)", setup=_CLASS),
    "stack": _case("s = Stack()\ns.push(1)\ns.push(2)\nassert len(s) == 2\nassert s.pop() == 2\nassert s.pop() == 1"),
    "doctest": _case(DoctestTest(doctest=_SESSION)),
    "script": _case(StdinTest(stdin="2\n", stdout="4"), StdinTest(stdin="5", stdout="10")),
    "call": _case(CallTest(call=[1, [2]], expect={"a": [1, [2]]})),
}  # fmt: skip


class Program(NamedTuple):
    name: str
    problem: str
    expect: str
    text: str

    def is_deserved(self, verdict: Verdict) -> bool:
        """Return whether the verdict is one that this program deserves."""
        if self.expect == "forgeable":
            return verdict.forgeable > 0 or not verdict.passed
        return self.expect == "any" or verdict.passed == (self.expect == "pass")


def _read(path: Path) -> Program:
    # Bytes, because some programs are about line ends and characters that cannot be encoded.
    text = path.read_bytes().decode("utf-8", "surrogatepass")
    header = json.loads(text.partition("\n")[0].removeprefix("# "))
    return Program(path.stem, header["problem"], header["expect"], text.partition("\n")[2])


PROGRAMS = [_read(path) for path in sorted(FOLDER.glob("*.py"))]


def problem_of(name: str, task: str) -> Problem:
    case = PROBLEMS[name]
    entry_point = "Stack" if name == "stack" else "f"
    return Problem(task_id=task, prompt="", entry_point=entry_point, setup=case.setup, tests=case.tests)
