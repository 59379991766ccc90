"""HumanEval's ``test`` field: what is split off, what is kept around it, and that it means the same as before."""

import json
from pathlib import Path
from typing import Any

import pytest

from codekiln.data.readers import read_problems
from codekiln.data.records import Problem
from codekiln.errors import InputErrors

RIGHT, WRONG = "def f(a, b):\n    return a + b\n", "def f(a, b):\n    return a - b\n"


def read(tmp_path: Path, test: str) -> Problem:
    row = {
        "task_id": "T/0", "prompt": 'def f(a, b):\n    """Add."""\n', "entry_point": "f",
        "canonical_solution": "    return a + b\n", "test": test,
    }  # fmt: skip
    path = tmp_path / "he.jsonl"
    path.write_text(json.dumps(row) + "\n")
    return read_problems(str(path))[0]


def passes(problem: Problem, program: str) -> bool:
    """Run the tests in plain Python, in the order program, setup, tests, as the sandbox does."""
    names: dict[str, Any] = {}
    try:
        for source in (program, problem.setup, *problem.tests):
            exec(source, names)  # noqa: S102
    except AssertionError:
        return False
    return True


AROUND = {
    "helper loop": (
        "def assertion(out, exp):\n    assert out == exp\n\ndef check(candidate):\n    inputs = [[1, 2], [3, 4]]\n"
        "    results = [3, 7]\n    for one, two in zip(inputs, results):\n        assertion(candidate(*one), two)\n"
    ),
    "helper of a helper": (
        "def near(a):\n    return abs(a) < LIMIT\n\ndef same(a, b):\n    return near(a - b)\n\nLIMIT = 1e-6\n"
        "def check(candidate):\n    assert same(candidate(1, 2), 3)\n"
    ),
    "import": "import math\n\ndef check(candidate):\n    assert math.isclose(candidate(1, 2), 3)\n",
    "import of a submodule": (
        "import os.path\nimport math as m\n\ndef check(candidate):\n    assert os.path.join('a', 'b') == 'a/b'\n"
        "    assert m.fabs(candidate(1, 3)) == 4\n"
    ),
    "star import": "from math import *\n\ndef check(candidate):\n    assert fabs(candidate(1, 3)) == 4\n",
    "constant": "CASES = [((1, 2), 3)]\n\ndef check(candidate):\n    for x, y in CASES: assert candidate(*x) == y\n",
    "constant changed by a statement": (
        "CASES = {}\nCASES[1, 2] = 3\nfor i in range(3):\n    CASES[i, i] = 2 * i\n\n"
        "def check(candidate):\n    for x, y in CASES.items():\n        assert candidate(*x) == y\n"
    ),
    "class": (
        "class Case:\n    given, wanted = (1, 2), 3\n\ndef check(candidate):\n"
        "    assert candidate(*Case.given) == Case.wanted\n"
    ),
    "default of a parameter": "def check(candidate, small=1e-6):\n    assert abs(candidate(1, 2) - 3) < small\n",
    "keyword-only parameter": "def check(candidate, *, wanted=3):\n    assert candidate(1, 2) == wanted\n",
    "another name": "def check(func):\n    assert func(1, 2) == 3\n",
    "a name bound again": (
        "def check(c):\n    assert [c for c in (3,)] == [c(1, 2)]\n    assert (lambda c: c)(3) == c(1, 2)\n"
    ),
    "a name bound in an assert": "def check(c):\n    assert (x := c(1, 2)) == 3\n    assert x == 3\n",
    "no parameter": "def check():\n    assert f(1, 2) == 3\n",
    "any parameters": "def check(*args):\n    assert args[0](1, 2) == 3\n",
    "check called by the file": "def check(candidate):\n    assert candidate(1, 2) == 3\n\ncheck(f)\n",
    "statements before the asserts": "def check(candidate):\n    wanted = 3\n    assert candidate(1, 2) == wanted\n",
    "nested function": (
        "def check(candidate):\n    def one(a, b, c):\n        assert candidate(a, b) == c\n    one(1, 2, 3)\n"
    ),
    "no check": "import math\ndef same(a, b):\n    return math.isclose(a, b)\nassert same(f(1, 2), 3)",
    "no check and a loop": "assert f(1, 1) == 2\nfor i in range(3):\n    assert f(i, 1) == i + 1\n",
}


@pytest.mark.parametrize("name", AROUND)
def test_right_programs_pass_and_wrong_ones_fail(tmp_path: Path, name: str) -> None:
    problem = read(tmp_path, AROUND[name])
    assert passes(problem, RIGHT)
    assert not passes(problem, WRONG)


def test_setup_has_what_the_tests_need_and_no_more(tmp_path: Path) -> None:
    around = 'METADATA = {"by": "jt"}\nimport math\nimport random\n"""Text."""\n\ndef unused():\n    return random\n'
    check = "def check(candidate):\n    print\n    assert True, 'idle'\n    pass\n    assert candidate(1, 2) == 3\n"
    assert read(tmp_path, around + check).setup == ""
    assert read(tmp_path, around + check).tests == ("assert f(1, 2) == 3",)
    assert read(tmp_path, around + check + "    assert math.floor(candidate(1, 2)) == 3\n").setup == "import math"


def test_asserts_are_separate_tests_and_the_rest_is_one(tmp_path: Path) -> None:
    test = (
        "def check(g):\n    assert g(1, 2) == 3\n    assert g(2, 2) == 4\n    for i in range(3):\n"
        "        assert g(i, i) == 2 * i\n    assert g(0, 0) == 0\n"
    )
    first, second, rest = read(tmp_path, test).tests
    assert (first, second) == ("assert f(1, 2) == 3", "assert f(2, 2) == 4")
    assert str(rest).startswith("def check(g):\n    for i in range(3)")
    assert str(rest).endswith("assert g(0, 0) == 0\ncheck(f)")


@pytest.mark.parametrize(
    "test",
    [
        "def check(candidate):\n    assert True\n",
        "def check(candidate):\n    assert 1 + 1 == 2\n",
        "def check(candidate):\n    total = 1 + 1\n    assert total == 2\n",
        "def g(x):\n    return x\n\ndef check(candidate):\n    assert g(1) == 1\n",
        "METADATA = {}\n",
        "",
    ],
)
def test_a_test_without_the_function_is_refused(tmp_path: Path, test: str) -> None:
    with pytest.raises(InputErrors, match=r"he\.jsonl:1\.tests?: (no test of T/0 calls f|checks nothing)"):
        read(tmp_path, test)
