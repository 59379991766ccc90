"""Training rows: examples of real submissions, and preference pairs."""

from codekiln import models
from codekiln.data.records import Sample
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.training.row_validation import IGNORED, validate_rows
from tests.recipes.student.helpers import (
    built_dataset,
    grade,
    recipe_for,
    replies,
    reply,
)
from tests.recipes.student.small_course import RIGHT


def test_rows_can_be_trained_on_the_loss_is_on_the_submission_and_the_end_is_learned(plain):
    recipe, sets = plain
    rows = built_dataset(recipe, sets).rows
    chat = load_chat_tokenizer(models.get("tiny"))
    proven = validate_rows(rows.examples, chat, 1024, "examples")
    assert len(proven.rows) == len(sets.train) == len(rows.examples)
    for problem, row in zip(sets.train, proven.rows, strict=True):
        learned = [token for token in row["labels"] if token != IGNORED]
        assert chat.decode(learned) == problem.reference + chat.end_of_turn
        start = len(row["labels"]) - len(learned)
        assert row["labels"][:start] == [IGNORED] * start
        assert row["input_ids"][start:] == learned


def test_pairs_prefer_the_real_submission_over_another_one_of_another_grade(plain):
    recipe, sets = plain
    rows = built_dataset(recipe, sets).rows
    by_id = {row.task_id: row for row in sets.train}
    assert rows.pairs
    for pair in rows.pairs:
        problem = by_id[pair.task_id]
        assert pair.chosen[0].content == problem.reference
        assert pair.rejected != pair.chosen
        assert pair.chosen_score != pair.rejected_score
        assert pair.prompt == problem.messages
    first = next(pair for pair in rows.pairs if by_id[pair.task_id].grading_context["attempt"] == 0)
    assert first.rejected_score > first.chosen_score  # the student is not there yet
    assert not built_dataset(recipe_for(recipe.settings.source, pairs=False), sets).rows.pairs


def test_a_models_own_replies_are_rejected_against_the_real_ones_where_grades_differ(plain):
    recipe, sets = plain
    problem = next(row for row in sets.train if row.grading_context["question"] == "double")
    real = problem.grading_context["real"]["outcome"]
    other = RIGHT if real["passed"] == 0 else "x = 1"
    samples = replies(problem, [other], "tiny") + [Sample(task_id=problem.task_id, solution="nothing", model="tiny")]
    rows = recipe.rows([problem], grade(recipe, [problem], samples))
    assert [pair.rejected[0].content for pair in rows.pairs] == [reply(other, False)]
    assert rows.examples == []
    assert [item.reason for item in rows.rejected] == ["not-valid"]


def test_where_no_reply_of_a_model_has_another_grade_the_students_own_is_rejected(plain):
    recipe, sets = plain
    problem = next(row for row in sets.train if row.grading_context["other_grade"])
    broken = [Sample(task_id=problem.task_id, solution="nothing", model="tiny")]
    (pair,) = recipe.rows([problem], grade(recipe, [problem], broken)).pairs
    assert pair.rejected[0].content == problem.grading_context["other_grade"]["reply"]
