import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from codekiln.data.readers import read_problems
from codekiln.data.records import CallTest, Problem
from codekiln.errors import InputError, InputErrors

MBPP = {
    "task_id": 7, "text": "Add one.", "code": "def f(x):\r\n\treturn x + 1", "test_setup_code": "",
    "test_list": ["assert f(1) == 2", "assert f(2)\t== 3"], "challenge_test_list": ["assert f(0) == 1"],
}  # fmt: skip
HUMANEVAL = {
    "task_id": "HumanEval/0", "prompt": 'def f(x):\n    """Add one."""\n', "entry_point": "f",
    "canonical_solution": "    return x + 1\n",
    "test": "METADATA = {}\ndef check(candidate):\n    print\n    assert True, 'idle'\n    assert candidate(1) == 2\n"
    "    assert abs(candidate(2) - 3) < 1e-6\n    for i in range(3):\n        assert candidate(i) == i + 1\n",
}  # fmt: skip


def write(path: Path, rows: list[Any]) -> str:
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(path)


def test_mbpp_shows_one_test_and_hides_the_others(tmp_path: Path) -> None:
    (problem,) = read_problems(write(tmp_path / "mbpp.jsonl", [MBPP]))
    assert (problem.task_id, problem.entry_point, problem.prompt) == ("Mbpp/7", "f", "Add one.")
    assert problem.visible_tests == ("assert f(1) == 2",)
    assert problem.tests == ("assert f(2)\t== 3", "assert f(0) == 1")
    assert problem.reference == "def f(x):\n\treturn x + 1"
    (problem,) = read_problems(write(tmp_path / "mbpp.jsonl", [MBPP]), show=0)
    assert (len(problem.visible_tests), len(problem.tests)) == (0, 3)


def test_acecode_is_read_like_mbpp_with_a_reply_that_passed_as_the_reference(tmp_path: Path) -> None:
    replies = [
        {"completion": "```python\ndef f(x):\n    return x\n```", "pass_rate": 0.3},
        {"completion": "```python\ndef f(x):\n    return x + 1\n```\n\n```python\nprint(f(1))\n```", "pass_rate": 1.0},
    ]
    row = {
        "id": "oss_7",
        "source": "oss",
        "question": "Add one.",
        "test_cases": MBPP["test_list"],
        "inferences": replies,
    }
    (problem,) = read_problems(write(tmp_path / "ace.jsonl", [row]))
    assert (problem.task_id, problem.entry_point, problem.prompt) == ("AceCode/oss_7", "f", "Add one.")
    assert (problem.visible_tests, problem.tests) == (("assert f(1) == 2",), ("assert f(2)\t== 3",))
    assert problem.reference == "def f(x):\n    return x + 1"
    with pytest.raises(InputErrors, match=r"ace.jsonl:1, item of test_cases: 1 of 1 .*: not Python"):
        read_problems(write(tmp_path / "ace.jsonl", [{**row, "test_cases": ["f(1) is 2?"]}]))
    (problem,) = read_problems(write(tmp_path / "ace.jsonl", [{**row, "inferences": None}]))
    assert problem.reference is None


def test_a_lone_test_is_never_shown(tmp_path: Path) -> None:
    row = {**MBPP, "test_list": MBPP["test_list"][:1], "challenge_test_list": []}
    (problem,) = read_problems(write(tmp_path / "mbpp.jsonl", [row]))
    assert (problem.visible_tests, problem.tests) == ((), ("assert f(1) == 2",))


def test_sanitized_mbpp_is_an_array_with_imports(tmp_path: Path) -> None:
    row = {"task_id": 2, "prompt": "Add one.", "code": "def g(x): ...", "test_imports": ["import math"]}
    row["test_list"] = ["assert math.isclose(g(1), 2)", "assert set(g(2)) == {3}"]
    path = tmp_path / "sanitized.json"
    path.write_text(json.dumps([row]))
    (problem,) = read_problems(str(path))
    assert (problem.entry_point, problem.setup, problem.task_id) == ("g", "import math", "Mbpp/2")


def test_humaneval_asserts_become_tests_and_the_loop_one_more(tmp_path: Path) -> None:
    (problem,) = read_problems(write(tmp_path / "he.jsonl.gz", [HUMANEVAL]))
    assert problem.tests[:2] == ("assert f(1) == 2", "assert abs(f(2) - 3) < 1e-06")
    assert problem.tests[2].startswith("def check(candidate):\n    for i in range(3)")
    assert problem.tests[2].endswith("check(f)")
    assert len(problem.tests) == 3
    assert problem.reference == HUMANEVAL["prompt"] + HUMANEVAL["canonical_solution"]


