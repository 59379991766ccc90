import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from codekiln.data.readers import ProblemNames, iterate_samples, read_located_samples, read_samples
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, InputErrors


def write(path: Path, rows: list[Any]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def names(*task_ids: str) -> ProblemNames:
    return ProblemNames([Problem(task_id=task_id, prompt="") for task_id in task_ids])


def found(problems: ProblemNames, task_id: str) -> str | None:
    problem = problems.find(task_id)
    return problem.task_id if problem else None


def test_rows_of_every_kind(tmp_path: Path) -> None:
    rows = [{"task_id": 7, "solution": "x"}, {"task_id": "Mbpp/8", "completion": "z", "seed": 1, "model": "m"}]
    wanted = [Sample(task_id="7", solution="x"), Sample(task_id="Mbpp/8", completion="z", seed=1, model="m")]
    for name in ("s.jsonl", "s.jsonl.gz"):
        assert read_samples(write(tmp_path / name, rows)) == wanted
    (tmp_path / "s.json").write_text(json.dumps(rows, indent=1))
    assert read_samples(tmp_path / "s.json") == wanted
    (tmp_path / "bom.jsonl").write_bytes(b"\xef\xbb\xbf" + write(tmp_path / "s.jsonl", rows).read_bytes())
    assert read_samples(tmp_path / "bom.jsonl") == wanted
    crlf = (tmp_path / "s.jsonl").read_bytes().replace(b"\n", b"\r\n")
    (tmp_path / "crlf.jsonl").write_bytes(crlf)
    assert read_samples(tmp_path / "crlf.jsonl") == wanted


def test_other_fields_are_ignored_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"task_id": "a", "solution": "x", "_identifier": 1, "metadata": {}},
        {"task_id": "b", "solution": "y", "completion": "z", "logprob": -1.0, "seed": "s", "model": ["m"]},
        {"task_id": "c", "solution": None, "completion": "z", "nothing": None},
    ]
    path = write(tmp_path / "s.jsonl", rows)
    assert read_samples(path) == [
        Sample(task_id="a", solution="x"), Sample(task_id="b", solution="y"), Sample(task_id="c", completion="z"),
    ]  # fmt: skip
    said = capsys.readouterr()
    assert said.err == f"{path}: ignored fields: completion, logprob, metadata, model, seed\n"
    assert said.out == ""
    write(path, [{"task_id": "a", "solution": "x", **{f"field{number:03}": 1 for number in range(300)}}])
    read_samples(path)
    assert capsys.readouterr().err.endswith("field009 and 290 more\n")
    write(path, [{"task_id": "a", "solution": "x", "_path": 1}])
    read_samples(path)
    assert capsys.readouterr().err == ""


def test_malformed_rows_are_named_at_once_after_the_others(tmp_path: Path) -> None:
    rows = [
        {"task_id": "a"}, {"task_id": "a", "solution": 5}, {"solution": "x"}, ["x"],
        {"task_id": 1.5, "solution": ""}, {"task_id": "a", "solution": "x"},
    ]  # fmt: skip
    path = write(tmp_path / "s.jsonl", rows)
    places = []
    with pytest.raises(InputErrors) as raised:  # noqa: PT012
        for where, _ in iterate_samples(path):
            places.append(where)
    assert places == [f"{path}:6"]
    fields = ["1", "2.solution", "3", "4", "5"]
    assert [error.where for error in raised.value.errors] == [f"{path}:{field}" for field in fields]


def test_a_wrong_file_is_a_few_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", [{"question": number} for number in range(5000)])
    with pytest.raises(InputErrors) as raised:
        read_samples(path)
    (error,) = raised.value.errors
    assert error.what == "not a known form of samples: 5,000 rows, with the fields question"
    assert error.where == f"{path}:1"
    assert all(name in error.fix for name in ("question_id", "task_id", "completion", "generated_code", "responses"))


def test_a_folder_in_the_layout_of_evalplus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, count in (("HumanEval_10", 1), ("HumanEval_2", 11)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.py").write_bytes(b"\xef\xbb\xbf" * (number % 2) + f"n = {number}\n".encode())
    (tmp_path / "eval_results.json").write_text("{}")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / ".cache").mkdir()
    samples = read_located_samples(tmp_path)
    assert [sample.task_id for _, sample in samples] == ["HumanEval_2"] * 11 + ["HumanEval_10"]
    assert [sample.solution for _, sample in samples] == [f"n = {number}\n" for number in (*range(11), 0)]
    assert samples[10][0] == str(tmp_path / "HumanEval_2" / "10.py")
    assert capsys.readouterr().err == f"{tmp_path}: ignored files: eval_results.json\n"


