"""A whole pipeline whose training and sampling run as jobs: real client, real commands, real files."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from codekiln.dataset import sha256_file
from tests.launch.fake_api import FakeApi
from tests.launch.operator import Operator
from tests.launch.test_probes import claim, runtime
from tests.running import command

pytestmark = pytest.mark.xdist_group("processes")
SETTINGS = [
    "problems.train=24", "problems.evaluation=30", "evaluate.n=2", "evaluation.k=[1, 2]", "sft.epochs=1",
    "evaluation.resamples=500", "pool=here", "evaluate.max_new_tokens=32",
]  # fmt: skip


def cluster(exchange: str, **pool) -> str:
    """Return a pool of CPUs, as the chart would describe it."""
    chosen = {"runtime": "codekiln-a", "image": "codekiln/train:1", "accelerator": "", "cpu": "1", "memory": "4Gi"}
    return json.dumps({"exchange": exchange, "claim": "codekiln-workspace", "pools": {"here": chosen | pool}})


def run(pipeline: str, workdir: Path, api: FakeApi, described: str, **environment: str):
    return subprocess.run(
        command("run", pipeline, "--workdir", str(workdir), settings=SETTINGS),
        capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", "KUBECONFIG": str(api.kubeconfig), "CODEKILN_CLUSTER": described}
        | environment,
    )  # fmt: skip


def test_training_and_sampling_run_as_jobs_on_two_nodes_and_the_next_step_finds_the_adapter(tmp_path):
    with FakeApi(tmp_path) as api, Operator(api) as operator:
        api.put(runtime())
        api.put(claim())
        exchange = tmp_path / "shared"
        done = run("instruct", tmp_path / "run", api, cluster(str(exchange), nodes=2))
        assert done.returncode in (0, 1), done.stdout + done.stderr
    names = [job["metadata"]["name"] for job in operator.ran]
    assert [name.rpartition("-")[0] for name in names] == ["sft", "evaluate-base", "evaluate-sft"]
    adapter = "adapter_model.safetensors"
    assert sha256_file(tmp_path / "run" / "sft" / adapter) == sha256_file(exchange / names[0] / "output" / adapter)
    assert "sft: 100%" in done.stdout or "steps" in done.stdout, "the job's own progress is part of the step's log"
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert {"base", "sft"} <= set(results["contenders"])


def test_a_pool_that_is_not_ready_is_refused_before_anything_starts(tmp_path):
    with FakeApi(tmp_path) as api, Operator(api) as operator:
        api.denied.add(("trainer.kubeflow.org", "trainjobs", "create"))
        done = run("instruct", tmp_path / "run", api, cluster(str(tmp_path / "shared"), image="codekiln/train:latest"))
    assert done.returncode == 2
    assert operator.ran == []
    for text in (
        "may not create trainjobs",
        "no tag that stays what it is",
        "TrainingRuntime",
        "PersistentVolumeClaim",
    ):
        assert text in done.stdout, done.stdout
