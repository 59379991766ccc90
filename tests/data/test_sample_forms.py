"""Samples in the forms of other tools are read as the same sample; what is no form is one message."""

import json

import pytest

from codekiln.data.programs import program_of
from codekiln.data.readers import ProblemNames, iterate_samples, read_located_samples, read_samples
from codekiln.data.records import Problem
from codekiln.errors import InputErrors
from tests.data import sample_forms
from tests.data.sample_forms import FILES, GOOD, OTHER, ROWS

PROBLEMS = [
    Problem(task_id=f"HumanEval/{n}", prompt="Add one.", entry_point="f", tests=("assert f(1)",)) for n in (0, 1)
]
NAMES = ProblemNames(PROBLEMS)


def programs(path):
    """Return (name of the problem, program) of each sample of a known problem."""
    found = [(NAMES.find(sample.task_id), sample) for sample in read_samples(path)]
    return [(problem.task_id, program_of(problem, sample).strip()) for problem, sample in found if problem]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_any_tool_is_one_sample(tmp_path, name):
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(ROWS[name]) + "\n")
    assert programs(path) == [("HumanEval/0", GOOD.strip())]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_any_tool_has_its_samples(tmp_path, name):
    path = sample_forms.write(tmp_path, name)
    assert programs(path) == [(f"HumanEval/{n}", GOOD.strip()) for n in (0, 1)]