def test_plain_rows_and_equal_groups_for_equal_prompts(tmp_path: Path) -> None:
    plain = Problem(task_id="a", prompt="p", entry_point="f", tests=(CallTest(call=[1], expect=2),))
    assert read_problems(write(tmp_path / "p.jsonl", [plain.model_dump(mode="json")])) == [plain]
    rows = [MBPP, {**MBPP, "task_id": 8, "text": "add  one"}, {**MBPP, "task_id": 9, "text": "add two"}]
    first, second, third = read_problems(write(tmp_path / "m.jsonl", rows))
    assert first.group == second.group != third.group


@pytest.mark.parametrize(
    ("change", "what", "fix"),
    [
        ({"tests": "assert f(1) == 2"}, "is a text, where a list is needed", 'write a list: ["assert f(1) == 2"]'),
        ({"tests": "assert f(1) == ''\nassert f(2)"}, "is a text", """write a list: ["assert f(1) == ''", ...]"""),
        ({"tests": "assert " + "f" * 90}, "is a text", 'write a list: ["assert ' + "f" * 73 + '..."]'),
        ({"entry_point": "f(x)"}, "'f(x)' is no name: give the function's name alone, such as 'f'", "correct"),
        ({"entry_point": "def add(a, b):"}, "give the function's name alone, such as 'add'", "correct"),
        ({"entry_point": "f()"}, "'f()' is no name: give the function's name alone, such as 'f'", "correct"),
        ({"entry_point": "7"}, "'7' is no name: give the function's name alone", "correct"),
    ],
)
def test_a_field_of_another_form_says_its_own(tmp_path: Path, change, what, fix) -> None:
    row = {"task_id": "a", "prompt": "p", "entry_point": "f", "tests": ["assert f(1) == 2"], **change}
    with pytest.raises(InputErrors) as raised:
        read_problems(write(tmp_path / "p.jsonl", [row]))
    (error,) = raised.value.errors
    assert what in error.what
    assert error.fix.startswith(fix)


@pytest.mark.parametrize(
    ("source", "fix"),
    [
        ("https://hub.example/datasets/lab/set", "give its Hub id, 'lab/set'"),
        ("https://hub.example/datasets/lab/set/viewer/default", "give its Hub id, 'lab/set'"),
        ("hf://datasets/lab/set@main/a.jsonl", "give its Hub id, 'lab/set'"),
        ("gone.jsonl", "check the path"),
    ],
)
def test_a_source_that_is_almost_right_is_corrected(source, fix) -> None:
    with pytest.raises(InputError, match="no such file") as raised:
        read_problems(source)
    assert raised.value.fix.startswith(fix)


def test_every_malformed_row_is_named_at_once(tmp_path: Path) -> None:
    rows = [
        MBPP, {**MBPP, "task_id": 8, "code": 3}, {**MBPP, "task_id": 9, "test_list": ["assert f(1) =="]},
        {**MBPP, "task_id": 10, "test_list": []}, {key: value for key, value in MBPP.items() if key != "text"}, ["x"],
    ]  # fmt: skip
    path = write(tmp_path / "mbpp.jsonl", rows)
    with pytest.raises(InputErrors) as raised:
        read_problems(path)
    found = [error.where for error in raised.value.errors]
    fields = ["2.code", "3, test 1 of 1 (assert f(1) ==)", "4.test_list", "5.text", "6"]
    assert found == [f"{path}:{field}" for field in fields]
    assert all(error.fix for error in raised.value.errors)


