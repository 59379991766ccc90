"""The small course as files, and its problems, built once per test process."""

from pathlib import Path

import pytest

from codekiln.recipes.student.course import write_streams
from codekiln.recipes.student.questions import write_questions
from tests.recipes.student.helpers import problems_of, recipe_for
from tests.recipes.student.small_course import QUESTIONS, course


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("course")
    (path / "streams.jsonl").write_text(write_streams(course(8).streams))
    (path / "problems.json").write_text(write_questions(QUESTIONS))
    return path


@pytest.fixture(scope="session")
def plain(folder):
    recipe = recipe_for(folder)
    return recipe, problems_of(recipe)
