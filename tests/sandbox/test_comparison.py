"""What holds of a test here is what holds of the assert in one interpreter."""

import math
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.data.records import CallTest, DoctestTest, Problem, StdinTest, Verdict
from codekiln.sandbox import Sandbox
from codekiln.sandbox.inside.plain_values import Opaque, decode, dumps, encode
from codekiln.sandbox.test_plan import plan_tests

HASHABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(exclude_categories=()))
    | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
PLAIN = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.sets(HASHABLE, max_size=3)
    ),
    max_leaves=12,
)


def same(left: object, right: object) -> bool:
    """Equal in type and value all the way down; nan is nan."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(ordered(left.items()), ordered(right.items()))
    if isinstance(left, set | frozenset):
        return same(ordered(left), ordered(right))
    return repr(left) == repr(right)


def ordered(items: Iterable) -> list:
    return sorted(items, key=written)


def written(value: object) -> str:
    """A text that does not depend on the order of sets and dicts."""
    if isinstance(value, list | tuple):
        return f"{type(value)}{[written(item) for item in value]}"
    if isinstance(value, dict):
        return f"dict{sorted(map(written, value.items()))}"
    if isinstance(value, set | frozenset):
        return f"{type(value)}{sorted(map(written, value))}"
    return f"{type(value)}{value!r}"


@given(PLAIN)
@settings(max_examples=300, deadline=None)
def test_plain_values_arrive_as_they_left(value: object) -> None:
    assert same(decode(dumps(encode(value)).encode()), value)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        decode(data)
    except ValueError:
        return


@pytest.mark.parametrize(
    "text",
    ['{"set": [[1]]}', '{"dict": [[1]]}', '{"int": "x"}', '{"int": 3}', '{"tuple": 3}', '{"list": [], "set": []}',
     "[" * 10**5, "1" * 5000, '{"bytes": "zz"}', '{"str": "d8"}', '{"complex": [1]}', '{"complex": ["a", 1]}'],
)  # fmt: skip
def test_malformed_values_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode(text.encode())


class Evil(list):
    def __iter__(self):
        raise AssertionError("called")

    def __eq__(self, other: object) -> bool:
        return True


def test_only_the_builtin_value_of_a_subclass_is_read() -> None:
    class Quiet(list):
        def __iter__(self):
            raise AssertionError("called")

    assert encode(Quiet([1, 2])) == [1, 2]
    assert encode(Evil([1, 2])) == {"opaque": "Evil"}
    assert isinstance(decode(dumps(encode([Evil()])).encode())[0], Opaque)


PROGRAMS = [
    "from collections import Counter\ndef f(x): return Counter(x)",
    "from collections import OrderedDict\ndef f(x): return OrderedDict((i, x.count(i)) for i in x)",
    "from collections import defaultdict\ndef f(x):\n    d = defaultdict(int)\n    for i in x: d[i] += 1\n    return d",
    "from collections import deque\ndef f(x): return deque(x)",
    "from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef f(x): return P(*x[:2])",
    "def f(x): return (i for i in x)",
    "def f(x): return map(int, x)",
    "def f(x): return range(1, 3)",
    "def f(x): return dict.fromkeys(x).keys()",
    "def f(x): return {1: 1, 2: 1}.items()",
    "def f(x): return tuple(x)",
    "def f(x): return set(x)",
    "def f(x): return frozenset(x)",
    "def f(x): return x",
    "def f(x): return [1.0, 2]",
    "def f(x): return [True, 2]",
    "def f(x): return bytes(x)",
    "def f(x): return bytearray(x)",
    "def f(x): return [float('nan')]",
    "def f(x): return None",
    "def f(x): return 2",
    "def f(x): return 2.0000001",
    "def f(x): return '2'",
    "def f(x): return True",
    "def f(x): return {1: 1, 2: 1}",
    "def f(x): raise ValueError('2')",
    "import enum\nclass E(enum.IntEnum):\n    A = 2\ndef f(x): return E.A",
    "class S(str): pass\ndef f(x): return S('2')",
    "from fractions import Fraction\ndef f(x): return Fraction(2)",
    "from decimal import Decimal\ndef f(x): return Decimal(2)",
    "class T:\n    def __init__(self): self.x = 1\ndef f(x): return T()",
]
ASSERTS = [
    "assert f([1, 2]) == [1, 2]",
    "assert [1, 2] == f([1, 2])",
    "assert f([1, 2]) == (1, 2), 'message'",
    "assert f([1, 2]) == {1, 2}",
    "assert f([1, 2]) == {1: 1, 2: 1}",
    "assert f([1, 2]) == 2",
    "assert f([1, 2]) == '2'",
    "assert f([1, 2]) != 2",
    "assert f([1, 2]) is None",
    "assert f([1, 2]) is True",
    "assert f([1, 2])",
    "assert not f([1, 2])",
    "assert list(f([1, 2])) == [1, 2]",
    "assert set(f([1, 2])) == set([2, 1])",
    "assert sorted(f([2, 1])) == sorted([2, 1])",
    "assert len(f([1, 2])) == 2",
    "assert abs(f([1, 2]) - 2) < 1e-3",
    "assert round(f([1, 2]), 3) == 2.0",
    "assert f([1, 2])[0] == 1",
    "assert f([1, 2]) == f([1, 2])",
    "assert f([1, 2]) == 2 or f([1, 2]) == [1, 2]",
    "assert f([1, 2]) in (2, None)",
    "assert isinstance(f([1, 2]), list)",
    "assert f([1, 2]) == b'\\x01\\x02'",
    "assert 1 < f([1, 2]) < 3",
    "for i in range(2): assert f([1, 2]) == [1, 2]",
    "data = [2, 1]\nassert f(data) == [2, 1]",
    "assert all(i in (1, 2) for i in f([1, 2]))",
    "assert f([1, 2]) == [1] + [2]",
    "assert f([1, 2]) == list(range(1, 3))",
    "assert f([1, 2]) == 'x' * 3 or True",
    "import math\nassert math.isclose(f([1, 2]), 2, rel_tol=1e-3)",
]


def alone(program: str, test: str) -> bool:
    namespace: dict = {"__name__": "__main__"}
    try:
        exec(f"{program}\nimport math\n{test}", namespace)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_form_of_assert_agrees_with_python(sandbox: Sandbox, program: str) -> None:
    jobs = [
        (Problem(task_id=test, prompt="", entry_point="f", setup="import math", tests=(test,)), program)
        for test in ASSERTS
    ]
    for index, verdict in sandbox.grade(jobs):
        assert verdict.passed == alone(program, ASSERTS[index]), (ASSERTS[index], verdict)


def test_expected_values_do_not_travel() -> None:
    tests = (
        "assert f(1) == 'secret-1'",
        "assert 'secret-2' == f(2)",
        "assert abs(f(3) - 987654) < 1",
        "assert f(4) in ('secret-3',)",
    )
    problem = Problem(task_id="t", prompt="", entry_point="f", tests=(*tests, CallTest(call=[5], expect="secret-4")))
    calls = plan_tests(problem).message["calls"]
    sent = repr([code.co_consts for _, code in calls["calls"]])
    assert len(calls["calls"]) == len(problem.tests)
    assert "secret" not in sent
    assert "987654" not in sent


@pytest.mark.parametrize(
    ("call", "expect", "status"),
    [([1, [2, None]], {"a": [1, [2, None]]}, "passed"), ([math.inf, 1], {"a": [math.inf, 1]}, "passed"),
     ([1, 2], {"a": [1, 3]}, "failed"),
     ([math.nan, 1], {"a": [math.nan, 1]}, "failed")],
)  # fmt: skip
def test_call_tests(grade: Callable[..., Verdict], call: list, expect: object, status: str) -> None:
    assert grade("def f(*x): return {'a': list(x)}", CallTest(call=call, expect=expect)).status == status


def test_stdin_tests(grade: Callable[..., Verdict]) -> None:
    doubles = (StdinTest(stdin="1\n2\n", stdout="2\n4"), StdinTest(stdin="5", stdout="10\n\n"))
    good = "import sys\nfor line in sys.stdin: print(int(line) * 2, ' ')\n"
    assert grade(good, *doubles).status == "passed"
    assert grade(good + "exit()", *doubles).tests_passed == 2
    assert (
        grade(good + "if __name__ == '__main__': import os; sys.stdout.flush(); os._exit(0)", *doubles).status
        == "passed"
    )
    assert grade("print(2)\nprint(4)", *doubles).status == "failed"
    assert grade("print(2)\nprint(4)", *doubles).tests_passed == 1
    assert grade(good + "sys.exit(3)", *doubles).status == "error"
    assert grade("while True: input()", *doubles).status == "error"
    assert grade("while True: pass", doubles[0]).status == "timeout"
    assert grade("print(", doubles[0]).status == "invalid"


def test_stdin_and_calls_together(grade: Callable[..., Verdict]) -> None:
    both = ("assert f(1) == 2", StdinTest(stdin="", stdout="hello"))
    verdict = grade("def f(x): return x + 1\nprint('hello')", *both)
    assert (verdict.status, verdict.tests_run, verdict.tests_total) == ("passed", 2, 2)
    assert grade("def f(x): return x + 1", *both).status == "failed"


def test_doctests(grade: Callable[..., Verdict]) -> None:
    session = DoctestTest(
        doctest=">>> f(1)\n2\n>>> print(f(2), 'x')\n3 x\n>>> f('a')\n"
        "Traceback (most recent call last):\nTypeError: no\n"
    )
    good = "def f(x):\n    if x == 'a': raise TypeError('no')\n    return x + 1\n"
    assert grade(good, session).status == "passed"
    assert grade(good.replace("x + 1", "x"), session).status == "failed"
    assert grade(good.replace("'no'", "'yes'"), session).status == "failed"
    assert grade(good.replace("TypeError", "ValueError"), session).status == "failed"


def test_setup_runs_after_the_program_and_before_the_tests(grade: Callable[..., Verdict]) -> None:
    program = "class Node:\n    def __init__(self, v): self.v = v\ndef f(n): return n.v"
    assert grade(program, "assert f(root) == 3", setup="root = Node(3)").status == "passed"
    assert grade("def f(n): return 3", "assert f(root) == 3", setup="root = Node(3)").status == "error"


def test_counts_and_details(grade: Callable[..., Verdict]) -> None:
    verdict = grade("def f(x):\n    return 10 // x", "assert f(1) == 10", "assert f(2) == 6", "assert f(0) == 0")
    assert (verdict.status, verdict.tests_total, verdict.tests_run, verdict.tests_passed) == ("failed", 3, 3, 1)
    assert verdict.detail == "test 2 of 3, assert f(2) == 6: got 5"
    verdict = grade("def f(x):\n    return 10 // x", "assert f(0) == 6")
    assert (
        verdict.detail
        == "test 1 of 1, assert f(0) == 6: ZeroDivisionError: integer division or modulo by zero (line 2)"
    )


def test_a_problem_without_tests_never_passes(sandbox: Sandbox) -> None:
    ((_, verdict),) = sandbox.grade([(Problem(task_id="t", prompt=""), "x = 1")])
    assert not verdict.passed


def test_recursion_goes_as_deep_as_in_a_plain_interpreter(grade: Callable[..., Verdict]) -> None:
    program = "def f(n): return 0 if n == 0 else 1 + f(n - 1)"
    assert grade(program, "assert f(990) == 990").status == "passed"
    assert grade(program, "assert f(1000) == 1000").status == "error"
