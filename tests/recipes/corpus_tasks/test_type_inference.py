"""Types of parameters, inferred from annotation, default, use and name."""

import ast

import pytest

from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.source import SourceFile
from codekiln.recipes.corpus_tasks.type_inference import SAMPLE_VALUES, infer_types


def first(text):
    return next(function for function, _ in extract_functions(SourceFile("f.py", text), 1, 99))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("def f(a: int): return a", ["int"]),
        ("def f(a: Optional[str] = None): return a", ["str"]),
        ("def f(a: list[int]): return a", ["list"]),
        ("def f(a=True): return a", ["bool"]),
        ("def f(a): return a.strip().split(',')", ["str"]),
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
    assert infer_types(function.parameters[0], function) == kinds


def test_every_value_of_the_pools_is_an_expression():
    for values in SAMPLE_VALUES.values():
        for value in values:
            ast.parse(value, mode="eval")
