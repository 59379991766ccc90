"""evaluate: one shard or many give the same results, and an interrupted stage goes on at the shard where it was."""

import pytest

from codekiln import demo
from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError
from codekiln.settings.resolve import resolve
from codekiln.stages import worker_pool
from codekiln.stages.evaluate_shards import EvaluateShards
from codekiln.stages.folder_validation import validate_folder

MAIN = demo.problems("eval", count=8)
EXTRA = [
    row.model_copy(update={"task_id": f"plus/{row.task_id}", "benchmark": "plus"})
    for row in demo.problems("eval", count=12)[8:]
]


def replies(name, problem, place):
    right = place == 0 or (name == "sft" and place < 3)
    return Sample(task_id=problem.task_id, solution=problem.reference if right else "def f(): ...", model=name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_dataset(folder / "problems", [*MAIN, *EXTRA], Problem)
    for name in ("base", "sft"):
        samples = [replies(name, problem, place) for problem in (*MAIN, *EXTRA) for place in range(4)]
        write_dataset(folder / name, samples, Sample)
    return folder


def evaluate(folder, output, rows, benchmark=""):
    settings = resolve("laptop", {}, [f"shard_rows={rows}", "workers=2", "evaluation.k=[1]"])
    work = EvaluateShards(settings, folder / "problems", output, "evaluate", benchmark)
    return work.evaluate({name: Dataset(folder / name, Sample) for name in ("base", "sft")})


def untimed(output, name):
    rows = Dataset(output / name, Graded).rows()
    return [row.model_copy(update={"verdict": row.verdict.model_copy(update={"cpu_seconds": 0.0})}) for row in rows]


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("whole")
    return output, evaluate(folder, output, 100_000)


def test_results_are_those_of_the_main_problems(whole):
    output, result = whole
    assert list(result.per_problem["base"]) == [row.task_id for row in MAIN]
    assert result.samples == 4
    assert [result.contenders[name]["pass@1"].mean for name in ("base", "sft")] == [0.25, 0.75]
    assert (output / "sft" / "data.jsonl").is_file()


def test_shards_in_several_processes_give_the_same_results(folder, whole, tmp_path):
    output, result = whole
    assert evaluate(folder, tmp_path, 24) == result
    for name in ("base", "sft"):
        assert untimed(tmp_path, name) == untimed(output, name)
        assert len(list((tmp_path / name).glob("data-*-of-00003.jsonl"))) == 3
        assert not list(validate_folder(tmp_path / name))


def test_a_benchmark_is_graded_by_its_hidden_tests(folder, tmp_path):
    result = evaluate(folder, tmp_path / "one", 100, "plus")
    assert list(result.per_problem["sft"]) == [row.task_id for row in EXTRA]
    assert result.contenders["sft"]["pass@1"].mean == 0.75
    assert evaluate(folder, tmp_path / "many", 8, "plus") == result


def test_an_interrupted_evaluation_goes_on_at_the_shard(folder, whole, tmp_path, monkeypatch):
    graded, grade = [], EvaluateShards._grade

    def counted(self, problems, written):
        graded.append(problems[0].task_id)
        return grade(self, problems, written)

    def stopped(work, jobs, workers):
        yield work(jobs[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(EvaluateShards, "_grade", counted)
    with monkeypatch.context() as patch:
        patch.setattr(worker_pool, "map_in_processes", stopped)
        with pytest.raises(KeyboardInterrupt):
            evaluate(folder, tmp_path, 24)
    monkeypatch.setattr(worker_pool, "map_in_processes", lambda work, jobs, workers: map(work, jobs))
    assert evaluate(folder, tmp_path, 24) == whole[1]
    assert graded == [MAIN[place].task_id for place in (0, 3, 6)]


def test_a_contender_with_more_samples_of_some_problems_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(worker_pool, "map_in_processes", lambda work, jobs, workers: map(work, jobs))
    samples = [replies("base", problem, place) for problem in MAIN for place in range(4 + (problem == MAIN[-1]))]
    write_dataset(tmp_path / "base", samples, Sample)
    work = EvaluateShards(
        resolve("laptop", {}, ["shard_rows=5", "evaluation.k=[1]"]),
        folder / "problems",
        tmp_path / "graded",
        "evaluate",
    )
    with pytest.raises(InputError, match=f"'base' has not 4 samples for: {MAIN[-1].task_id}"):
        work.evaluate({"base": Dataset(tmp_path / "base", Sample)})
