"""What synthesised calls return in the sandbox, and which of them become examples."""

import ast

import pytest

from codekiln.recipes.corpus_tasks.docstring_examples import docstring_examples
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.io_examples import ExecutableFunction, SlicedFunction, collect_io_examples, is_plain
from codekiln.recipes.corpus_tasks.slicing import ModuleSlicer
from codekiln.recipes.corpus_tasks.source import SourceFile
from codekiln.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=1, wall_seconds=5.0)


def functions(text):
    source = SourceFile("f.py", text)
    module = ModuleSlicer(source)
    classes = {node.name: node for node in source.tree.body if isinstance(node, ast.ClassDef)}
    return [
        SlicedFunction(
            item,
            module.slice_of(item, [f"{one.setup}\n{one.call}" for one in docstring_examples(item)]),
            classes.get(item.owner),
        )
        for item, _ in extract_functions(source, 1, 99)
    ]


def tried(text, **options):
    cut = [item for item in functions(text) if not item[0].name.startswith("__")]
    settings = {"min_outcomes": 3, "max_examples": 8, "seed": 0, "workers": 1, "limits": LIMITS, "label": ""}
    return {
        item[0].name: found for item, found in zip(cut, collect_io_examples(cut, **settings | options), strict=True)
    }


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
    names = {name for name, found in seen.items() if isinstance(found, ExecutableFunction)}
    assert names == {"plain", "lazy", "in_place", "grow", "infinite"}


def test_what_is_changed_in_place_is_seen(seen):
    trial = seen["in_place"].io_examples[0]
    assert trial.value[0] is None
    assert len(trial.value[1]) == len(ast.literal_eval(trial.call.mutable_args[0])) + 1


def test_a_generator_is_drawn_from_and_an_infinite_one_cut(seen):
    assert isinstance(seen["lazy"].io_examples[0].value, list | tuple)
    assert all(len(trial.value) == 40 for trial in seen["infinite"].io_examples)


def test_an_instance_is_made_for_a_method(seen):
    made = [trial.call.text for trial in seen["grow"].io_examples]
    assert all(text.startswith(("Box(", "_codekiln_instance(Box, ")) for text in made)
    assert any(text.startswith("Box(") for text in made)


def test_an_exception_that_the_function_raises_on_purpose_is_an_example():
    text = "def f(n: int):\n    if n < 0:\n        raise ValueError(n)\n    return [1, 2, 3, 4, 5, 6, 7, 8][n]\n"
    examples = tried(text)["f"].io_examples
    assert {trial.raises for trial in examples} == {"", "ValueError"}
    assert {trial.value for trial in examples if trial.raises} == {("<raises>", "ValueError")}


def test_objects_are_seen_by_their_attributes_and_prove_bugs_only():
    text = "class P:\n    def __init__(self, x):\n        self.x = x\n\n\ndef f(n: int):\n    return P(n + 1)\n"
    examples = tried(text)["f"].io_examples
    assert all(trial.is_recorded and not trial.is_shown for trial in examples)
    assert ("<recorded>", ["P", "", {"x": 4}], []) in [trial.value for trial in examples]


def test_examples_of_a_docstring_come_with_what_they_need():
    docstring = '    """Add.\n\n    >>> one = P()\n    >>> one.x = 5\n    >>> f(one)\n    5\n    """\n'
    text = f"class P:\n    x = 3\n\n\ndef f(p, q=0):\n{docstring}    return p.x + q\n"
    examples = tried(text)["f"].io_examples
    assert (examples[0].call.setup, examples[0].value) == ("one = P()\none.x = 5", 5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("same", "one-outcome"), ("raising", "one-outcome"), ("opaque", "one-outcome"), ("endless", "fails")],
)
def test_functions_that_tell_nothing_say_why(seen, name, reason):
    assert seen[name] == reason


def test_a_result_that_changes_from_run_to_run_is_not_used():
    assert (
        tried("from email.utils import make_msgid\n\n\ndef f(n: int):\n    return n, make_msgid()\n")["f"] == "varies"
    )


def test_a_predicate_needs_both_truth_values_and_others_as_many_results_as_asked():
    assert tried("def f(flag: bool):\n    return not flag\n")["f"].io_examples
    two = "def f(flag: bool):\n    return 1 if flag else 2\n"
    assert tried(two, min_outcomes=2)["f"].io_examples
    assert tried(two, min_outcomes=3)["f"] == "one-outcome"


def test_numbers_that_do_not_equal_themselves_and_long_values_are_not_plain():
    assert not is_plain([float("nan")])
    assert not is_plain("x" * 1000)
    assert is_plain({"a": [1, (2.0, None)], b"b": {3}})


def test_integers_too_large_to_be_written_are_no_plain_values():
    assert not is_plain(10**5000)
    assert not is_plain([1, {"a": 10**5000}])
    text = "def f(n: int):\n    if n > 5:\n        return 10 ** 5000\n    return n * 2\n"
    (found,) = collect_io_examples(
        functions(text), min_outcomes=2, max_examples=4, seed=0, workers=1, limits=LIMITS, label=""
    )
    assert all(trial.value < 11 for trial in found.io_examples)
