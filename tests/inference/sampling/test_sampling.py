import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError
from codekiln.inference import Sampling
from codekiln.inference.sampling.job import SamplingJob
from tests import toy_models as toy

PROBLEMS = [Problem(task_id=f"t{number}", prompt=f"Write f{number}.") for number in range(7)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A base model, problems, and the samples that one process draws."""
    folder = tmp_path_factory.mktemp("sampling")
    toy.make(folder / "base")
    write_dataset(folder / "problems", PROBLEMS, Problem)
    (folder / "one.json").write_text(json.dumps(job("one")))
    from codekiln.inference.sampling.run import run

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(SamplingJob.read(folder / "one.json"))
    return folder


def job(output: str, **changes) -> dict:
    sampling = Sampling(n=3, max_new_tokens=6, seed=1).model_dump()
    return {"base": "base", "problems": "problems", "output": output, "sampling": sampling, "label": "mine"} | changes


def sample(folder: Path, name: str, processes: int = 1) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-m"] + (
        ["torch.distributed.run", "--nproc-per-node", str(processes), "-m"] * (processes > 1)
    )
    # The base is named relative to the folder, as a Hub id would be named the same everywhere.
    return subprocess.run(
        [*start, "codekiln.inference.sampling", str(folder / f"{name}.json")],
        capture_output=True, text=True, cwd=folder, timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip


@pytest.mark.xdist_group("processes")
def test_two_processes_draw_what_one_draws_in_the_same_order(place):
    (place / "two.json").write_text(json.dumps(job("two")))
    done = sample(place, "two", processes=2)
    assert done.returncode == 0, done.stderr
    one, two = (Dataset(place / name, Sample).rows() for name in ("one", "two"))
    assert [row.task_id for row in one] == [problem.task_id for problem in PROBLEMS for _ in range(3)]
    assert one == two
    assert sorted(path.name for path in (place / "two").iterdir()) == ["data.jsonl", "manifest.json", "rejected.jsonl"]


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.xdist_group("processes")
def test_a_finished_job_asks_nothing_again(place, processes):
    before = (place / "one" / "data.jsonl").stat().st_mtime_ns
    done = sample(place, "one", processes)
    assert done.returncode == 0, done.stderr
    assert (place / "one" / "data.jsonl").stat().st_mtime_ns == before


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.xdist_group("processes")
def test_a_users_mistake_is_said_without_a_traceback(place, processes):
    (place / "wrong.json").write_text(json.dumps(job("wrong", base="missing")))
    done = sample(place, "wrong", processes)
    assert done.returncode != 0
    assert "no base model 'missing'" in done.stderr
    if processes == 1:
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_a_job_file_names_its_folders_relative_to_itself(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps(job("out", adapter="start")))
    found = SamplingJob.read(tmp_path / "job.json")
    assert (found.problems, found.adapter, found.output) == tuple(
        tmp_path / name for name in ("problems", "start", "out")
    )
    (tmp_path / "job.json").write_text(json.dumps(job("out", labell="x")))
    with pytest.raises(InputError, match="labell"):
        SamplingJob.read(tmp_path / "job.json")
    assert SamplingJob.module == "codekiln.inference.sampling"
