import pytest

from codekiln.data import prompts
from codekiln.data.folders import Dataset
from codekiln.data.records import Problem, Sample
from codekiln.inference import Sampling
from codekiln.inference.sampling.candidates import collect, sample_programs

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
    samples = collect(PROBLEMS, solver(asked), tmp_path, "generate", "1").rows()
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


def test_replies_become_samples_in_the_order_of_the_problems():
    class Parrot:
        def generate(self, asked, sampling):
            assert list(asked) == [prompts.messages(PROBLEMS[1]), prompts.messages(PROBLEMS[2])]
            yield ["```python\nx = 1\n```", "y = 2\n"]
            yield ["", "no code"]

    sampling = Sampling(n=2, seed=5)
    answers = list(sample_programs(Parrot(), sampling, [PROBLEMS[1], PROBLEMS[2]], "parrot"))
    assert [[sample.solution for sample in samples] for _, samples in answers] == [["x = 1", "y = 2"], ["", "no code"]]
    assert [(sample.task_id, sample.model, sample.seed) for _, samples in answers for sample in samples] == [
        ("t1", "parrot", 5),
        ("t1", "parrot", 6),
        ("t2", "parrot", 5),
        ("t2", "parrot", 6),
    ]


def test_a_generator_that_loses_a_prompt_is_found_out():
    class Forgetful:
        def generate(self, asked, sampling):
            yield ["x = 1"]

    with pytest.raises(ValueError, match="shorter"):
        list(sample_programs(Forgetful(), Sampling(n=1), [PROBLEMS[1], PROBLEMS[2]], "forgetful"))
