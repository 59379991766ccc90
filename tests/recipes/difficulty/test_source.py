"""Runs that exist already: any number of files, of samples or of graded samples, and what cannot be read says why."""

import gzip
import json

import pytest

from codekiln import teachers
from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.errors import InputError, InputErrors
from codekiln.inference import Sampling
from codekiln.recipes.difficulty import source
from codekiln.settings.resolve import resolve
from tests.recipes.difficulty.making import recipe

PROBLEMS = [
    Problem(task_id=f"Mbpp/{number}", prompt=f"Do {number}.", entry_point="f", tests=("assert f()",))
    for number in (2, 3)
]


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode())) if path.suffix == ".gz" else path.write_text(text)
    return str(path)


def sample(task_id="Mbpp/2", **fields):
    return {"task_id": task_id, "solution": "def f():\n    return 1\n", **fields}


def test_samples_of_many_files_come_together_by_problem_under_the_names_of_their_files(tmp_path):
    write(tmp_path / "runs" / "one.jsonl", [sample(), sample("Mbpp/3")])
    write(tmp_path / "runs" / "two.jsonl.gz", [sample(), sample()])
    found = source.read([str(tmp_path / "runs" / "*")], PROBLEMS)
    assert [row.model for row in found.samples["Mbpp/2"]] == ["one", "two", "two"]
    assert [row.model for row in found.samples["Mbpp/3"]] == ["one"]


@pytest.mark.parametrize("name", ["2", "MBPP/2", "Mbpp/2", 2])
def test_a_problem_may_be_called_as_other_tools_call_it(tmp_path, name):
    found = source.read([write(tmp_path / "a.jsonl", [sample(name)])], PROBLEMS)
    assert list(found.samples) == ["Mbpp/2"]


def test_graded_rows_are_read_and_their_verdicts_are_not_taken_over(tmp_path):
    verdict = Verdict(task_id="Mbpp/2", status="passed", tests_total=1, tests_run=1, tests_passed=1)
    row = Graded(sample=Sample(task_id="Mbpp/2", solution="x = 1", model="m", seed=7), verdict=verdict)
    write(tmp_path / "graded" / "base" / "data.jsonl", [row.model_dump(mode="json")])
    found = source.read([str(tmp_path / "graded" / "base")], PROBLEMS)
    assert found.samples["Mbpp/2"] == [Sample(task_id="Mbpp/2", solution="x = 1", model="base", seed=7)]


def test_the_marks_of_other_graders_are_read_over(tmp_path):
    rows = [sample(passed=True, result="passed", completion_id=0, _note="x")]
    assert source.read([write(tmp_path / "a.jsonl", rows)], PROBLEMS).samples["Mbpp/2"]


def test_models_in_one_file_are_told_apart(tmp_path):
    found = source.read([write(tmp_path / "all.jsonl", [sample(model="a"), sample(model="b")])], PROBLEMS)
    assert [row.model for row in found.samples["Mbpp/2"]] == ["all:a", "all:b"]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    paths = [write(tmp_path / run / "results.jsonl", [sample()]) for run in ("01", "02")]
    assert [row.model for row in source.read(paths, PROBLEMS).samples["Mbpp/2"]] == ["01/results", "02/results"]


def test_line_ends_become_lf_before_anything_is_graded(tmp_path):
    rows = [sample(solution="def f():\r\n    return 1\r\n")]
    (found,) = source.read([write(tmp_path / "a.jsonl", rows)], PROBLEMS).samples["Mbpp/2"]
    assert found.solution == "def f():\n    return 1\n"


def test_a_completion_becomes_a_whole_program(tmp_path):
    problem = Problem(task_id="HumanEval/0", prompt="def f():\n", entry_point="f", tests=("assert f()",))
    rows = [{"task_id": "HumanEval/0", "completion": "    return 1\n"}]
    (found,) = source.read([write(tmp_path / "a.jsonl", rows)], [problem]).samples["HumanEval/0"]
    assert found.solution == "def f():\n    return 1\n"


def test_samples_of_other_problems_are_counted(tmp_path):
    found = source.read([write(tmp_path / "a.jsonl", [sample(), sample("Mbpp/900"), sample("Mbpp/901")])], PROBLEMS)
    assert found.others == {"a": 2}


def test_everything_wrong_is_said_at_once(tmp_path):
    write(tmp_path / "bad.jsonl", [{"task_id": "Mbpp/2"}, sample()])
    write(tmp_path / "strange.jsonl", [sample("other/1")])
    write(tmp_path / "empty.jsonl", [])
    with pytest.raises(InputError) as error:
        source.read([str(tmp_path / "*.jsonl")], PROBLEMS)
    text = str(error.value)
    assert "bad.jsonl:1" in text
    assert "none of its 1 samples is of a training problem" in text
    assert "'Mbpp/2'" in text
    assert "has no samples" in text


def test_a_pattern_without_a_file_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        source.read([str(tmp_path / "nowhere*.jsonl")], PROBLEMS)


def test_the_digest_of_a_run_changes_with_its_file(tmp_path):
    path = write(tmp_path / "a.jsonl", [sample()])
    before = source.digests([path])
    write(tmp_path / "a.jsonl", [sample(), sample()])
    assert list(before) == ["a"]
    assert source.digests([path]) != before


def test_a_run_that_is_named_twice_counts_once(tmp_path, monkeypatch):
    path = write(tmp_path / "one.jsonl", [sample()])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.jsonl").symlink_to(path)
    assert len(source.read([path, "one.jsonl", "link.jsonl"], PROBLEMS).samples["Mbpp/2"]) == 1


def test_the_reference_teacher_is_refused_because_it_says_nothing_about_difficulty(train):
    reference = teachers.get("reference")
    with pytest.raises(InputError, match="says nothing about how hard"):
        list(recipe().generate(train[:1], reference(reference.Settings(), seed=0)))


def test_what_a_model_writes_says_how_it_was_really_drawn(train):
    drawn = []

    class Fake(teachers.Teacher):
        def solve(self, problems):
            for problem in problems:
                drawn.append(self.settings.sampling.temperature)
                yield problem, [Sample(task_id=problem.task_id, solution="x = 1", model="m", seed=1)]

    class Drawn(teachers.TeacherSettings):
        sampling: Sampling = Sampling(temperature=0.2)

    ((_, (sample,)),) = recipe().generate(train[:1], Fake(Drawn(sampling=Sampling(temperature=1.0)), seed=0))
    assert drawn == [1.0]
    assert sample.model == "m (temperature 1, top_p 0.95)"


def test_a_run_that_changes_changes_the_sources(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text('{"task_id": "a", "solution": "x"}\n')
    before = recipe(runs=(str(path),)).sources()
    path.write_text('{"task_id": "a", "solution": "y"}\n')
    assert before["run"] != recipe(runs=(str(path),)).sources()["run"]
    assert recipe().sources() == {}


def test_mistakes_of_problems_and_of_runs_are_said_at_once(tmp_path):
    problems = write(tmp_path / "p.jsonl", [{"task_id": "a", "promt": "x"}, {"task_id": "b", "prompt": "y"}])
    runs = write(tmp_path / "r.jsonl", [{"q": 1}] * 3)
    settings = resolve("laptop", {"recipe": "difficulty"}, [f"problems.source={problems}"])
    for read in ("problems", "read_sources"):
        with pytest.raises(InputErrors) as raised:
            getattr(recipe(runs=(runs,)), read)(settings)
        assert [error.where for error in raised.value.errors] == [f"{problems}:1.promt", f"{runs}:1"]
