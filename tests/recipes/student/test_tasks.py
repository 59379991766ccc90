"""Problems from rows: the conversation, the reference and the grading context."""

import pytest

from codekiln import models
from codekiln.errors import InputError
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.recipes.student.course import write_streams
from codekiln.recipes.student.questions import write_questions
from codekiln.recipes.student.split import CELLS
from codekiln.recipes.types import BuiltDataset
from codekiln.training.row_validation import IGNORED, validate_rows
from tests.recipes.student.helpers import (
    built_dataset,
    grade,
    problems_of,
    recipe_for,
    replies,
)
from tests.recipes.student.small_course import QUESTIONS, RIGHT, course


def test_problems_carry_the_conversation_the_cell_and_what_judges(plain):
    _, sets = plain
    assert {row.stratum for row in sets.train} == {None}
    assert {row.stratum for row in sets.evaluation} <= set(CELLS)
    assert len({row.stratum for row in sets.evaluation}) >= 3
    for row in [*sets.train, *sets.evaluation]:
        assert row.reply == "text"
        assert row.messages[-1].content == row.prompt
        assert row.grading_context["real"]["code"] not in row.prompt.rpartition("SUBMISSIONS:")[2]
    assert not {row.group for row in sets.train} & {row.group for row in sets.evaluation}


def test_no_student_id_is_shown_to_a_model_and_pseudonyms_are_used(plain):
    _, sets = plain
    text = "".join(message.content for row in [*sets.train, *sets.evaluation] for message in row.messages)
    ids = {row.grading_context["student"] for row in [*sets.train, *sets.evaluation]}
    assert not any(student in text for student in ids)
    assert not any(student.startswith("ann") for student in ids)


def test_a_row_too_long_is_cut_in_its_context_and_never_in_its_target(folder):
    recipe = recipe_for(folder, context=True, k=3, past_problems=2)
    whole = problems_of(recipe)
    sizes = [sum(len(turn.content) for turn in row.messages) + len(row.reference) for row in whole.train]
    room = max(sizes) - 1
    cut = problems_of(recipe_for(folder, context=True, k=3, past_problems=2, max_characters=room))
    assert [row.reference for row in cut.train] == [row.reference for row in whole.train]
    for row, before in zip(cut.train, whole.train, strict=True):
        assert sum(len(turn.content) for turn in row.messages) + len(row.reference) <= room
        assert row.prompt.count("<code>") <= before.prompt.count("<code>")
    assert any(row.prompt != before.prompt for row, before in zip(cut.train, whole.train, strict=True))


def test_a_row_that_cannot_be_cut_enough_is_turned_away(folder):
    sets = problems_of(recipe_for(folder, max_characters=500))
    reasons = {item.reason for item in sets.rejected}
    assert "too-long" in reasons
    assert all(len(row.prompt) + len(row.reference) <= 500 for row in [*sets.train, *sets.evaluation])


def test_feedback_shows_earlier_submissions_as_turns(folder):
    recipe = recipe_for(folder, feedback="turns", k=2)
    sets = problems_of(recipe)
    later = [row for row in sets.train if row.grading_context["attempt"] == 2]
    assert later
    for row in later:
        roles = [turn.role for turn in row.messages]
        assert roles == ["user", "assistant", "user", "assistant", "user"]
        assert row.messages[2].content.startswith("GRADER FEEDBACK:\n")
        assert "tests pass" in row.messages[2].content
    rows = built_dataset(recipe, sets).rows
    chat = load_chat_tokenizer(models.get("tiny"))
    for problem, row in zip(sets.train, validate_rows(rows.examples, chat, 2048, "examples").rows, strict=True):
        learned = [token for token in row["labels"] if token != IGNORED]
        assert chat.decode(learned) == problem.reference + chat.end_of_turn


def test_feedback_without_tests_is_refused(tmp_path):
    (tmp_path / "streams.jsonl").write_text(write_streams(course(8).streams))
    untested = {name: row.model_copy(update={"doctests": "", "tests": ()}) for name, row in QUESTIONS.items()}
    (tmp_path / "problems.json").write_text(write_questions(untested))
    with pytest.raises(InputError, match="no tests"):
        problems_of(recipe_for(tmp_path, feedback="turns"))
    sets = problems_of(recipe_for(tmp_path))
    recipe = recipe_for(tmp_path)
    (row,) = grade(recipe, sets.evaluation, replies(sets.evaluation[0], [RIGHT]))
    assert row.score("pass_rate") is row.score("no_errors") is None
    assert row.score("ast_distance") is not None
    assert "Without tests" in recipe.card(BuiltDataset([], [], [], recipe.rows([], [])))


@pytest.mark.parametrize(
    "own", [{"experiment": 1}, {"experiment": 1, "context": True}, {"context": True, "k": 3}, {"k": 5}]
)
def test_every_variant_gives_problems_for_both_splits(folder, own):
    sets = problems_of(recipe_for(folder, **own))
    assert sets.train
    assert sets.evaluation
    has_context = any("PAST PROBLEM" in row.messages[0].content for row in sets.train)
    assert has_context == bool(own.get("context"))


def test_sizes_are_kept_and_cells_are_even(folder):
    sets = problems_of(recipe_for(folder), train=5, evaluation=8)
    assert (len(sets.train), len(sets.evaluation)) == (5, 8)
    counts = [sum(row.stratum == cell for row in sets.evaluation) for cell in CELLS]
    assert max(counts) <= 3


def test_the_same_seed_gives_the_same_problems(folder, plain):
    assert problems_of(recipe_for(folder)) == plain[1]
