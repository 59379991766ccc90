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
from tests.launch.fake_status_server import running

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


@pytest.fixture
def server(tmp_path, monkeypatch):
    yield from running(tmp_path, monkeypatch)


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
def test_two_processes_draw_what_one_draws_in_the_same_order_and_one_reports(place, server):
    (place / "two.json").write_text(json.dumps(job("two")))
    done = sample(place, "two", processes=2)
    assert done.returncode == 0, done.stderr
    one, two = (Dataset(place / name, Sample).rows() for name in ("one", "two"))
    assert [row.task_id for row in one] == [problem.task_id for problem in PROBLEMS for _ in range(3)]
    assert one == two
    assert server.trainer_status["metrics"][0] == {"name": "samples", "value": "21"}
    assert [each["progressPercentage"] for each in server.received].count(100) == 1
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


def test_a_job_in_the_cluster_reports_its_progress(place, server, monkeypatch):
    from codekiln.inference import local
    from codekiln.inference.sampling.run import run

    monkeypatch.chdir(place)
    (place / "reported.json").write_text(json.dumps(job("reported")))
    # Two of seven problems were answered before a restart; each batch is one problem.
    (place / "reported").mkdir()
    rows = [json.loads(line) for line in (place / "one" / "data.jsonl").read_text().splitlines()]
    answered = [{"task_id": name, "samples": [row for row in rows if row["task_id"] == name]} for name in ("t0", "t1")]
    (place / "reported" / "partial.jsonl").write_text("".join(json.dumps(each) + "\n" for each in answered))
    monkeypatch.setattr(local.LocalGenerator, "_rows", lambda self, width: 3)
    run(SamplingJob.read(place / "reported.json"))
    shares = [each["progressPercentage"] for each in server.received]
    assert (min(shares), shares[-1]) == (2 * 100 // 7, 100)
    assert set(shares) <= {number * 100 // 7 for number in range(2, 7)} | {99, 100}
    assert server.trainer_status["metrics"] == [
        {"name": "samples", "value": "21"},
        {"name": "total_samples", "value": "21"},
    ]
    assert server.refused == []
