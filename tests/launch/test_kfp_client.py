import time

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.cli.compiled_pipelines import find_pipeline, pipeline_names
from codekiln.errors import ClusterError, InputError
from codekiln.launch import kfp_client, upload
from codekiln.launch.kfp_client import KfpClient
from tests.launch.fake_kubeflow import FakeKubeflow


@pytest.fixture
def server():
    fake = FakeKubeflow()
    yield fake
    fake.close()


def test_a_submitted_run_carries_the_pipeline_and_the_arguments(server):
    client = KfpClient(server.url)
    run = client.submit(find_pipeline("align"), {"pool": "h200", "profile": "cluster"}, "mine", "team")
    assert run == "run-1"
    sent = server.runs[0]
    assert sent["display_name"] == "mine"
    assert sent["experiment_id"] == server.experiments["team"]["experiment_id"]
    assert sent["runtime_config"]["parameters"] == {"pool": "h200", "profile": "cluster"}
    assert sent["pipeline_spec"]["pipeline_spec"]["pipelineInfo"]["name"] == "align"
    assert (
        "exec-sft" in sent["pipeline_spec"]["platform_spec"]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    )


def test_an_argument_the_pipeline_does_not_take_is_refused_before_anything_is_sent(server):
    with pytest.raises(InputError, match="takes no 'pol'(.|\n)*did you mean 'pool'"):
        KfpClient(server.url).submit(find_pipeline("align"), {"pol": "h200"}, "mine", "team")
    assert server.runs == []


def test_following_says_every_change_once_and_ends_with_success(server):
    said = []
    server.states = [
        ("RUNNING", {"check": "RUNNING", "check-driver": "SUCCEEDED", "root": "RUNNING"}, ""),
        ("RUNNING", {"check": "SUCCEEDED", "sft": "PENDING"}, ""),
        ("RUNNING", {"check": "SUCCEEDED", "sft": "RUNNING"}, ""),
        ("SUCCEEDED", {"check": "SUCCEEDED", "sft": "SUCCEEDED"}, ""),
    ]
    KfpClient(server.url).follow("run-1", said.append, poll=0.01)
    assert said[:-1] == ["check: running", "check: succeeded", "sft: pending", "sft: running", "sft: succeeded"]
    assert said[-1].endswith("/#/runs/details/run-1")


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_a_run_that_ends_badly_is_an_error_with_the_task_and_its_reason(server, state):
    server.states = [(state, {"check": "SUCCEEDED", "sft": "FAILED"}, "out of memory")]
    with pytest.raises(ClusterError, match=f"ended as {state}\n  sft: out of memory\n.*runs/details/run-1"):
        KfpClient(server.url).follow("run-1", lambda line: None, poll=0.01)


@pytest.mark.parametrize("trouble", [503, -1])
def test_a_server_that_is_away_for_a_while_is_waited_for(server, trouble):
    said, client = [], KfpClient(server.url)
    server.refuse, server.refusals = trouble, 5
    client.follow("run-1", said.append, poll=0.02)
    assert sum("does not answer" in line for line in said) == 1
    assert "succeeded" in said[-1]


def test_a_run_that_does_not_exist_is_no_endless_wait(server):
    client = KfpClient(server.url)
    server.refuse = 404
    with pytest.raises(InputError, match="HTTP 404"):
        client.follow("run-9", lambda line: None, poll=0.01)


def test_uploading_twice_changes_nothing(server):
    client, package = KfpClient(server.url), find_pipeline("instruct")
    assert client.upload(package).endswith("uploaded")
    assert client.upload(package).endswith("is there already")
    (versions,) = server.versions.values()
    assert len(versions) == 1
    assert list(server.pipelines) == ["codekiln instruct"]


def test_a_changed_pipeline_is_a_new_version_of_the_same_pipeline(server, tmp_path):
    client = KfpClient(server.url)
    client.upload(find_pipeline("data"))
    changed = tmp_path / "data.yaml"
    changed.write_text(find_pipeline("data").read_text().replace("codekiln/cpu:", "registry/codekiln/cpu:"))
    client.upload(changed)
    assert len(server.pipelines) == 1
    assert [len(versions) for versions in server.versions.values()] == [2]


def test_a_wrong_token_says_how_to_give_one(server):
    server.token = "right"
    with pytest.raises(InputError, match="401(.|\n)*--token-file"):
        KfpClient(server.url, token="wrong")
    KfpClient(server.url, token="right")


def test_no_server_says_how_to_reach_one():
    with pytest.raises(InputError, match="cannot be reached(.|\n)*port-forward"):
        KfpClient("http://127.0.0.1:9")


def test_the_submit_command_waits_and_exits_with_the_runs_verdict(server, monkeypatch):
    monkeypatch.setattr(kfp_client, "POLL_SECONDS", 0.01)
    words = ["submit", "align", "--host", server.url, "--pool", "h200", "--set", "seed=1", "--set", "sft.epochs=1"]
    done = CliRunner().invoke(main, [*words, "--wait"])
    assert done.exit_code == 0, done.output
    assert "/#/runs/details/run-1" in done.output
    assert server.runs[0]["runtime_config"]["parameters"]["overrides"] == "seed=1\nsft.epochs=1"
    server.states = [("FAILED", {"sft": "FAILED"}, "no such pool")]
    done = CliRunner().invoke(main, [*words, "--wait"])
    assert done.exit_code == 1
    assert "sft: no such pool" in done.output


def test_submit_refuses_settings_that_check_would_refuse(server):
    done = CliRunner().invoke(main, ["submit", "align", "--host", server.url, "--set", "sft.epoch=1"])
    assert done.exit_code == 2
    assert "did you mean 'epochs'" in done.output
    assert server.runs == []


def test_the_charts_upload_waits_for_a_server_that_is_still_starting(server, monkeypatch):
    monkeypatch.setattr(upload, "PAUSE_SECONDS", 0.05)
    server.refuse, server.refusals = -1, 3
    files = [str(find_pipeline(name)) for name in pipeline_names()]
    done = CliRunner().invoke(upload.main, ["--host", server.url, *files])
    assert done.exit_code == 0, done.output
    assert "waiting for" in done.output
    assert len(server.pipelines) == len(files)


def test_the_charts_upload_gives_up_with_a_reason(monkeypatch):
    monkeypatch.setattr(upload, "PAUSE_SECONDS", 0.05)
    start = time.monotonic()
    words = ["--host", "http://127.0.0.1:9", "--wait", "0", str(find_pipeline("data"))]
    done = CliRunner().invoke(upload.main, words)
    assert done.exit_code == 2
    assert "cannot be reached" in done.output
    assert time.monotonic() - start < 30
