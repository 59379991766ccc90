"""Which problems are refused because no test of theirs depends on the program."""

import json
from pathlib import Path

import pytest

from codekiln.data.readers import read_problems
from codekiln.data.readers.program_use import uses_program
from codekiln.data.records import CallTest, DoctestTest, Problem, ReferenceTest, StdinTest, Test
from codekiln.errors import InputErrors


def uses(*tests: Test, setup: str = "", entry_point: str | None = None) -> bool:
    return uses_program(Problem(task_id="a", prompt="", setup=setup, tests=tests, entry_point=entry_point))


@pytest.mark.parametrize(
    "test",
    [
        "assert True",
        "assert 1 + 1 == 2",
        "pass",
        "",
        "x = 1\nassert x == 1",
        "import math\nassert math.sqrt(4) == 2",
        "from math import sqrt as root\nassert root(4) == 2",
        "def g(x):\n    return x + 1\n\nassert g(1) == 2",
        "def g(x):\n    y = x\n    return [z for z in (y, x)]\n\nassert g(1)",
        "class A:\n    def b(self):\n        return self\n\nassert A().b()",
        "assert (lambda f: f(1))",
        "for f in (1, 2):\n    assert f",
        "assert ValueError and int",
        DoctestTest(doctest=">>> 1 + 1\n2\n"),
        DoctestTest(doctest="no examples"),
    ],
)
def test_tests_without_the_program(test: Test) -> None:
    assert not uses(test)
    assert not uses(test, test)
    assert uses(test, "assert f(1) == 2")


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1) == 2",
        "assert sum([1, 2, 3]) == 6",
        "assert sorted(f())",
        "from math import *\nassert sqrt(4) == 2",
        "def g(x):\n    return f(x)\n\nassert g(1) == 2",
        "assert [f(x) for x in range(3)]",
        "assert (lambda: Thing)()",
        "x = Thing\nassert x",
        "import math\nassert math.isclose(f(1), 2)",
        "def check(c):\n    assert c(1) == 2\n\ncheck(f)",
        "assert LIMIT == 3",
        CallTest(call=[1], expect=2),
        StdinTest(stdin="", stdout=""),
        ReferenceTest(inputs=("[1]",)),
        DoctestTest(doctest=">>> f(1)\n2\n"),
        "not Python (",
    ],
)
def test_tests_that_use_the_program(test: Test) -> None:
    assert uses(test)


def test_the_setup_counts() -> None:
    assert not uses("assert helper() == 2", setup="def helper():\n    return 2")
    assert uses("assert helper() == 2", setup="def helper():\n    return f(1)")
    assert uses("assert result == 2", setup="result = f(1)")
    assert not uses("assert math.sqrt(4) == 2", setup="import math")
    assert uses("assert helper(f) == 2", setup="def helper(g):\n    return g(1)")


def test_the_entry_point_may_stand_anywhere() -> None:
    assert uses("assert globals()['f']", entry_point="f")
    assert uses("def f():\n    pass\n\nassert not f", entry_point="f")
    assert uses("g = max\nassert g", entry_point="max")
    assert not uses("assert True  # f", entry_point="f")


def test_such_problems_are_refused_one_error_each(tmp_path: Path) -> None:
    rows = [
        {"task_id": "a", "prompt": "p", "tests": ["assert True", "assert 1 + 1 == 2"]},
        {"task_id": "b", "prompt": "p", "tests": ["assert True", "assert f(1) == 2"]},
        {"task_id": "c", "prompt": "p", "entry_point": "f", "tests": ["assert 2 == 2"]},
        {"task_id": "d", "prompt": "p", "facts": {"x": 1}},
    ]
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputErrors) as raised:
        read_problems(str(path))
    assert [(error.where, error.what) for error in raised.value.errors] == [
        (f"{path}:1.tests", "no test of a calls a function of the program"),
        (f"{path}:3.tests", "no test of c calls f"),
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in (rows[1], rows[3])))
    assert len(read_problems(str(path))) == 2