def test_a_flat_folder_and_one_without_programs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no programs"):
        read_samples(tmp_path)
    (tmp_path / "Mbpp_3.py").write_text("x = 1\n")
    assert read_samples(tmp_path) == [Sample(task_id="Mbpp_3", solution="x = 1\n")]
    (tmp_path / "Mbpp_4.py").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"Mbpp_4\.py: is not UTF-8"):
        read_samples(tmp_path)


@pytest.mark.parametrize("name", ["11", "Mbpp/11", "MBPP/11", "mbpp_11", "Mbpp-011", "mbpp/11 "])
def test_a_problem_has_many_names(name: str) -> None:
    assert found(names("Mbpp/2", "Mbpp/11", "Mbpp/111"), name) == "Mbpp/11"
    assert found(names("2", "11"), name) == "11"


def test_names_of_other_problems() -> None:
    assert found(names("Mbpp/2"), "HumanEval/2") is None
    assert found(names("Mbpp/2", "HumanEval/2"), "2") is None
    assert found(names("Mbpp/2", "HumanEval/2"), "humaneval_2") == "HumanEval/2"
    assert found(names("a_1", "a/1"), "a_1") == "a_1"
    assert found(names("a_1", "a/1"), "A-1") is None
    assert found(names("add"), "add/1") is None
    assert found(names("Own/add"), "add") == "Own/add"


@pytest.mark.parametrize("name", ["1873_A", "LiveCodeBench/1873_A", "livecodebench_1873_a"])
def test_a_name_within_a_set_may_have_a_mark_itself(name: str) -> None:
    assert found(names("LiveCodeBench/1873_A", "LiveCodeBench/abc301_a", "LiveCodeBench/2824"), name) == (
        "LiveCodeBench/1873_A"
    )
    assert found(names("A/1873_A", "B/1873_A"), "1873_A") is None


def test_a_name_that_fits_none_has_a_hint() -> None:
    error = names("Mbpp/2", "Mbpp/3").refusal("Mbp/2x", "s.jsonl:3")
    assert (error.where, error.what) == ("s.jsonl:3.task_id", "no problem is called 'Mbp/2x'")
    assert names(*map(str, range(400))).refusal("zzz", "s:1").fix == "name a problem: they are called like '0'"


@pytest.mark.parametrize("name", ["response", "generation", "generated_text", "output"])
def test_a_reply_by_another_name_is_a_completion(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "s.jsonl", [{"task_id": "a", name: "x"}, {"task_id": "b", name: "y", "solution": "z"}])
    assert read_samples(path) == [Sample(task_id="a", completion="x"), Sample(task_id="b", solution="z")]


def test_several_replies_in_a_row_are_as_many_samples(tmp_path: Path) -> None:
    stored = [{"task_id": 11, "generated_sequences": ["x", "y"]}, {"task_id": 12, "generated_sequences": ["z"]}]
    path = tmp_path / "run_1.json"
    path.write_text(json.dumps(stored, indent=4))
    assert read_located_samples(path) == [
        (f"{path}[0].generated_sequences[0]", Sample(task_id="11", completion="x")),
        (f"{path}[0].generated_sequences[1]", Sample(task_id="11", completion="y")),
        (f"{path}[1].generated_sequences[0]", Sample(task_id="12", completion="z")),
    ]
    path = write(tmp_path / "s.jsonl", [{"task_id": "a", "solutions": ["x"], "model": "m"}])
    assert read_samples(path) == [Sample(task_id="a", solution="x", model="m")]
    path = write(tmp_path / "s.jsonl", [{"task_id": "a", "responses": ["x", 1]}])
    with pytest.raises(InputErrors, match=r"s\.jsonl:1\.responses\[1\]: 'responses' holds no text: 1"):
        read_samples(path)


def test_a_row_with_an_empty_list_of_replies_has_no_sample(tmp_path: Path) -> None:
    rows = [{"task_id": "a", "responses": []}, {"task_id": "b", "response": "x"}]
    assert read_samples(write(tmp_path / "s.jsonl", rows)) == [Sample(task_id="b", completion="x")]
