"""What a reply must have, and that the loopholes of the published checks are closed."""

import pytest

from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.reply_parser import fenced
from codekiln.recipes.corpus_tasks.rubric import apply_rubric
from tests.recipes.corpus_tasks.clamp import clamp_tasks


@pytest.fixture(scope="module")
def tasks():
    return clamp_tasks()


def failed(problem, text):
    return {item.name for item in apply_rubric(problem, text) if item.required and not item.present}


@pytest.mark.parametrize("category", CATEGORIES)
def test_repeating_the_question_passes_nothing(tasks, category):
    problem = tasks[category]
    for echo in (
        problem.prompt,
        problem.grading_context["shown"],
        fenced(problem.grading_context["shown"]),
        problem.prompt * 2,
    ):
        assert failed(problem, echo)


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize(
    "text", ["", "```python\n```", "I cannot do that.", "```", "word " * 60, "bug fix error bug fix"]
)
def test_saying_nothing_passes_nothing(tasks, category, text):
    assert failed(tasks[category], text)


DOCSTRINGS = {
    "ten words that are no docstring at all, but pass elsewhere": "triple-quotes",
    '```python\n"""Move a value into a range."""\n```': "args",
    '```python\n"""Move a value into a range.\n\nArgs:\n    value: It.\n    low: Least.\n"""\n```': "args",
    '```python\n"""Args:\n    value: It.\n    low: Least.\n    high: Most.\n"""\n```': "summary",
    '```python\n"Move a value into a range."\n```': "triple-quotes",
    '```python\ndef clamp(value, low=0, high=LIMIT):\n    """Move a value into it.\n\n    Args:\n        value: It.\n'
    '        low: Least.\n        high: Most.\n    """\n    return value\n```': "code-unchanged",
}


@pytest.mark.parametrize("text", DOCSTRINGS)
def test_what_a_docstring_lacks(tasks, text):
    assert DOCSTRINGS[text] in failed(tasks["docstring"], text)


def test_a_docstring_may_come_with_its_function_or_without_a_block(tasks):
    entries = "\n".join(f"        {name}: It." for name in ("value", "low", "high"))
    docstring = f'"""Move a value into a range.\n\n    Args:\n{entries}\n    """'
    head, body = tasks["docstring"].grading_context["shown"].split("\n", 1)
    assert failed(tasks["docstring"], fenced(f"{head}\n    {docstring}\n{body}")) == set()
    assert failed(tasks["docstring"], docstring) == set()
    more = fenced(f"{head}\n    {docstring}\n{body}\n\n\nimport os\nos.remove('all')")
    assert failed(tasks["docstring"], more) == {"code-unchanged"}


GOOD_WORDS = (
    "- **Purpose:** it keeps a number inside given bounds, so nobody gets anything smaller or larger.\n"
    "- `value` is what comes in.\n- `low` and `high` are both ends of what may come out.\n"
)


@pytest.mark.parametrize(
    ("text", "element"),
    [
        (GOOD_WORDS.replace("- ", "").replace("**", ""), "structure"),
        (GOOD_WORDS.replace("`high`", "the other"), "parameters"),
        ("- bug\n- value low high\n" + "same " * 40, "variety"),
        ("```python\n" + GOOD_WORDS + "```", "words"),
        ("- " + " ".join(["return a value moved into the range from low to high"] * 4) + "\n- x", "variety"),
    ],
)
def test_what_an_explanation_lacks(tasks, text, element):
    assert failed(tasks["explain"], GOOD_WORDS) == set()
    assert element in failed(tasks["explain"], text)


def test_words_of_a_bug_count_outside_of_code_only(tasks):
    problem = tasks["bugfix"]
    block = fenced(problem.grading_context["text"])
    assert failed(problem, block) == {"names-the-bug"}
    assert failed(problem, fenced("# this fixes the bug, an error\n" + problem.grading_context["text"])) == {
        "names-the-bug"
    }
    assert failed(problem, f"The bug is the boundary.\n{block}") == set()


@pytest.mark.parametrize(
    ("code", "element"),
    [
        ("def other(value, low=0, high=LIMIT):\n    return value", "defines"),
        ("def clamp(value):\n    return value", "signature"),
        ("def clamp(value, low=0, high=LIMIT)\n    return value", "parses"),
        ("print('fixed')", "defines"),
    ],
)
def test_a_fix_and_a_completion_define_the_function(tasks, code, element):
    for category in ("bugfix", "complete"):
        assert element in failed(tasks[category], f"The bug is fixed, as it should be.\n{fenced(code)}")


def test_a_fix_that_differs_in_comments_only_is_the_bug(tasks):
    problem = tasks["bugfix"]
    same = problem.grading_context["shown"].replace("    if value", "    # fixed\n    if value")
    assert "changed" in failed(problem, f"The bug is fixed now.\n{fenced(same)}")


@pytest.mark.parametrize(
    "body", ["pass", "...", '"""Only words."""', "raise NotImplementedError", "raise NotImplementedError('x')"]
)
def test_a_body_that_does_nothing_is_no_completion(tasks, body):
    code = f"def clamp(value, low=0, high=LIMIT):\n    {body}"
    assert failed(tasks["complete"], fenced(code)) == {"body"}


@pytest.mark.parametrize(
    ("code", "element"),
    [
        ("assert clamp(3) == 3", "tests"),
        ("def test_a():\n    assert True", "asserts"),
        ("def test_a():\n    assert 'clamp'", "asserts"),
        ("def test_a():\n    clamp(3)", "asserts"),
        ("def test_a():\n    x = 3\n    assert x == 3", "calls"),
        (
            "def clamp(value, low=0, high=9):\n    return 3\n\n\ndef test_a():\n    assert clamp(3) == 3",
            "does-not-repeat",
        ),
        ("def test_a():\n    assert clamp(3 == 3", "parses"),
    ],
)
def test_what_a_test_lacks(tasks, code, element):
    assert element in failed(tasks["unit_test"], fenced(code))


def test_style_counts_more_than_what_is_required(tasks):
    problem = tasks["unit_test"]
    one = "def test_a():\n    assert clamp(3) == 3"
    assert failed(problem, fenced(one)) == set()
    assert [item.name for item in apply_rubric(problem, fenced(one)) if not item.present] == ["several"]
