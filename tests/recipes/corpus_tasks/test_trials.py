"""Calls that are made up, what they give in the sandbox, and which are kept."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.recipes.corpus_tasks.call_synthesis import calls
from codekiln.recipes.corpus_tasks.functions import functions_of
from codekiln.recipes.corpus_tasks.slicing import Module
from codekiln.recipes.corpus_tasks.source import Source
from codekiln.recipes.corpus_tasks.trials import Runnable, is_plain, try_out
from codekiln.recipes.corpus_tasks.type_inference import POOLS, kinds_of
from codekiln.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=1, wall_seconds=5.0)


def functions(text):
    source = Source("f.py", text)
    module = Module(source)
    classes = {node.name: node for node in source.tree.body if isinstance(node, ast.ClassDef)}
    return [(item, module.cut(item), classes.get(item.owner)) for item, _ in functions_of(source, 1, 99)]


def first(text):
    return functions(text)[0][0]


def tried(text, **options):
    cut = [item for item in functions(text) if not item[0].name.startswith("__")]
    settings = {"outcomes": 3, "most": 8, "seed": 0, "workers": 1, "limits": LIMITS, "label": ""}
    return {item[0].name: found for item, found in zip(cut, try_out(cut, **settings | options), strict=True)}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("def f(a: int): return a", ["int"]),
        ("def f(a: Optional[str] = None): return a", ["str"]),
        ("def f(a: list[int]): return a", ["list"]),
        ("def f(a=True): return a", ["bool"]),
        ("def f(a): return a.strip().split(',')", ["str", "bytes"]),
        ("def f(a): return a.items()", ["dict"]),
        ("def f(a): return a(1)", ["function"]),
        ("def f(a): return range(a)", ["int"]),
        ("def f(predicate): return predicate", ["function"]),
        ("def f(width): return width", ["int"]),
        ("def f(a): return 1 if a else 2", ["bool"]),
    ],
)
def test_kinds_are_guessed_from_annotation_default_use_and_name(text, kinds):
    function = first(text)
    assert kinds_of(function.parameters[0], function) == kinds


def test_every_value_of_the_pools_is_an_expression():
    for values in POOLS.values():
        for value in values:
            ast.parse(value, mode="eval")


def test_the_docstrings_examples_come_first_and_constants_join():
    function = first('def f(a, b=1):\n    """Add.\n\n    >>> f(41, b=2)\n    43\n    """\n    return a + b + 977\n')
    made = [call.text for call in calls(function, None, 24, 0)]
    assert made[0] == "f(41, b=2)"
    assert any("977" in text or "978" in text for text in made)


@given(st.integers(0, 1000))
def test_calls_are_the_same_every_time_and_all_different(seed):
    function = first("def f(text, width=3, *items, key=None, **more):\n    return text\n")
    made = calls(function, None, 24, seed)
    assert made == calls(function, None, 24, seed)
    assert len(set(made)) == len(made) == 24
    for call in made:
        ast.parse(call.expression(lazy=False), mode="eval")


def test_coroutines_and_properties_are_not_called():
    text = "class A:\n    @property\n    def p(self): return 1\n\n    async def q(self): return 1\n"
    assert [calls(item, owner, 8, 0) for item, _, owner in functions(text)] == [[], []]


RUNS = """
def plain(text):
    return text.upper()


def lazy(items):
    for item in items:
        yield item, item


def in_place(items, value):
    items.append(value)


def same(n):
    return 1


def raising(n):
    raise ValueError(n)


def opaque(n):
    return object()


def endless(n: int):
    while n == n:
        n = n


def infinite(n: int):
    while True:
        yield n


class Box:
    def __init__(self, width: int):
        self.width = width

    def grow(self, by: int):
        return self.width + by
"""


@pytest.fixture(scope="module")
def seen():
    return tried(RUNS)


def test_functions_with_varied_plain_results_can_be_run(seen):
    names = {name for name, found in seen.items() if isinstance(found, Runnable)}
    assert names == {"plain", "lazy", "in_place", "grow", "infinite"}


def test_what_is_changed_in_place_is_seen(seen):
    trial = seen["in_place"].trials[0]
    assert trial.value[0] is None
    assert len(trial.value[1]) == len(ast.literal_eval(trial.call.changing[0])) + 1


def test_a_generator_is_drawn_from_and_an_infinite_one_cut(seen):
    assert isinstance(seen["lazy"].trials[0].value, list | tuple)
    assert all(len(trial.value) == 40 for trial in seen["infinite"].trials)


def test_an_instance_is_made_for_a_method(seen):
    assert all(trial.call.text.startswith("Box(") for trial in seen["grow"].trials)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("same", "one-outcome"), ("raising", "fails"), ("opaque", "fails"), ("endless", "fails")],
)
def test_functions_that_tell_nothing_say_why(seen, name, reason):
    assert seen[name] == reason


def test_a_result_that_changes_from_run_to_run_is_not_used():
    assert (
        tried("from email.utils import make_msgid\n\n\ndef f(n: int):\n    return n, make_msgid()\n")["f"] == "varies"
    )


def test_more_outcomes_can_be_asked_for():
    assert tried("def f(flag: bool):\n    return not flag\n", outcomes=2)["f"].trials
    assert tried("def f(flag: bool):\n    return not flag\n", outcomes=3)["f"] == "one-outcome"


def test_numbers_that_do_not_equal_themselves_and_long_values_are_not_plain():
    assert not is_plain([float("nan")])
    assert not is_plain("x" * 1000)
    assert is_plain({"a": [1, (2.0, None)], b"b": {3}})


def test_integers_too_large_to_be_written_are_no_plain_values():
    assert not is_plain(10**5000)
    assert not is_plain([1, {"a": 10**5000}])
    text = "def f(n: int):\n    if n > 5:\n        return 10 ** 5000\n    return n * 2\n"
    (found,) = try_out(functions(text), outcomes=2, most=4, seed=0, workers=1, limits=LIMITS, label="")
    assert all(trial.value < 11 for trial in found.trials)
