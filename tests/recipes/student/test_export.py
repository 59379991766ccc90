"""The files of the data set, and its card."""

import pytest

from codekiln.errors import InputError
from codekiln.recipes.student.course import write_streams
from codekiln.recipes.student.questions import write_questions
from codekiln.recipes.student.schema import KINDS, read_rows
from codekiln.recipes.student.split import CELLS
from tests.recipes.student.helpers import built_dataset, problems_of, recipe_for
from tests.recipes.student.small_course import QUESTIONS, course


def test_the_files_of_the_text_are_written_read_and_valid(plain, tmp_path):
    recipe, sets = plain
    made = built_dataset(recipe, sets)
    for name, content in recipe.files(made).items():
        (tmp_path / name).write_text(content)
    names = {path.name for path in tmp_path.iterdir()}
    assert {
        "train_exp1_without_context.json",
        "train_exp1_with_context.json",
        "train_exp2_without_context_k1.json",
        "train_exp2_without_context_k3.json",
        "train_exp2_with_context_k1.json",
        "train_exp2_with_context_k3.json",
        "problems.json",
    } <= names
    assert {f"test_exp1_with_context_{cell}.json" for cell in CELLS} <= names
    assert list(recipe.validate(tmp_path)) == []
    rows = read_rows(tmp_path / "train_exp2_without_context_k1.json", 2)
    assert len(rows) == len(sets.train)
    assert isinstance(rows[0], KINDS[2])
    again = recipe_for(tmp_path, new_students=0.3)
    assert problems_of(again).train


def test_a_source_that_changed_after_its_problems_were_made_is_refused(plain, tmp_path):
    recipe, sets = plain
    (tmp_path / "problems.json").write_text(write_questions(QUESTIONS))
    (tmp_path / "streams.jsonl").write_text(write_streams(course(5).streams))
    made = built_dataset(recipe, sets)
    with pytest.raises(InputError, match="has changed"):
        recipe_for(tmp_path).files(made)


def test_the_card_says_what_a_row_is_and_how_many_there_are(plain):
    recipe, sets = plain
    card = recipe.card(built_dataset(recipe, sets))
    assert f"{len(sets.train)} train" in card
    assert "Students bear numbers" in card
    assert "train_exp2_without_context_k1.json" in card
