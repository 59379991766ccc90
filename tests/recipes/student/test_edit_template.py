"""Replies as edits of the submission before: they come back as what was handed in, and nothing else counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.data.edit_scripts import in_triple_quotes, parsed
from codekiln.data.records import Sample
from codekiln.recipes.student import embedded
from codekiln.recipes.student.edit_template import EDIT_TEMPLATES
from codekiln.recipes.student.templates import start_of
from tests.recipes.student.helpers import built_dataset, grade, problems_of, recipe_for
from tests.recipes.student.small_course import NO_COLON, WRONG, next_row, stage_row

TEMPLATE = EDIT_TEMPLATES["fence"]
lines = st.lists(
    st.sampled_from(["x = 1", "\ty = 2", "", "line 2: z", "print 'a'", "def f():"]), min_size=1, max_size=6
)
programs = lines.map("\n".join).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(start=programs, code=programs, submitted=st.booleans(), thought=st.sampled_from(["", "Hm, the loop?"]))
def test_every_submission_comes_back_whole(start, code, submitted, thought):
    start, code = start.strip("\n"), code.strip("\n")
    found = TEMPLATE.parse_reply(TEMPLATE.reply(code, submitted, thought, start), start)
    if code == start and not submitted:
        assert found.fault
    elif code != start:
        assert (found.code, found.submitted, found.fault, found.thought) == (code, submitted, "", thought)


def test_no_edit_of_the_class_writes_code_into_the_lines_of_a_docstring():
    template = EDIT_TEMPLATES["tags"]
    course = embedded.course(6, 3)
    for stream in course.streams:
        before = course.questions[stream.question].skeleton_code_todo
        for code in stream.submissions:
            inside, after = in_triple_quotes(before.split("\n")), in_triple_quotes(code.split("\n"))
            texts = {line for line, is_doc in zip(code.split("\n"), after, strict=True) if is_doc}
            script = [parsed(line) for line in template.reply(code, False, "", before).split("\n") if line]
            assert all(one.text in texts for one in script if one.action == "replace" and inside[one.line - 1])
            before = code


def test_the_code_that_is_edited_has_numbered_lines_and_only_that():
    (turn,) = TEMPLATE.messages(next_row(prior=(NO_COLON, WRONG)), ("no", "1 of 2"), history=True)
    assert f"```python\n{NO_COLON}\n```\nFEEDBACK RECEIVED:\nno" in turn.content
    assert "line 1: def double(x):\nline 2:     return x ** 2\nFEEDBACK RECEIVED:\n1 of 2" in turn.content
    assert "TODO CODE:\n```python" in turn.content
    for row in (next_row(), stage_row()):
        (turn,) = TEMPLATE.messages(row)
        assert "TODO CODE:\nline 1: def double(x):" in turn.content
        assert start_of(row) == "def double(x):"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "neither"),
        ("def double(x):\n    return 2 * x", "beside"),
        ("line 9: x", "no line 9"),
        ("line 1: a\nline 1: b", "twice"),
        ("<SUBMIT>", "no line is edited"),
    ],
)
def test_what_is_no_edit_script_is_its_own_code_and_not_valid(text, fault):
    found = TEMPLATE.parse_reply(text, WRONG)
    assert found.fault
    assert fault in found.fault or fault == "neither"
    assert found.code != WRONG


def replies_as_they_were(problems):
    return [Sample(task_id=one.task_id, solution=one.grading_context["start"], model="base") for one in problems]


def test_rows_pairs_and_grades_work_with_edits(folder):
    recipe = recipe_for(folder, reply_form="edits")
    sets = problems_of(recipe)
    made = built_dataset(recipe, sets)
    assert len(made.rows.examples) == len(sets.train)
    assert all(row.verdict.passed and row.score("ast_distance") == 0 for row in made.graded)
    assert made.rows.pairs
    assert all(pair.rejected[0].content for pair in made.rows.pairs)
    unchanged = grade(recipe, sets.train[:1], replies_as_they_were(sets.train[:1]))
    assert unchanged[0].score("valid") == 0
