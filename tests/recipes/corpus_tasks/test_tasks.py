"""Which functions serve which category, and what a task shows."""

import pytest

from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.settings import CorpusTasksSettings
from codekiln.recipes.corpus_tasks.source import SourceFile
from codekiln.recipes.corpus_tasks.tasks import AnalysedFunction, tasks_of
from tests.recipes.corpus_tasks.clamp import SETTINGS, TEXT, clamp_tasks


@pytest.fixture(scope="module")
def tasks():
    return clamp_tasks()


def test_with_a_teacher_functions_without_words_may_serve():
    ((function, _),) = extract_functions(SourceFile("f.py", TEXT.split('    """')[0] + "    return value\n"), 1, 60)
    found = list(tasks_of(AnalysedFunction(function), "g", SETTINGS, needs_reference=False))
    assert [(problem.stratum, problem.reference, reason) for problem, reason in found] == [
        ("docstring", None, None), ("explain", None, None),
    ]  # fmt: skip


def test_what_is_told_of_a_task_never_shows_the_answer(tasks):
    assert "Return a value" not in tasks["docstring"].prompt
    assert "Return a value" not in tasks["explain"].prompt
    assert "return low" not in tasks["complete"].prompt
    assert "LIMIT" in tasks["complete"].prompt
    assert "value < low" not in tasks["bugfix"].prompt


def test_rows_that_are_too_long_say_so():
    source = SourceFile("f.py", TEXT)
    ((function, _),) = extract_functions(source, 5, 60)
    settings = CorpusTasksSettings(max_characters=500)
    assert {
        reason for _, reason in tasks_of(AnalysedFunction(function, interface=""), "g", settings, needs_reference=True)
    } == {"too-many-characters"}
