"""The text's schema: both experiments, both vocabularies of the stage, and messages that name file, row and field."""

import json

import pytest

from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.schema import STAGES, NextRow, StageRow, read_rows, split_submit, write_rows
from tests.recipes.student.small_course import RIGHT, common, next_row, stage_row


def written(tmp_path, rows):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows))
    return path


def stage_json(**fields):
    return {"INPUT": {**common(), "past_problem_submissions": [], **fields}, "OUTPUT": RIGHT}


def next_json(**fields):
    given = {**common(), "curr_problem_prior_submissions": [], "past_problem_submissions": []}
    return {"INPUT": given | fields, "OUTPUT": RIGHT}


@pytest.mark.parametrize("key", ["stage", "quantile"])
@pytest.mark.parametrize("word", sorted(STAGES))
def test_the_stage_is_read_from_either_key_in_either_vocabulary(tmp_path, key, word):
    (row,) = read_rows(written(tmp_path, [stage_json(**{key: word})]), 1)
    assert row.INPUT.stage == STAGES[word]
    assert "quantile" not in json.loads(write_rows([row]))[0]["INPUT"]


def test_both_keys_are_fine_when_they_agree_and_refused_when_not(tmp_path):
    agreeing = stage_json(stage="submission_mid", quantile="submission_q1")
    (row,) = read_rows(written(tmp_path, [agreeing]), 1)
    assert row.INPUT.stage == "submission_mid"
    with pytest.raises(InputErrors) as caught:
        read_rows(written(tmp_path, [stage_json(stage="submission_mid", quantile="submission_q2")]), 1)
    assert "row 1.INPUT.quantile" in str(caught.value)


def test_the_word_none_in_place_of_a_submission_is_left_out(tmp_path):
    prior = ["None", "None", "x = 1"]
    (row,) = read_rows(written(tmp_path, [next_json(curr_problem_prior_submissions=prior)]), 2)
    assert row.INPUT.curr_problem_prior_submissions == ("x = 1",)
    assert "None" not in write_rows([row])


def test_the_word_none_after_a_submission_is_a_mistake(tmp_path):
    with pytest.raises(InputErrors, match="row 1.INPUT.curr_problem_prior_submissions"):
        read_rows(written(tmp_path, [next_json(curr_problem_prior_submissions=["x = 1", "None"])]), 2)


def test_every_mistake_of_every_row_is_named_at_once(tmp_path):
    rows = [
        stage_json(stage="submission_q7", semester=2021),
        stage_json(stage="submission_q0"),
        {"INPUT": {"stage": "submission_q0"}, "OUTPUT": " "},
        "nonsense",
        stage_json(stage="submission_q0", unknown=1, student_id=" "),
    ]
    path = written(tmp_path, rows)
    with pytest.raises(InputErrors) as caught:
        read_rows(path, 1)
    places = {error.where for error in caught.value.errors}
    assert {
        f"{path}: row 1.INPUT.stage",
        f"{path}: row 1.INPUT.semester",
        f"{path}: row 3.INPUT.student_id",
        f"{path}: row 3.INPUT.instructions",
        f"{path}: row 3.OUTPUT",
        f"{path}: row 4",
        f"{path}: row 5.INPUT.unknown",
        f"{path}: row 5.INPUT.student_id",
    } <= places
    assert not any("row 2" in place for place in places)


@pytest.mark.parametrize(("row", "experiment"), [(next_json(), 1), (stage_json(stage="submission_q0"), 2)])
def test_a_row_of_the_other_experiment_says_so(tmp_path, row, experiment):
    with pytest.raises(InputErrors, match=f"row of experiment {3 - experiment}"):
        read_rows(written(tmp_path, [row]), experiment)


def test_feedback_is_at_most_one_text_for_each_prior_submission(tmp_path):
    row = next_json(curr_problem_prior_submissions=["x = 1"], curr_problem_prior_bot_feedback=["Try.", "Again."])
    with pytest.raises(InputErrors, match="row 1.INPUT.curr_problem_prior_bot_feedback"):
        read_rows(written(tmp_path, [row]), 2)


def test_a_file_is_an_array_of_rows_with_the_keys_of_the_text(tmp_path):
    path = tmp_path / "both.json"
    path.write_text(write_rows([stage_row(), stage_row(stage="submission_last")]))
    assert read_rows(path, 1) == [stage_row(), stage_row(stage="submission_last")]
    first = json.loads(path.read_text())[0]
    assert list(first) == ["INPUT", "OUTPUT"]
    assert list(first["INPUT"]) == [*common(), "stage", "past_problem_submissions"]
    second = json.loads(write_rows([next_row(prior=("x",))]))[0]
    assert list(second["INPUT"]) == [*common(), "curr_problem_prior_submissions", "past_problem_submissions"]


@pytest.mark.parametrize(
    ("content", "says"),
    [('{"INPUT": 1}', "not a JSON array"), ("[\n{]", ":2"), (b"\xff\xfd", "UTF-8"), (None, "no such file")],
)
def test_a_file_that_is_no_json_array_says_what_is_wrong(tmp_path, content, says):
    path = tmp_path / "rows.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=says):
        read_rows(path, 1)


def test_the_marker_of_a_final_attempt_is_no_part_of_the_code():
    assert split_submit("x = 1\n<SUBMIT>\n") == ("x = 1", True)
    assert split_submit("x = 1") == ("x = 1", False)
    assert isinstance(next_row(), NextRow)
    assert isinstance(stage_row(), StageRow)
    assert next_row("x = 1\n<SUBMIT>").code == "x = 1"
    assert next_row("x = 1\n<SUBMIT>").submitted
