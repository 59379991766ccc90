"""Replies as edit scripts are judged by the same proof as whole programs."""

import json
from dataclasses import replace

import pytest

from codekiln.recipes.debugging import tasks
from codekiln.recipes.debugging.edit_replies import read_edits, write_edits
from codekiln.recipes.debugging.grading import MEASURES, grade_replies, parse_reply
from codekiln.recipes.debugging.material import ErrorCounts
from codekiln.recipes.debugging.prompts import EDITS_SYSTEM
from codekiln.recipes.debugging.tags import ExerciseRequest, Explanation, read_reply, read_request, write_request
from codekiln.recipes.debugging.validate import validate
from codekiln.recipes.types import BuiltDataset
from tests.recipes.debugging.making import LIMITS, MATERIAL, PROGRAM, all_problems, edited, grade, recipe, run_settings
from tests.recipes.debugging.making import task as program_task

COLON = "line 5: for turn in range(count)\nwhy: The colon after `range(count)` is missing."
NAME = 'line 11: print("Each:", totl / count)\nwhy: The name `totl` was never given a value; it should be `total`.'


def task(*counts):
    return replace(program_task(*counts), reply_form="edits")


def one(asked, text):
    return grade_replies([(asked, text)], workers=1, limits=LIMITS)[0]


def reasons(found):
    return {reason for reason, _ in found.faults}


def test_a_right_reply_passes_everything():
    found = one(task(1, 1), f"{COLON}\n{NAME}")
    assert (found.faults, set(found.values.values())) == ((), {1.0})
    assert found.found == ((5, "syntax"), (11, "runtime"))


def test_lines_are_those_of_the_program_with_errors():
    text = f"delete line 4\nwhy: The line that sets `total` to 0 is missing.\n{NAME}"
    reply = read_edits(text, PROGRAM)
    assert reply.program == edited(("\ntotal = 0\n", "\n"), ("total / count", "totl / count"))
    assert reply.lines == (4, 10)


def test_two_errors_of_one_line_are_one_edit_with_two_reasons():
    bugged = edited(("if name in prices and total < 100:", "if nme in prices and total < 100"))
    said = [Explanation(7, "The name `nme` is wrong."), Explanation(7, "The colon is missing.")]
    text = write_edits(PROGRAM, bugged, said)
    assert text.count("line 7:") == 1
    assert read_edits(text, PROGRAM).explanations == tuple(said)
    assert read_edits(text, PROGRAM).program == bugged


@pytest.mark.parametrize(
    ("text", "reason", "what"),
    [
        ("", "malformed", "no line is edited"),
        ("line 99: x\nwhy: It is `x`.", "malformed", "there is no line 99"),
        (COLON.replace("why: ", ""), "malformed", "neither an edit nor the why of one: 'The colon"),
        (COLON.split("\n")[0], "malformed", "no why explains the edit of line 5"),
        (f"why: Because.\n{COLON}", "malformed", "neither an edit nor the why of one: 'why: Because.'"),
        (f"Here it is:\n{COLON}", "malformed", "neither an edit"),
        (f"{COLON}\n{NAME}", "runtime-count", "0 runtime errors were asked for"),
        (f"{COLON}\nline 9:\nwhy: Nothing.", "wrong-line", "line 9 is named, but nothing was changed"),
        (COLON.replace("colon", "name").replace("range", "x"), "construct-not-named", "line 5"),
    ],
)
def test_what_is_wrong_with_a_reply_is_found(text, reason, what):
    found = one(task(1), text)
    assert any(name == reason and what in said for name, said in found.faults)
    assert set(found.values) == {measure.name for measure in MEASURES}


def test_a_malformed_reply_is_still_judged_by_its_program():
    found = one(task(1), f"Sure!\n{COLON}")
    assert [found.values[name] for name in ("format_valid", "counts_exact", "lines_right")] == [0, 1, 1]


def test_what_is_explained_and_what_is_changed_must_be_the_same():
    bugged = edited(("range(count):", "range(count)"))
    with pytest.raises(ValueError, match="line 5 was changed"):
        write_edits(PROGRAM, bugged, [])
    with pytest.raises(ValueError, match="line 6 is explained"):
        write_edits(PROGRAM, bugged, [Explanation(5, "The colon."), Explanation(6, "The name.")])


def test_a_request_shows_numbered_lines_and_comes_back_as_it_was():
    request = ExerciseRequest("Add </numbered-program>.", PROGRAM, ErrorCounts(1), "edits")
    text = write_request(request)
    assert "line 4: total = 0\n" in text
    assert read_request(text) == request


def test_every_row_of_the_engine_says_the_same_in_both_forms(made):
    for problem in all_problems(made):
        other = tasks.with_edit_script(problem, EDITS_SYSTEM)
        whole, script = read_reply(problem.reference), parse_reply(tasks.injection_task(other), other.reference)
        assert (script.faults, script.lines, script.explanations) == ((), whole.lines, whole.explanations)
        assert script.program.rstrip() == whole.program.rstrip()


def test_a_data_set_of_edits_is_made_and_validated(few, tmp_path):
    made_by = recipe(content=str(few), reply_form="edits", requests_per_exercise=1, mutations_tried=2)
    sets = made_by.problems(run_settings())
    graded = grade(made_by, sets.train, [found for _, rows in made_by.reference_samples(sets.train) for found in rows])
    assert all(item.verdict.passed for item in graded)
    built = BuiltDataset(sets.train, sets.evaluation, graded, made_by.rows(sets.train, graded))
    for name, content in made_by.files(built).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert list(validate(tmp_path, LIMITS)) == []
    assert "why: ..." in made_by.card(built)
    path = tmp_path / "fine_tuning_training_parsed.jsonl"
    rows = [json.loads(line)["messages"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert {row[0]["content"] for row in rows} == {EDITS_SYSTEM}
    path.write_text(path.read_text(encoding="utf-8").replace("why: ", "why:", 1).replace("\\nwhy", "\\nhow"), "utf-8")
    assert any("malformed" in str(error) for error in validate(tmp_path, LIMITS))


def test_an_exercise_is_asked_of_a_model_in_its_form():
    from codekiln.inference import Sampling
    from codekiln.recipes.debugging.command import from_generator

    class Model:
        def generate(self, conversations, sampling):
            assert "<numbered-program>" in conversations[0][1].content
            yield ["hm", COLON]

    bugged, answers = from_generator(MATERIAL, task(1), Model(), Sampling(n=2), "model")
    assert bugged == edited(("range(count):", "range(count)"))
    assert [(item.line, item.error) for item in answers] == [(5, "syntax")]
