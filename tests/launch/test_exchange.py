import json
import os
import time
import urllib.request
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from codekiln.errors import ClusterError, InputError
from codekiln.inference import Sampling
from codekiln.inference.sampling.job import SamplingJob
from codekiln.launch import exchange
from tests.launch.fake_objects import PATIENCE


@pytest.fixture(scope="module")
def bucket():
    """A bucket on an S3 server in this process."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    request = urllib.request.Request(f"http://{host}:{port}/codekiln", method="PUT")
    urllib.request.urlopen(request).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield f"s3://codekiln/jobs?scheme=http&endpoint_override={host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def root(request, tmp_path):
    """A place that a step and a job both reach."""
    return str(tmp_path / "shared") if request.param == "folder" else request.getfixturevalue("bucket")


def job_in(folder: Path, adapter: bool = True) -> SamplingJob:
    for name in ("problems", "start"):
        (folder / name / "deep").mkdir(parents=True)
        (folder / name / "deep" / "file.txt").write_text(name)
    return SamplingJob(
        base="tiny",
        adapter=folder / "start" if adapter else None,
        problems=folder / "problems",
        output=folder / "result",
        sampling=Sampling(n=2),
        label="base",
    )


@pytest.mark.parametrize("adapter", [True, False])
def test_a_job_arrives_with_its_folders_and_its_output_comes_back(root, tmp_path, adapter):
    job = job_in(tmp_path, adapter)
    location = exchange.join(root, f"round-trip-{adapter}")
    exchange.put(job, location)
    with exchange.job_folder(location, node=0) as folder:
        (folder / "inner.json").write_text(json.dumps(json.loads((folder / "job.json").read_text())["job"]))
        received = SamplingJob.read(folder / "inner.json")
        assert (received.problems / "deep" / "file.txt").read_text() == "problems"
        assert (received.adapter is not None) == adapter
        if adapter:
            assert (received.adapter / "deep" / "file.txt").read_text() == "start"
        assert received.sampling == job.sampling
        received.output.mkdir(exist_ok=True)
        (received.output / "summary.json").write_text("{}")
        (received.output / "part").mkdir()
        (received.output / "part" / "weights").write_bytes(b"\0" * 100_000)
    exchange.get(location, job.output)
    assert (job.output / "summary.json").read_text() == "{}"
    assert (job.output / "part" / "weights").read_bytes() == b"\0" * 100_000


def test_a_job_that_is_there_already_is_not_replaced(root, tmp_path):
    location = exchange.join(root, "twice")
    exchange.put(job_in(tmp_path), location)
    with exchange.job_folder(location, node=0) as folder:
        (folder / "output" / "checkpoints").mkdir(parents=True)
        (folder / "output" / "checkpoints" / "state").write_text("42")
    (tmp_path / "problems" / "deep" / "file.txt").write_text("changed")
    exchange.put(job_in(tmp_path / "again"), location)
    with exchange.job_folder(location, node=0) as folder:
        assert (folder / "problems" / "deep" / "file.txt").read_text() == "problems"
        assert (folder / "output" / "checkpoints" / "state").read_text() == "42"


def test_a_job_that_is_planned_otherwise_is_written_again_over_its_folders(root, tmp_path):
    location = exchange.join(root, "planned")
    job = job_in(tmp_path)
    exchange.put(job, location)
    (tmp_path / "problems" / "deep" / "file.txt").write_text("changed")
    exchange.put(job.model_copy(update={"sampling": Sampling(n=5)}), location)
    with exchange.job_folder(location, node=0) as folder:
        assert json.loads((folder / "job.json").read_text())["job"]["sampling"]["n"] == 5
        assert (folder / "problems" / "deep" / "file.txt").read_text() == "problems"


def test_only_old_jobs_are_swept(tmp_path):
    for name in ("old", "new", "waiting"):
        exchange.put(job_in(tmp_path / name), str(tmp_path / "shared" / name))
    (tmp_path / "shared" / "unrelated").mkdir()
    month_ago = time.time() - 31 * 86400
    for name in ("old", "waiting"):
        os.utime(tmp_path / "shared" / name / "job.json", (month_ago, month_ago))
    exchange.write_heartbeat(str(tmp_path / "shared" / "waiting"))
    assert exchange.delete_stale_jobs(str(tmp_path / "shared"), 30) == 1
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == ["new", "unrelated", "waiting"]
    assert exchange.delete_stale_jobs(str(tmp_path / "nothing"), 30) == 0


def test_a_bucket_is_swept_too(bucket, tmp_path):
    root = exchange.join(bucket, "swept")
    exchange.put(job_in(tmp_path), exchange.join(root, "one"))
    assert exchange.delete_stale_jobs(root, 1) == 0
    assert exchange.delete_stale_jobs(root, -1) == 1
    assert exchange.delete_stale_jobs(root, -1) == 0


def test_half_a_copy_is_no_job(tmp_path):
    location = str(tmp_path / "shared" / "half")
    (tmp_path / "shared" / "half" / "problems").mkdir(parents=True)
    exchange.put(job_in(tmp_path), location)
    assert (tmp_path / "shared" / "half" / "problems" / "deep" / "file.txt").exists()


def test_a_complete_job_that_left_nothing_is_an_error(root, tmp_path):
    location = exchange.join(root, "nothing")
    exchange.put(job_in(tmp_path), location)
    with pytest.raises(ClusterError, match="left nothing in .*nothing/output"):
        exchange.get(location, tmp_path / "result")


def test_checkpoints_reach_storage_while_the_job_works_and_leave_it_when_they_are_removed(
    bucket, tmp_path, monkeypatch
):
    monkeypatch.setattr(exchange, "SYNC_SECONDS", 0.05)
    location = exchange.join(bucket, "mirrored")
    exchange.put(job_in(tmp_path), location)

    def stored() -> set[str]:
        store, path = exchange._filesystem(location)
        return {info.path.removeprefix(f"{path}/output/") for info in exchange._files(store, f"{path}/output")}

    def wait_for(expected: set[str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while stored() != expected:
            assert time.monotonic() < deadline, stored()
            time.sleep(0.05)

    with exchange.job_folder(location, node=0) as folder:
        first = folder / "output" / "checkpoints" / "checkpoint-1"
        first.mkdir(parents=True)
        (first / "state.json").write_text("1")
        wait_for({"checkpoints/checkpoint-1/state.json"})
        second = first.with_name("checkpoint-2")
        first.rename(second)
        wait_for({"checkpoints/checkpoint-2/state.json"})
        (folder / "output" / "summary.json").write_text("{}")
    assert stored() == {"checkpoints/checkpoint-2/state.json", "summary.json"}


def test_a_pod_that_is_told_to_stop_still_sends_its_last_checkpoint(bucket, tmp_path):
    location = exchange.join(bucket, "stopped")
    exchange.put(job_in(tmp_path), location)

    def stopped() -> None:
        with exchange.job_folder(location, node=0) as folder:
            (folder / "output" / "late").write_text("kept")
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        stopped()
    with exchange.job_folder(location, node=1) as folder:
        assert (folder / "output" / "late").read_text() == "kept"


def test_the_options_of_a_uri_stay_behind_its_path():
    assert exchange.join("s3://b/p?scheme=http", "a", "b") == "s3://b/p/a/b?scheme=http"
    assert exchange.join("/codekiln/", "a") == "/codekiln/a"


def test_a_probe_says_whether_the_place_can_be_written(root, bucket):
    assert exchange.probe(root).endswith("can be written")
    with pytest.raises(InputError, match="cannot be read or written from here"):
        exchange.probe(bucket.replace("codekiln/", "missing/"))
    with pytest.raises(InputError, match="no location that steps and jobs both reach"):
        exchange.probe("ftp://host/folder")


def test_a_folder_that_cannot_be_written_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be read or written from here"):
        exchange.put(job_in(tmp_path), str(tmp_path / "file" / "below"))
