"""Tests of problems are read as a form, and further tests are written in it."""

import pytest

from codekiln.code.hardening.forms import NoForm, form_of, may_order_by_set, merged
from codekiln.data.readers.evalplus_inputs import encode_arguments
from codekiln.data.records import CallTest, Problem, ReferenceTest


def problem(*tests, entry_point="f", **fields):
    return Problem(task_id="t", prompt="", entry_point=entry_point, tests=tests, **fields)


@pytest.mark.parametrize(
    ("test", "arguments", "value", "written"),
    [
        ("assert f(1, 'a') == [2]", (1, "a"), [3], "assert f(9) == [3]"),
        ("assert [2] == f(1)", (1,), (3, "x"), "assert f(9) == (3, 'x')"),
        ("assert set(f([1])) == set([1, 2])", ([1],), {3}, "assert set(f(9)) == {3}"),
        ("assert round(f(1), 2) == 1.25", (1,), 1.5, "assert abs(round(f(9), 2) - 1.5) <= 1.5e-06"),
        ("assert f(-1) is True", (-1,), False, "assert f(9) == False"),
        ("assert f(1)", (1,), True, "assert bool(f(9)) == True"),
        ("assert not f(1)", (1,), False, "assert bool(f(9)) == False"),
        ("assert abs(f(1) - 0.5) < 1e-6", (1,), -0.25, "assert abs(f(9) - (-0.25)) <= 1e-06"),
        ("assert math.isclose(f(1), 0.5, rel_tol=0.001)", (1,), 0.5, "assert abs(f(9) - 0.5) <= 1e-06"),
        ("assert sorted(f([2]))[0] == 2, 'why'", ([2],), 2, "assert sorted(f(9))[0] == 2"),
        (CallTest(call=[1, [2]], expect=3), (1, [2]), None, CallTest(call=[9], expect=None)),
        (CallTest(call=[1], expect=3), (1,), (1, 2), "assert f(9) == (1, 2)"),
    ],
)
def test_a_test_of_the_same_form_is_written(test, arguments, value, written):
    form, seeds = form_of(problem(test))
    assert seeds == [arguments]
    assert form.test((9,), value) == written


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1) in (1, 2)",
        "assert f(1) == 1 or f(1) == 2",
        "assert f(1) > 0",
        "assert f(1) != 2",
        "assert f(f(1)) == f(1)",
        "assert f(1) == g(1)",
        "assert check(f(1)) == 2",
        "assert f(1) + 1 == 2",
    ],
)
def test_a_test_that_several_results_pass_gives_no_form(test):
    with pytest.raises(NoForm):
        form_of(problem(test, "assert f(1) == 1"))


def test_tests_without_plain_arguments_give_no_form_of_their_own():
    with pytest.raises(NoForm, match="plain arguments"):
        form_of(problem("assert f(Node(1)) == 1", "for x in range(3):\n    assert f(x) == x"))
    with pytest.raises(NoForm, match="entry point"):
        form_of(problem("assert f(1) == 1", entry_point=None))


def test_the_form_is_that_of_most_tests_and_shown_tests_give_inputs_too():
    row = problem(
        "assert set(f(1)) == {1}",
        "assert set(f(2)) == {2}",
        "assert f(3) == [3]",
        visible_tests=("assert f(4) == [4]",),
    )
    form, seeds = form_of(row)
    assert form.expression((5,)) == "set(f(5))"
    assert seeds == [(1,), (2,), (3,), (4,)]


def test_inputs_of_a_reference_become_inputs_in_a_suite_of_their_own():
    lines = (encode_arguments([1.5, (2, 3)]),)
    form, seeds = form_of(problem(ReferenceTest(inputs=lines, suite="plus", atol=1e-4), reference="def f(a, b): ..."))
    assert seeds == [(1.5, (2, 3))]
    made = merged([form.test((1,), 0.5), form.test((2,), 0.5)])
    assert made == [ReferenceTest(inputs=(encode_arguments([1]), encode_arguments([2])), suite="hardened", atol=1e-4)]
    assert not form.differs([1.0], [1.00005])
    assert form.differs([1.0], [1.001])
    with pytest.raises(NoForm, match="rule of their own"):
        form_of(problem(ReferenceTest(inputs=lines, comparison="not-none"), reference="def f(a, b): ..."))


def test_what_a_test_cannot_state_is_not_expected():
    form, _ = form_of(problem("assert f(1) == [1]"))
    assert form.may_expect([1, ("a", None), {2}, {"k": b"v"}])
    assert form.may_expect(0.1)
    assert not any(map(form.may_expect, ([0.1], float("nan"), float("inf"), object(), range(3), frozenset())))


def test_floats_differ_beyond_the_tolerance_only():
    form, _ = form_of(problem("assert f(1) == 0.1"))
    assert not form.differs(0.3, 0.1 + 0.2)
    assert not form.differs(1e9, 1e9 + 1)
    assert form.differs(0.3, 0.31)
    assert form.differs(0.3, "0.3")
    assert form.differs(1.0, None)


@pytest.mark.parametrize(
    ("code", "may"),
    [
        ("def f(xs): return list(set(xs))", True),
        ("def f(xs): return [x for x in {1, 2}]", True),
        ("def f(xs): return sorted(set(xs))", False),
        ("def f(xs):\n    ys = list({x for x in xs})\n    ys.sort()\n    return ys", False),
        ("def f(xs): return [x for x in xs if x]", False),
    ],
)
def test_the_order_of_a_set_is_nobodys_choice(code, may):
    assert may_order_by_set(code) == may
