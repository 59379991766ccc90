"""Synthesised calls: docstring examples first, deterministic, distinct."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from codekiln.recipes.corpus_tasks.call_synthesis import synthesise_calls
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.slicing import ModuleSlicer
from codekiln.recipes.corpus_tasks.source import SourceFile


def functions(text):
    source = SourceFile("f.py", text)
    module = ModuleSlicer(source)
    classes = {node.name: node for node in source.tree.body if isinstance(node, ast.ClassDef)}
    return [(item, module.slice_of(item), classes.get(item.owner)) for item, _ in extract_functions(source, 1, 99)]


def first(text):
    return functions(text)[0][0]


def test_the_docstrings_examples_come_first_and_constants_join():
    function = first('def f(a, b=1):\n    """Add.\n\n    >>> f(41, b=2)\n    43\n    """\n    return a + b + 977\n')
    found = [call.text for call in synthesise_calls(function, None, 24, 0)]
    assert found[0] == "f(41, b=2)"
    assert any("977" in text or "978" in text for text in found)


@given(st.integers(0, 1000))
def test_calls_are_the_same_every_time_and_all_different(seed):
    function = first("def f(text, width=3, *items, key=None, **more):\n    return text\n")
    found = synthesise_calls(function, None, 24, seed)
    assert found == synthesise_calls(function, None, 24, seed)
    assert len(set(found)) == len(found) == 24
    for call in found:
        ast.parse(call.expression(is_generator=False), mode="eval")


def test_coroutines_are_not_called_and_properties_are_read():
    text = "class A:\n    @property\n    def p(self): return 1\n\n    async def q(self): return 1\n"
    found = [[call.text for call in synthesise_calls(item, owner, 8, 0)] for item, _, owner in functions(text)]
    assert found == [["A().p"], []]
