"""Reference answers quote the author, the syntax and the sandbox, and nothing else."""

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
    assert "value: Tested by `value < low`." in text
    assert "low: Tested by `low > high`. Defaults to `0`." in text
    assert "ValueError: If `low > high`." in text
    assert "`clamp(3)` gives `3`" in tasks["explain"].reference
    assert tasks["bugfix"].reference.startswith("The bug is in line 8: It is `<=` for `<`.")


def test_without_the_authors_words_there_is_no_honest_docstring():
    ((function, _),) = extract_functions(SourceFile("f.py", TEXT.split('    """')[0] + "    return value\n"), 1, 60)
    assert reference_answers.docstring(function) is None
    assert reference_answers.explanation(function) is None
    assert [
        problem.stratum for problem, _ in tasks_of(AnalysedFunction(function), "g", SETTINGS, needs_reference=True)
    ] == []
