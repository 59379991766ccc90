"""Whether replies behave right is seen by running them, and nothing else is taken for it."""

import pytest

from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks import functional_correctness
from codekiln.recipes.corpus_tasks.functional_correctness import check_correctness
from codekiln.recipes.corpus_tasks.reply_parser import fenced
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Result

ORIGINAL = "def double(n):\n    return helper(n) + n"
BUGGED = "def double(n):\n    return helper(n) - n"
SLICE = {"before": "from __future__ import annotations\n\n\ndef helper(n):\n    return n\n", "after": "", "indent": 0}
FACTS = {
    "name": "double",
    "owner": "",
    "text": ORIGINAL,
    "shown": BUGGED,
    "calls": ["double(2)", "double(0)", "double('a')"],
}
LIMITS = Limits(cpu_seconds=1, wall_seconds=5.0)


def problem(category, **facts):
    return Problem(task_id=category, prompt="x", grading_context=SLICE | FACTS | {"category": category} | facts)


TESTS = problem("unit_test", mutants=[BUGGED, "def double(n):\n    return helper(n) * 3"])


def behaviours(row, texts):
    found = check_correctness([(row, text) for text in texts], workers=1, limits=LIMITS)
    return [(item.value, item.reason) for item in found]


@pytest.fixture(scope="module")
def fixes():
    row = problem("bugfix")
    texts = {
        "original": ORIGINAL,
        "another way": "import math\n\n\ndef twice(n):\n    return n * 2\n\n\ndef double(n):\n    return twice(n)",
        "the bug": BUGGED,
        "right but for one input": "def double(n):\n    return 'b' if n == 'a' else n * 2",
        "exit code zero": "import sys\n\n\ndef double(n):\n    sys.exit(0)",
        "hard exit": "import os\n\n\ndef double(n):\n    os._exit(0)",
        "equal to everything": "class Any:\n    def __eq__(self, other): return True\n\n\n"
        "def double(n):\n    return Any()",
        "never ends": "def double(n):\n    while True: pass",
        "defined and never right": "def double(n):\n    return undefined_name",
        "bool for number": "def double(n):\n    return n * 2 if n else False",
        "too large to be written": "def double(n):\n    return 10 ** 5000",
        "ends early": f"import sys\nsys.exit(0)\n{ORIGINAL}",
        "with an example": f"{ORIGINAL}\n\n\nprint(double(2))\nif __name__ == '__main__':\n    main()",
        "no function": "print('done')",
        "no code": None,
        "with its own annotations": "from __future__ import annotations\n\n\n"
        "def double(n: Unknown) -> Unknown:\n    return n * 2",
    }
    replies = [fenced(text) if text else "The bug is fixed." for text in texts.values()]
    return dict(zip(texts, behaviours(row, replies), strict=True))


@pytest.mark.parametrize("name", ["original", "another way", "with its own annotations", "with an example"])
def test_a_program_that_gives_what_the_original_gives_behaves_right(fixes, name):
    assert fixes[name] == (1.0, "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("the bug", "double(2) gives 0, not 4"),
        ("right but for one input", "double('a') gives 'b', not 'aa'"),
        ("exit code zero", "double(2) gives <SystemExit object>"),
        ("hard exit", "crashed"),
        ("equal to everything", "double(2) gives <Any object>"),
        ("never ends", ("timeout", "crashed")),  # which of the two depends on when the kernel stops it
        ("defined and never right", "double(2) gives <NameError object>"),
        ("bool for number", "double(0) gives False, not 0"),
        ("too large to be written", "double(2) gives something with a very large integer, not 4"),
        ("ends early", "raised: SystemExit 0"),
        ("no function", "it does not define double"),
        ("no code", "there is no code that compiles"),
    ],
)
def test_a_program_that_does_not_has_a_reason(fixes, name, reason):
    value, told = fixes[name]
    assert value == 0.0
    assert told.startswith(reason)


@pytest.fixture(scope="module")
def tests():
    texts = {
        "good": "def test_a():\n    assert double(2) == 4",
        "in a class": "class TestDouble:\n    def test_a(self):\n        assert double(2) == 4",
        "with pytest": "import pytest\n\n\n@pytest.mark.parametrize('n, want', [(2, 4), (0, 0)])\n"
        "def test_a(n, want):\n    assert double(n) == pytest.approx(want)\n\n\n"
        "def test_b():\n    with pytest.raises(TypeError):\n"
        "        double(None)",
        "run as a script": "def test_a():\n    assert double(2) == 4\n\n\n"
        "if __name__ == '__main__':\n    pytest.main()",
        "always true": "def test_a():\n    assert True",
        "too weak": "def test_a():\n    assert double(0) == 0",
        "wrong": "def test_a():\n    assert double(2) == 5",
        "one of two is wrong": "def test_a():\n    assert double(2) == 4\n\n\ndef test_b():\n    assert double(1) == 3",
        "tests its own copy": "def double(n):\n    return 4\n\n\ndef test_a():\n    assert double(2) == 4",
        "leaves early": "import os\n\n\ndef test_a():\n    os._exit(0)",
        "defined and not called": "def check():\n    assert double(2) == 4",
    }
    return dict(zip(texts, behaviours(TESTS, map(fenced, texts.values())), strict=True))


@pytest.mark.parametrize("name", ["good", "in a class", "with pytest", "run as a script"])
def test_tests_that_hold_on_the_original_and_catch_a_mutant_behave_right(tests, name):
    assert tests[name] == (1.0, "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("always true", "no test fails on any of 2 mutants"),
        ("too weak", "no test fails on any of 2 mutants"),
        ("wrong", "a test fails on the original: AssertionError"),
        ("one of two is wrong", "a test fails on the original"),
        ("tests its own copy", "no test fails on any of 2 mutants"),
        ("leaves early", "a test fails on the original: crashed"),
        ("defined and not called", "there is no test"),
    ],
)
def test_tests_that_prove_nothing_have_a_reason(tests, name, reason):
    value, told = tests[name]
    assert value == 0.0
    assert told.startswith(reason)


def test_tests_that_hold_on_the_original_by_chance_prove_nothing(monkeypatch):
    def chance(runs, **_):
        assert len(set(runs)) == len(runs)
        held = Observation("ended", results=(Result(None),))
        return [held, *(Observation("ended", results=(Result(error="AssertionError"),)) for _ in runs[1:])]

    monkeypatch.setattr(functional_correctness, "observe", chance)
    (found,) = behaviours(TESTS, [fenced("def test_a():\n    assert double(random()) == 4")])
    assert found == (0.0, "a test fails on the original: AssertionError")


def test_where_nothing_can_be_run_there_is_no_value():
    for category in ("docstring", "explain"):
        assert behaviours(problem(category), ["anything"]) == [(None, "there is nothing to run")]
    assert behaviours(problem("bugfix", calls=[]), ["anything"]) == [(None, "the function cannot be run")]


def test_a_method_is_run_in_its_class():
    before = "class Box:\n    def __init__(self, n):\n        self.n = n\n\n"
    facts = {"before": before, "after": "", "indent": 4, "name": "get", "owner": "Box",
             "text": "def get(self):\n    return self.n + 1", "calls": ["Box(1).get()", "Box(5).get()"]}  # fmt: skip
    row = problem("bugfix", **facts)
    right = fenced("def get(self):\n    return 1 + self.n")
    in_class = fenced("class Box:\n    def get(self):\n        return 1 + self.n")
    wrong = fenced("def get(self):\n    return 2 + self.n")
    assert [value for value, _ in behaviours(row, [right, in_class, wrong])] == [1.0, 1.0, 0.0]
