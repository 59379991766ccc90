"""Thoughts: those of the data are learned, and a teacher writes those that are missing."""

import json

import pytest

from codekiln.data.records import Sample
from codekiln.errors import InputError
from codekiln.recipes.student.questions import write_questions
from codekiln.recipes.student.reconstruction import refuse_missing, samples_with_thoughts
from codekiln.recipes.student.schema import read_rows, split_thought
from codekiln.recipes.student.templates import TEMPLATES
from tests.recipes.student.helpers import built_dataset, grade, problems_of, recipe_for
from tests.recipes.student.small_course import QUESTIONS, WRONG, common, course


class Talker:
    """A teacher that answers each request with the same texts."""

    def __init__(self, *texts):
        self.texts, self.asked = texts, []

    def solve(self, problems):
        for problem in problems:
            self.asked.append(problem)
            yield problem, [Sample(task_id=problem.task_id, solution=text, model="talker") for text in self.texts]


@pytest.fixture(scope="module")
def thinking(folder):
    recipe = recipe_for(folder, thinking=True)
    # The teacher of the laptop profile writes no thoughts: these problems are made for another.
    recipe.settings = recipe.settings.model_copy(update={"thinking": False})
    sets = problems_of(recipe)
    recipe.settings = recipe.settings.model_copy(update={"thinking": True})
    return recipe, sets


def test_a_teacher_writes_the_thought_before_a_known_submission(thinking):
    recipe, sets = thinking
    talker = Talker("", "I'd write ```python\nx\n``` now.", "Oh, the sign. I'll change it.", "Later.")
    found = list(samples_with_thoughts(sets.train, talker, TEMPLATES["tags"]))
    assert [problem for problem, _ in found] == sets.train
    for problem, (sample,) in found:
        assert sample.solution == f"<think>\nOh, the sign. I'll change it.\n</think>\n\n{problem.reference}"
    asked = talker.asked[0].messages[-1].content
    assert "PROBLEM INSTRUCTIONS" in asked
    assert asked.endswith("</code>")
    assert "Hand in what this student would" not in asked
    rows = recipe.rows(sets.train, grade(recipe, sets.train, [sample for _, (sample,) in found]))
    assert [row.completion[0].content for row in rows.examples] == [sample.solution for _, (sample,) in found]
    assert rows.pairs
    for pair in rows.pairs:
        assert split_thought(pair.chosen[0].content)[0] == split_thought(pair.rejected[0].content)[0] != ""


def test_without_a_thought_there_is_no_row(thinking):
    _, sets = thinking
    assert [many for _, many in samples_with_thoughts(sets.train[:2], Talker("x" * 900), TEMPLATES["tags"])] == [[], []]
    with pytest.raises(InputError, match="writes none"):
        refuse_missing(sets.train, "reference")
    refuse_missing(sets.train, "endpoint")


def test_thoughts_of_streams_are_learned_and_left_out_on_request(tmp_path):
    streams = [one for one in course(8).streams if one.question == "double"]
    rows = [
        {"student_id": one.student, "semester": "au", "question_name": "double", "submissions": one.submissions,
         "thoughts": [f"Try {number}." for number in range(len(one.submissions))]}
        for one in streams
    ]  # fmt: skip
    (tmp_path / "streams.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "problems.json").write_text(write_questions(QUESTIONS))
    own = {"new_problems": 0.0, "thinking": True}
    recipe = recipe_for(tmp_path, **own)
    sets = problems_of(recipe)
    made = built_dataset(recipe, sets)
    learned = {split_thought(row.completion[0].content)[0] for row in made.rows.examples}
    assert learned <= {"Try 0.", "Try 1.", "Try 2."}
    assert learned
    assert all(row.score("thinks") == 1 for row in made.graded)
    published = tmp_path / "train_exp2_without_context_k1.json"
    published.write_text(recipe.files(made)[published.name])
    assert all(row.thought for row in read_rows(published, 2))
    silent = problems_of(recipe_for(tmp_path, **own | {"thinking": False}))
    assert not any("<think>" in row.reference for row in silent.train)


def test_rows_of_inside_are_read(tmp_path):
    given = {
        **common(student="s1"), "curr_problem_prior_submissions": ["a", WRONG],
        "curr_problem_prior_bot_feedback": ["Look at the sign."],
    }  # fmt: skip
    row = {"INPUT": given, "OUTPUT": "<think>\nOh.\n</think>\n\ndef double(x):\n    return 2 * x\n<SUBMIT>"}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row | {"RAW_INTERNAL_DIALOGUE_OUTPUT": "<think>Oh.</think>"}) + "\n")
    (found,) = read_rows(path, 2)
    assert (found.thought, found.code, found.submitted) == ("Oh.", "def double(x):\n    return 2 * x", True)
    path.write_text(path.read_text() + "{oops\n")
    with pytest.raises(InputError, match="is not JSON") as caught:
        read_rows(path, 2)
    assert caught.value.where == f"{path}:2"
