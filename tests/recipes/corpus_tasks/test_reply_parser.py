"""What a reply must have, and that the holes of the published checks are closed."""

import pytest

from codekiln.recipes.corpus_tasks import reference_answers
from codekiln.recipes.corpus_tasks.call_synthesis import Call
from codekiln.recipes.corpus_tasks.functions import functions_of
from codekiln.recipes.corpus_tasks.hallucination import invented, placeholders
from codekiln.recipes.corpus_tasks.mutants import Bug
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES, fenced
from codekiln.recipes.corpus_tasks.reply_checks import elements
from codekiln.recipes.corpus_tasks.slicing import Module
from codekiln.recipes.corpus_tasks.source import Source
from codekiln.recipes.corpus_tasks.tasks import Known, Terms, problems_of
from codekiln.recipes.corpus_tasks.trials import Trial

TEXT = '''
LIMIT = 10


def clamp(value, low=0, high=LIMIT):
    """Return a value moved into the range from low to high.

    The least value is low, and high has to be above it. Raises ValueError otherwise.
    """
    if low > high:
        raise ValueError("empty range")
    if value < low:
        return low
    return high if value > high else value
'''
TERMS = Terms(source="s", licence="MIT", longest=5000, needs_gold=True)


@pytest.fixture(scope="module")
def tasks():
    source = Source("f.py", TEXT)
    ((function, _),) = functions_of(source, 5, 60)
    trials = tuple(Trial(Call(f"clamp({n})"), False, min(max(n, 0), 10)) for n in (3, -2, 70))
    bug = Bug(
        function.text.replace("value < low", "value <= low"), "wrong-boundary", 8, "It is `<=` for `<`.", "logical"
    )
    known = Known(function, Module(source).cut(function), trials, (bug,))
    made = list(problems_of(known, "g", TERMS))
    assert [reason for _, reason in made] == [None] * 5
    return {problem.stratum: problem for problem, _ in made}


def failed(problem, text):
    return {item.name for item in elements(problem, text) if item.required and not item.held}


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_sources_own_reply_has_everything(tasks, category):
    problem = tasks[category]
    assert [item for item in elements(problem, problem.reference) if not item.held] == []
    assert placeholders(problem, problem.reference) == []
    assert not invented(problem, problem.reference)


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
    assert [item.name for item in elements(problem, fenced(one)) if not item.held] == ["several"]


@pytest.mark.parametrize(
    "text",
    ["# TODO: finish", "your code here", "from your_module import clamp", "def test_a():\n    assert True",
     "lorem ipsum", "def clamp():\n    ...", "# the rest of the code", "a placeholder"],
)  # fmt: skip
def test_marks_of_unfinished_work_are_seen(tasks, text):
    assert placeholders(tasks["unit_test"], fenced(text))


def test_a_mark_that_the_code_itself_has_is_not_the_replys(tasks):
    problem = tasks["complete"].model_copy(
        update={"grading_context": tasks["complete"].grading_context | {"shown": "placeholder = 1"}}
    )
    assert placeholders(problem, "the placeholder is one") == []


def test_names_that_nothing_has_are_seen(tasks):
    code = "import math\n\n\ndef clamp(value, low=0):\n    return [math.floor(x) for x in clip(value, LIMIT)]"
    assert invented(tasks["complete"], fenced(code)) == ["clip"]
    assert invented(tasks["explain"], "anything") is None
    extra = '```python\n"""Clamp.\n\nArgs:\n    value: It.\n    step: None.\n"""\n```'
    assert invented(tasks["docstring"], extra) == ["step"]


def test_the_sources_reply_quotes_the_author_and_the_syntax(tasks):
    text = tasks["docstring"].reference
    assert '"""Return a value moved into the range from low to high.' in text
    assert "value: Tested by `value < low`." in text
    assert "low: Tested by `low > high`. Defaults to `0`." in text
    assert "ValueError: If `low > high`." in text
    assert "`clamp(3)` gives `3`" in tasks["explain"].reference
    assert tasks["bugfix"].reference.startswith("The bug is in line 8: It is `<=` for `<`.")


def test_without_the_authors_words_there_is_no_honest_docstring():
    ((function, _),) = functions_of(Source("f.py", TEXT.split('    """')[0] + "    return value\n"), 1, 60)
    assert reference_answers.docstring(function) is None
    assert reference_answers.explanation(function) is None
    assert [problem.stratum for problem, _ in problems_of(Known(function), "g", TERMS)] == []


def test_with_a_teacher_functions_without_words_may_serve():
    ((function, _),) = functions_of(Source("f.py", TEXT.split('    """')[0] + "    return value\n"), 1, 60)
    terms = Terms(source="s", licence="", longest=5000, needs_gold=False)
    made = list(problems_of(Known(function), "g", terms))
    assert [(problem.stratum, problem.reference, reason) for problem, reason in made] == [
        ("docstring", None, None), ("explain", None, None),
    ]  # fmt: skip


def test_what_is_told_of_a_task_never_shows_the_answer(tasks):
    assert "Return a value" not in tasks["docstring"].prompt
    assert "Return a value" not in tasks["explain"].prompt
    assert "return low" not in tasks["complete"].prompt
    assert "LIMIT" in tasks["complete"].prompt
    assert "value < low" not in tasks["bugfix"].prompt


def test_rows_that_are_too_long_say_so():
    source = Source("f.py", TEXT)
    ((function, _),) = functions_of(source, 5, 60)
    terms = Terms(source="s", licence="", longest=500, needs_gold=True)
    assert {reason for _, reason in problems_of(Known(function), "g", terms)} == {"too-many-characters"}
