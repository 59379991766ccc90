import pytest

from codekiln.data.folders import Dataset
from codekiln.data.records import Problem, Sample
from codekiln.inference.sampling.candidates import collect

PROBLEMS = [Problem(task_id=f"t{number}", prompt="p") for number in range(6)]


def solver(asked, stop_after=None):
    def solve(problems):
        for number, problem in enumerate(problems):
            if number == stop_after:
                raise ConnectionError("interrupted")
            asked.append(problem.task_id)
            yield (
                problem,
                [Sample(task_id=problem.task_id, solution=f"# {problem.task_id} {copy}") for copy in range(2)],
            )

    return solve


def test_an_interrupted_collection_asks_nobody_twice(tmp_path):
    asked = []
    with pytest.raises(ConnectionError):
        collect(PROBLEMS, solver(asked, stop_after=4), tmp_path, "generate", "1")
    with (tmp_path / "partial.jsonl").open("a") as file:
        file.write('{"task_id": "t4", "sam')
    samples = collect(PROBLEMS, solver(asked), tmp_path, "generate", "1")
    assert asked == [problem.task_id for problem in PROBLEMS]
    assert samples == Dataset(tmp_path, Sample).rows()
    assert [sample.task_id for sample in samples[::2]] == asked
    assert not (tmp_path / "partial.jsonl").exists()


def test_nothing_left_to_ask_asks_nobody(tmp_path):
    collect(PROBLEMS, solver([]), tmp_path / "whole", "generate", "1")
    with pytest.raises(ConnectionError):
        collect([*PROBLEMS, PROBLEMS[0]], solver([], stop_after=6), tmp_path, "generate", "1")
    asked = []
    assert len(collect(PROBLEMS, solver(asked), tmp_path, "generate", "1")) == 12
    assert asked == []
