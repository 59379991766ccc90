"""Bug fixes as edits of numbered lines: shown, written, applied and judged."""

import pytest

from codekiln.data.records import Sample
from codekiln.recipes.corpus_tasks.edit_replies import numbered_block, shown_program, whole_reply, write_edits
from codekiln.recipes.corpus_tasks.reply_parser import fenced
from tests.recipes.corpus_tasks.helpers import grade, recipe, reference_samples, sets_of

EDITS = {"reply_form": "edits", "shares": {"bugfix": 1.0}}


@pytest.fixture(scope="module")
def fixes(corpus):
    sets = sets_of(corpus, problems={"train": 6, "evaluation": 2}, **EDITS)
    return [*sets.train, *sets.evaluation]


def test_references_are_edits_and_behave(fixes):
    graded = grade(recipe(**EDITS), fixes, reference_samples(recipe(**EDITS), fixes))
    assert {(item.verdict.status, item.score("behaviour")) for item in graded} == {("passed", 1.0)}
    for problem in fixes:
        assert "```python" not in problem.prompt + (problem.reference or "")
        assert shown_program(problem.prompt) == problem.grading_context["shown"]


@pytest.mark.parametrize(
    "edit",
    ["line 1: pass", "line 999: pass", ""],
    ids=["a line that is no fix", "a line that is not there", "no edit"],
)
def test_other_replies_fail(fixes, edit):
    samples = [Sample(task_id=problem.task_id, solution=f"The bug is in line 1.\n\n{edit}") for problem in fixes]
    for item in grade(recipe(**EDITS), fixes, samples):
        assert item.verdict.status == "failed"
        assert item.score("behaviour") == 0.0


def test_a_whole_program_is_a_fix_in_either_form(fixes):
    samples = [
        Sample(
            task_id=problem.task_id, solution=f"The bug was a wrong sign.\n{fenced(problem.grading_context['text'])}"
        )
        for problem in fixes
    ]
    assert {item.score("behaviour") for item in grade(recipe(**EDITS), fixes, samples)} == {1.0}


def test_a_program_is_numbered_and_read_back():
    code = "def f(x):\n\n    return x"
    assert numbered_block(code) == "```text\nline 1: def f(x):\nline 2:\nline 3:     return x\n```"
    assert shown_program(f"Fix this.\n\n{numbered_block(code)}") == code
    assert shown_program(f"Fix this.\n\n{fenced(code)}") == code


def test_edits_become_the_whole_function(fixes):
    problem = fixes[0]
    shown, text = problem.grading_context["shown"], problem.grading_context["text"]
    assert whole_reply(problem, f"It is wrong.\n\n{write_edits(shown, text)}") == f"It is wrong.\n\n{fenced(text)}"
