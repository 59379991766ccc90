"""Reference answers quote the author, the syntax and the sandbox, and nothing else."""

from types import SimpleNamespace

import pytest

from codekiln.recipes.corpus_tasks import reference_answers
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.hallucination import invented_names, placeholders
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.rubric import apply_rubric
from codekiln.recipes.corpus_tasks.source import SourceFile
from codekiln.recipes.corpus_tasks.tasks import AnalysedFunction, tasks_of
from tests.recipes.corpus_tasks.clamp import SETTINGS, TEXT, clamp_tasks


@pytest.fixture(scope="module")
def tasks():
    return clamp_tasks()


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_sources_own_reply_has_everything(tasks, category):
    problem = tasks[category]
    assert [item for item in apply_rubric(problem, problem.reference) if not item.present] == []
    assert placeholders(problem, problem.reference) == []
    assert not invented_names(problem, problem.reference)


def test_the_sources_reply_quotes_the_author_and_the_syntax(tasks):
    text = tasks["docstring"].reference
    assert '"""Return a value moved into the range from low to high.' in text
    assert "value (int): The number that is moved." in text
    assert "low: The least number that is returned. Defaults to `0`." in text
    assert "ValueError: If low is above high." in text
    assert "`clamp(3)` gives `3`" in tasks["explain"].reference
    assert "If `value < low`, it returns `low` at once." in tasks["explain"].reference
    assert tasks["bugfix"].reference.startswith("The bug is in line 14: It is `<=` for `<`.")
    assert "with pytest.raises(ValueError):\n        clamp(3, 9, 2)" in tasks["unit_test"].reference


def test_a_prompt_has_what_its_answer_needs(tasks):
    assert (
        "There is one bug in this function: `clamp(0)` should return `0`, but it returns `1`." in tasks["bugfix"].prompt
    )
    for category in ("complete", "unit_test"):
        assert "Its module has:\n\n```python\nLIMIT = 10\n```" in tasks[category].prompt


def test_without_the_authors_words_there_is_no_honest_docstring():
    ((function, _),) = extract_functions(SourceFile("f.py", TEXT.split('    """')[0] + "    return value\n"), 1, 60)
    assert reference_answers.docstring(function) is None
    assert reference_answers.explanation(function) is None
    assert [
        problem.stratum for problem, _ in tasks_of(AnalysedFunction(function), "g", SETTINGS, needs_reference=True)
    ] == []


def returns(argument, result):
    """An example ``f(argument)`` with its result."""
    call = SimpleNamespace(text=f"f({argument!r})", inlined=f"f({argument!r})", setup="", mutable_args=())
    return SimpleNamespace(
        call=call, value=result, result=result, raises="", is_shown=True, is_generator=False, mutated_args={}
    )


def test_unit_tests_show_each_result_and_are_none_where_a_constant_would_pass():
    ((function, _),) = extract_functions(
        SourceFile("f.py", "def f(s):\n    s = s.strip()\n    return s == ''\n"), 1, 60
    )
    alike = [returns(text, False) for text in ("abc", "b c", "<p>", "a,b", "x")]
    assert reference_answers.unit_tests(function, alike) is None
    tests = reference_answers.unit_tests(function, [*alike, returns("", True)])
    assert "assert f('') is True" in tests
    assert tests.count("assert ") == 4


@pytest.mark.parametrize(
    ("pairs", "shown"),
    [
        ([("key=value", "k"), ("a b c", "a"), ("", "")], False),
        ([("abc", ("abc", "")), (".x", (".x", "")), ("/", ("/", ""))], False),
        ([("a.txt", ("a", ".txt")), ("b.py", ("b", ".py")), ("c", ("c", ""))], True),
        ([("abc", "cba"), ("12", "21"), ("a", "a")], True),
        ([("abc", 3), ("a", 1), ("", 0)], True),
        ([("abc", (3, [])), ("a", (1, []))], False),
        ([("abc", (3, [])), ("a", (1, [1]))], True),
    ],
)
def test_tests_of_what_arguments_begin_with_alone_are_none(pairs, shown):
    ((function, _),) = extract_functions(SourceFile("f.py", "def f(s):\n    s = s + ''\n    return s\n"), 1, 60)
    tests = reference_answers.unit_tests(function, [returns(text, value) for text, value in pairs])
    assert (tests is not None) == shown
