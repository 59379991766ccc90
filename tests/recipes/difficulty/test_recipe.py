"""The recipe as commands, from samples to a trained and evaluated model."""

import json

import pytest

from codekiln.data.readers import read_problems
from codekiln.data.records import Sample
from codekiln.recipes.difficulty import tables
from tests.recipes.difficulty.making import lines, read, samples_of
from tests.running import codekiln


@pytest.mark.slow
def test_the_laptop_rates_trains_and_judges_end_to_end(tmp_path):
    small = ["problems.train=120", "problems.evaluation=30", "evaluate.n=2", "evaluation.k=[1, 2]"]
    small += ["sft.epochs=1", "evaluation.resamples=500", "recipes.difficulty.least_samples=5"]
    run = codekiln("run", "instruct", "--recipe", "difficulty", "--workdir", str(tmp_path), settings=small)
    assert run.returncode in (0, 4), run.stdout + run.stderr  # 4: the gate refused
    results = json.loads((tmp_path / "results.json").read_text())
    for contender in ("base", "sft"):
        values = results["contenders"][contender]["pass@1"]
        assert values["low"] <= values["mean"] <= values["high"]
    proof = codekiln("validate", str(tmp_path / "filter" / "dataset"), settings=[])
    assert proof.returncode == 0, proof.stdout + proof.stderr
    rows = read(tmp_path / "filter" / "dataset", tables.RUNS_CSV)
    assert [row["run_id"] for row in rows] == ["tiny (temperature 1, top_p 1)"]


@pytest.mark.slow
def test_runs_on_mbpp_make_every_mix(tmp_path, data_dir):
    problems = read_problems(str(data_dir / "mbpp.jsonl"))
    for run in range(2):
        rows = [
            Sample(task_id=problem.task_id, solution=code).model_dump_json(exclude_none=True) + "\n"
            for index, problem in enumerate(problems)
            for code in samples_of(problem, (6, 5, 3, 1)[index % 4], n=6)
        ]
        (tmp_path / f"run-{run}.jsonl").write_text("".join(rows))
    chosen = [f"problems.source={data_dir / 'mbpp.jsonl'}", f'recipes.difficulty.runs=["{tmp_path}/run-*.jsonl"]']
    run = codekiln("run", "data", "--recipe", "difficulty", "--workdir", str(tmp_path / "work"), settings=chosen)
    assert run.returncode == 0, run.stdout + run.stderr
    folder = tmp_path / "work" / "filter" / "dataset"
    assert all(row["requested_ratio"] == row["actual_ratio"] for row in read(folder, tables.SUMMARY_CSV))
    assert all(line["mbpp_id"].isdigit() for line in lines(folder, "dataset_balanced.jsonl"))