def test_several_programs_in_a_row_are_as_many_samples_in_their_order(tmp_path):
    path = tmp_path / "s.jsonl"
    rows = [
        {"question_id": "0", "code_list": [GOOD, "", OTHER], "output_list": ["x", f"```python\n{OTHER}```", "y"]},
        {"task_id": 1, "samples": [{"code": OTHER, "passed": True}, {"code": GOOD, "passed": False}]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert programs(path) == [
        ("HumanEval/0", GOOD.strip()), ("HumanEval/0", OTHER.strip()), ("HumanEval/0", OTHER.strip()),
        ("HumanEval/1", OTHER.strip()), ("HumanEval/1", GOOD.strip()),
    ]  # fmt: skip
    assert read_located_samples(path)[1][0] == f"{path}:1.code_list[1]"


def test_lists_in_the_order_of_mbpps_test_split_get_its_numbers(tmp_path):
    (tmp_path / "generations_mbpp.json").write_text(json.dumps([[GOOD]] * 500))
    found = [sample.task_id for sample in read_samples(tmp_path / "generations_mbpp.json")]
    assert (found[0], found[-1]) == ("11", "510")


def test_numbers_from_zero_are_those_of_mbpps_test_split_too(tmp_path):
    rows = {str(place): {"origin_prompt": [], "prediction": GOOD} for place in range(500)}
    (tmp_path / "mbpp.json").write_text(json.dumps(rows))
    found = read_samples(tmp_path / "mbpp.json")
    assert [found[0].task_id, found[-1].task_id] == ["11", "510"]


def test_lists_in_no_known_order_are_refused(tmp_path):
    (tmp_path / "g.json").write_text(json.dumps([[GOOD]] * 12))
    with pytest.raises(Exception, match="12 lists of replies that name no problem"):
        read_samples(tmp_path / "g.json")


@pytest.mark.parametrize(
    ("row", "what", "fix"),
    [
        (
            {"prompt_id": "a", "text": "x"},
            "with the fields prompt_id, text",
            "did you mean 'problem_id' by 'prompt_id'?",
        ),
        (
            {"task-id": "a", "completion": "x"},
            "with the fields task-id, completion",
            "did you mean 'task_id' by 'task-id'?",
        ),
        ({"task_id": "a", "complation": "x"}, "with the fields task_id, complation", "did you mean 'completion'"),
        (
            {"task_id": "a", "canonical_solutions": "x"},
            "with the fields task_id, canonical_solutions",
            "generated_code",
        ),
        ({}, "with the fields none", "task_id"),
        ({"prompt": "a", "score": 1}, "with the fields prompt, score", "name the problem as one of"),
        (
            {"question": "a", "model": "m"},
            "with the fields question, model",
            "did you mean 'question_id' by 'question'? name",
        ),
    ],
)
def test_a_file_of_an_unknown_form_is_one_message(tmp_path, row, what, fix):
    path = tmp_path / "s.jsonl"
    path.write_text((json.dumps(row) + "\n") * 1200)
    with pytest.raises(InputErrors) as raised:
        read_samples(path)
    (error,) = raised.value.errors
    assert error.what == f"not a known form of samples: 1,200 rows, {what}"
    assert fix in error.fix
    assert ("did you mean" in error.fix) == ("did you mean" in fix)
    assert str(raised.value).count("\n") == 1


def test_rows_of_an_unknown_form_among_samples_are_named_with_their_lines(tmp_path):
    path = tmp_path / "s.jsonl"
    rows = [{"task_id": "a", "solution": "x"}, {"task_id": "b", "solutoin": "x"}, {"name": "b", "solution": "x"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{\n")
    with pytest.raises(InputErrors) as raised:
        list(iterate_samples(path))
    assert [(error.where, error.what) for error in raised.value.errors[:2]] == [
        (f"{path}:2", "no program: its fields are task_id, solutoin"),
        (f"{path}:3", "no name of a problem: its fields are name, solution"),
    ]
    assert raised.value.errors[0].fix.startswith("did you mean 'solution' by 'solutoin'?")
    assert raised.value.errors[2].where == f"{path}:4"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", b"task_id,completion\n0,a,b\n", "more cells"),
        ("a.parquet", b"nonsense", "not Parquet"),
        ("a.arrow", b"nonsense", "not Arrow"),
        ("a.csv", b'task_id,completion\n0,"a\n', "not CSV"),
        ("a.csv", b"\xff\xff", "not UTF-8"),
    ],
)
def test_a_damaged_table_is_said(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Exception, match=what):
        read_samples(tmp_path / name)


@pytest.mark.parametrize(
    "row",
    [
        {"custom_id": "0", "response": {"status_code": 400, "body": {"error": {"message": "too long"}}}, "error": None},
        {"custom_id": "0", "result": {"type": "errored", "error": {"type": "error", "error": {"message": "too long"}}}},
        {"task_id": "0", "response": {"error": {"message": "too long"}}},
        {"key": "0", "error": {"code": 3, "message": "too long"}},
        {"task_id": "0", "completion": None, "error": "too long"},
    ],
)
def test_a_request_of_a_batch_that_failed_is_named_with_its_words(tmp_path, row):
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"task_id": 1, "solution": GOOD}) + "\n" + json.dumps(row))
    with pytest.raises(InputErrors) as raised:
        read_samples(path)
    found = [(error.where, error.what) for error in raised.value.errors]
    assert found == [(f"{path}:2", "the request for '0' failed (too long)")]


def test_a_reply_without_a_text_is_named_by_its_field(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(
        json.dumps({"task_id": 1, "solution": GOOD}) + "\n" + json.dumps({"task_id": 0, "response": {"x": 1}})
    )
    with pytest.raises(InputErrors, match=r"s.jsonl:2: 'response' holds no text: an object with the fields x"):
        read_samples(path)


def test_a_line_of_nul_bytes_is_named(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_bytes(json.dumps({"task_id": 1, "solution": GOOD}).encode() + b"\n" + b"\0" * 512)
    with pytest.raises(InputErrors, match="s.jsonl:2: holds NUL bytes"):
        read_samples(path)


def test_the_lines_of_csv_are_those_where_rows_begin(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('task_id,completion\n0,"def f():\n    return 1"\n1,x\n')
    assert [where for where, _ in read_located_samples(path)] == [f"{path}:2", f"{path}:4"]