def test_broken_lines_cut_archives_and_twins_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", [MBPP, '{"task_id": 3, \n', MBPP, "{\n"])
    with pytest.raises(InputErrors) as raised:
        read_problems(path)
    assert [error.where for error in raised.value.errors] == [f"{path}:2", f"{path}:3.task_id", f"{path}:4"]
    with pytest.raises(InputErrors, match="already at"):
        read_problems(write(tmp_path / "m.jsonl", [MBPP, MBPP]))
    whole = Path(write(tmp_path / "he.jsonl.gz", [HUMANEVAL])).read_bytes()
    for damaged in (whole[:-20], whole[:40]):
        (tmp_path / "he.jsonl.gz").write_bytes(damaged)
        with pytest.raises(InputError, match="he.jsonl.gz: the gzip file is damaged"):
            read_problems(str(tmp_path / "he.jsonl.gz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no rows"),
        ('{"question": 1}', "not a known problem format"),
        ("\xff", "is not UTF-8"),
        ("3", "not a known"),
        ("{'task_id': 'a', 'reference': None}", "x.jsonl:1: not JSON, but what Python prints of it"),
        ("[{'task_id': 'a', 'reference': None}]", "x.jsonl: not JSON, but what Python prints of it"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        read_problems(str(path))


@pytest.mark.parametrize(
    ("fields", "fix"),
    [
        # One field stands for one, and question_content is lacking all the same.
        ("question_id my_test_cases", 'tests, a list such as ["assert f(1) == 2"]'),
        ("task_id text code test_lists", "did you mean 'test_list' by 'test_lists'? Then it would be mbpp's form"),
    ],
)
def test_a_form_is_suggested_only_where_the_fields_meant_make_a_row_one_of_it(tmp_path: Path, fields, fix) -> None:
    with pytest.raises(InputError, match="not a known problem format") as refused:
        read_problems(write(tmp_path / "x.jsonl", [dict.fromkeys(fields.split(), "x")]))
    assert refused.value.fix.endswith((fix, '[{"stdin": "1", "stdout": "2"}]'))
    assert fix in refused.value.fix


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            (
                "task_id",
                "complete_prompt",
                "instruct_prompt",
                "code_prompt",
                "canonical_solution",
                "test",
                "entry_point",
            ),
            "BigCodeBench",
        ),
        (("question_id", "question", "solution", "test", "test_info"), "KodCode"),
        (("name", "description", "public_tests", "private_tests", "generated_tests", "solutions"), "CodeContests"),
    ],
)
def test_a_data_set_that_is_not_read_is_named_with_what_to_write(tmp_path: Path, fields, said) -> None:
    with pytest.raises(InputError, match=f"x.jsonl:1: a problem format that is not read: {said}") as refused:
        read_problems(write(tmp_path / "x.jsonl", [dict.fromkeys(fields, "x")]))
    assert "task_id, prompt, entry_point, and tests" in refused.value.fix


@pytest.mark.parametrize(
    "test",
    [
        "import unittest\nclass Tests(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(1), 2)\n",
        "from solution import f\ndef test_a():\n    assert f(1) == 2\n",
    ],
)
def test_a_test_of_a_framework_is_said_to_be_one(tmp_path: Path, test: str) -> None:
    with pytest.raises(InputErrors, match="checks nothing") as refused:
        read_problems(write(tmp_path / "he.jsonl", [{**HUMANEVAL, "test": test}]))
    assert "unittest and functions of pytest are not run" in refused.value.errors[0].fix


def test_a_format_that_no_row_has_is_named_with_the_one_they_have(tmp_path: Path) -> None:
    rows = write(tmp_path / "x.jsonl", [{"task_id": "a/1", "prompt": "p", "tests": ["assert f()"]}] * 2)
    with pytest.raises(InputError, match=r"x.jsonl: its rows have the form 'plain', not 'mbpp'") as refused:
        read_problems(rows, "mbpp")
    assert refused.value.fix == "leave problems.format at 'auto'"


@pytest.mark.parametrize("test", [{"input": "1", "output": "2"}, {"args": [1], "expected": 2}])
def test_an_object_with_no_field_of_a_test_is_told_what_a_test_is(tmp_path: Path, test: dict) -> None:
    with pytest.raises(
        InputErrors, match="is no test: write .* an object with call and expect, stdin and stdout"
    ) as one:
        read_problems(write(tmp_path / "x.jsonl", [{"task_id": "a/1", "prompt": "p", "tests": [test]}]))
    assert len(one.value.errors) == 1


def test_unknown_format_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'mbpp'"):
        read_problems(write(tmp_path / "m.jsonl", [MBPP]), "mbp")
    with pytest.raises(InputError, match="no such file"):
        read_problems(str(tmp_path / "nowhere" / "deep" / "x.jsonl"))
    for name in ("data/x.jsonl", "data/x.json.gz"):  # one folder and a name, as an id of the Hub has
        with pytest.raises(InputError, match="no such file"):
            read_problems(name)


def test_whole_files_are_read(data_dir: Path, is_public: bool) -> None:
    rows, groups, sanitized, humaneval = (974, 970, 427, 164) if is_public else (60, 59, 36, 30)
    mbpp = read_problems(str(data_dir / "mbpp.jsonl"))
    assert len(mbpp) == rows
    assert len({problem.group for problem in mbpp}) == groups
    assert all(problem.entry_point and problem.tests and len(problem.visible_tests) == 1 for problem in mbpp)
    assert not any("\r" in problem.reference for problem in mbpp)
    assert len(read_problems(str(data_dir / "sanitized-mbpp.json"))) == sanitized
    assert len(read_problems(str(data_dir / "HumanEval.jsonl.gz"))) == humaneval
