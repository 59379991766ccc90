"""A whole pipeline whose training and sampling run as jobs: real client, real commands, real files."""

import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from prometheus_client.parser import text_string_to_metric_families

from codekiln.data.files import sha256_file
from tests.launch.fake_api import FakeApi
from tests.launch.operator import Operator
from tests.launch.test_cluster_checks import claim, runtime
from tests.running import command

pytestmark = pytest.mark.xdist_group("processes")
SETTINGS = [
    "problems.train=12", "problems.evaluation=10", "evaluate.n=2", "evaluation.k=[1, 2]", "sft.epochs=1",
    "evaluation.minimum_problems=5", "evaluation.resamples=500", "pool=here", "evaluate.max_new_tokens=32",
]  # fmt: skip


def cluster(exchange: str, claim: str = "codekiln-workspace", **pool) -> str:
    """Return a pool of CPUs, as the chart would describe it."""
    chosen = {"runtime": "codekiln-a", "image": "codekiln/train:1", "accelerator": "", "cpu": "1", "memory": "4Gi"}
    return json.dumps({"exchange": exchange, "claim": claim, "pools": {"here": chosen | pool}})


def start(pipeline: str, workdir: Path, api: FakeApi, described: str, *settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("run", pipeline, "--workdir", str(workdir), settings=[*SETTINGS, *settings]),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "KUBECONFIG": str(api.kubeconfig), "CODEKILN_CLUSTER": described},
    )  # fmt: skip


def run(*words, **options) -> subprocess.CompletedProcess[str]:
    process = start(*words, **options)
    stdout, stderr = process.communicate(timeout=900)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@pytest.mark.parametrize("nodes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_training_and_sampling_run_as_jobs_and_the_next_step_finds_the_adapter(tmp_path, monkeypatch, nodes):
    monkeypatch.setenv("CODEKILN_METRICS_FOLDER", str(tmp_path / "metrics"))
    with FakeApi(tmp_path) as api, Operator(api) as operator:
        api.put(runtime())
        api.put(claim())
        exchange = tmp_path / "shared"
        done = run("instruct", tmp_path / "run", api, cluster(str(exchange), nodes=nodes))
        assert done.returncode in (0, 4), done.stdout + done.stderr
    names = [job["metadata"]["name"] for job in operator.ran]
    assert [name.rpartition("-")[0] for name in names] == ["sft", "evaluate-base", "evaluate-sft"]
    adapter = "adapter_model.safetensors"
    assert sha256_file(tmp_path / "run" / "sft" / adapter) == sha256_file(exchange / names[0] / "output" / adapter)
    assert "sft: 100%" in done.stdout or "steps" in done.stdout, "the job's own progress is part of the step's log"
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert list(results["contenders"]) == ["base", "sft"], "instruct stops after sft"
    for job in operator.ran:
        labels = {key.removeprefix("codekiln.dev/"): text for key, text in job["metadata"]["labels"].items()}
        assert (labels["pool"], labels["base-model"]) == ("here", "tiny")
        assert labels["recipe"]
        assert labels["run"]
    texts = [path.read_text() for path in (tmp_path / "metrics").glob("*.prom")]
    samples = [each for text in texts for metric in text_string_to_metric_families(text) for each in metric.samples]
    ran = {each.labels["stage"]: each.value for each in samples if each.name == "codekiln_job_running_seconds_total"}
    assert set(ran) == {"sft", "evaluate"}
    assert min(ran.values()) > 0
    assert {each.labels["pool"] for each in samples} == {"here"}


def test_a_pool_that_is_not_ready_is_refused_before_anything_starts(tmp_path):
    with FakeApi(tmp_path) as api, Operator(api) as operator:
        api.denied.add(("trainer.kubeflow.org", "trainjobs", "create"))
        done = run("instruct", tmp_path / "run", api, cluster(str(tmp_path / "shared"), image="codekiln/train:latest"))
    assert done.returncode == 2
    assert operator.ran == []
    for text in (
        "may not create trainjobs",
        "no immutable tag",
        "TrainingRuntime",
        "PersistentVolumeClaim",
    ):
        assert text in done.stdout, done.stdout


@pytest.fixture
def bucket(monkeypatch):
    """A bucket on an S3 server in this process, and the credentials for it."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/lab", method="PUT")).close()
    for name, value in {"ACCESS_KEY_ID": "me", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield f"s3://lab/jobs?scheme=http&endpoint_override={host}:{port}"
    server.stop()


@pytest.mark.slow
def test_the_v1_operator_and_a_bucket_do_as_well(tmp_path, bucket):
    with FakeApi(tmp_path) as api, Operator(api) as operator:
        done = run("instruct", tmp_path / "run", api, cluster(bucket, claim="", api="pytorchjob", nodes=2))
        assert done.returncode in (0, 4), done.stdout + done.stderr
    assert {job["kind"] for job in operator.ran} == {"PyTorchJob"}
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert {"base", "sft"} <= set(results["contenders"])


@pytest.mark.slow
def test_a_mistake_that_only_the_job_can_see_ends_the_step_with_the_jobs_own_words(tmp_path):
    with FakeApi(tmp_path) as api, Operator(api) as operator:
        api.put(runtime())
        api.put(claim())
        done = run("instruct", tmp_path / "run", api, cluster(str(tmp_path / "shared")), "sft.max_length=8")
    assert done.returncode == 2
    assert "error in sft" in done.stdout
    assert "max_length" in done.stdout.rpartition("error in sft")[2]
    assert "Traceback" not in done.stdout
    assert len(operator.ran) == 1


@pytest.mark.slow
def test_a_run_that_is_told_to_end_leaves_no_job_and_goes_on_from_its_checkpoint(tmp_path):
    described = cluster(str(tmp_path / "shared"))
    with FakeApi(tmp_path) as api, Operator(api) as operator:
        api.put(runtime())
        api.put(claim())
        first = start("instruct", tmp_path / "run", api, described, "sft.epochs=8", "sft.eval_every=2")
        api.wait(lambda: list((tmp_path / "shared").glob("sft-*/output/checkpoints/checkpoint-*")), seconds=240)
        os.killpg(first.pid, signal.SIGTERM)
        assert first.wait(60) != 0
        api.wait(lambda: not api.jobs(), seconds=30)
        assert api.count("delete", "trainjobs") == 1
        operator.kill()
        done = run("instruct", tmp_path / "run", api, described, "sft.epochs=8", "sft.eval_every=2")
    assert done.returncode in (0, 4), done.stdout + done.stderr
    assert "goes on at step" in done.stdout
    assert json.loads((tmp_path / "run" / "sft" / "summary.json").read_text())["resumed_from"] > 0
