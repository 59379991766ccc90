"""Placeholders and names that do not exist are found in replies."""

import pytest

from codekiln.recipes.corpus_tasks.hallucination import invented_names, placeholders
from codekiln.recipes.corpus_tasks.reply_parser import fenced
from tests.recipes.corpus_tasks.clamp import clamp_tasks


@pytest.fixture(scope="module")
def tasks():
    return clamp_tasks()


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
    assert invented_names(tasks["complete"], fenced(code)) == ["clip"]
    assert invented_names(tasks["explain"], "anything") is None
    extra = '```python\n"""Clamp.\n\nArgs:\n    value: It.\n    step: None.\n"""\n```'
    assert invented_names(tasks["docstring"], extra) == ["step"]
