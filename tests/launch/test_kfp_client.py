import json
import time

import pytest
import yaml
from click.testing import CliRunner

from codekiln import __version__
from codekiln.cli import main
from codekiln.cli.compiled_pipelines import find_pipeline, pipeline_names
from codekiln.errors import ClusterError, InputError
from codekiln.launch import kfp_client, upload
from codekiln.launch.kfp_client import KfpClient
from codekiln.launch.pipeline_source import is_of_release, read_package
from tests.launch.fake_kubeflow import FakeKubeflow


@pytest.fixture
def server():
    fake = FakeKubeflow()
    yield fake
    fake.close()


def test_a_submitted_run_carries_the_pipeline_and_the_arguments(server):
    client = KfpClient(server.url)
    run = client.submit(read_package(find_pipeline("align")), {"pool": "h200", "profile": "cluster"}, "mine", "team")
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
        KfpClient(server.url).submit(read_package(find_pipeline("align")), {"pol": "h200"}, "mine", "team")
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


@pytest.fixture
def installed(server, tmp_path):
    """Install the pipelines as the chart does: with its registry, and the shared volume."""
    for name in ("align", "judge"):
        install(server, tmp_path, name)
    return server


def install(server, folder, name, namespace="", registry="reg.example.com", release=""):
    """Upload a pipeline with a chart's values; returns the name of its version."""
    pipeline, platform = yaml.load_all(find_pipeline(name).read_text(), yaml.CSafeLoader)
    inputs = pipeline["root"]["inputDefinitions"]["parameters"]
    inputs["image"]["defaultValue"] = f"{registry}/{inputs['image']['defaultValue']}"
    inputs["pool"]["defaultValue"], inputs["profile"]["defaultValue"] = "gpu", "cluster"
    for settings in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
        settings["pvcMount"] = [{"constant": "codekiln-workspace", "mountPath": "/codekiln"}]
    path = folder / f"{name}.yaml"
    path.write_text(f"{json.dumps(pipeline)}\n---\n{json.dumps(platform)}\n")
    KfpClient(server.url, namespace).upload(path)
    (versions,) = [each for key, each in server.versions.items() if each and each[-1]["pipeline_id"] == key][-1:]
    if release:
        versions[-1]["display_name"] = f"{release}-0123abcd"
    return versions[-1]["display_name"]


def submit(server, *words):
    return CliRunner().invoke(main, ["submit", "align", "--host", server.url, *words])


def test_submit_runs_the_pipeline_that_the_chart_installed(installed):
    done = submit(installed, "--pool", "h200")
    assert done.exit_code == 0, done.output
    (run,) = installed.runs
    (version,) = installed.versions[installed.pipelines["codekiln align"]["pipeline_id"]]
    assert run["pipeline_version_reference"] == {
        "pipeline_id": version["pipeline_id"],
        "pipeline_version_id": version["pipeline_version_id"],
    }
    assert "pipeline_spec" not in run
    # The chart's own defaults hold for everything else.
    assert run["runtime_config"]["parameters"] == {"pool": "h200"}
    assert f"codekiln align, version {version['display_name']}" in done.output


def test_submit_can_say_that_there_is_no_pool(installed):
    done = submit(installed, "--profile", "laptop", "--pool", "")
    assert done.exit_code == 0, done.output
    assert installed.runs[0]["runtime_config"]["parameters"] == {"profile": "laptop", "pool": ""}


def test_submit_takes_the_newest_version_of_its_release_from_any_page(server, tmp_path):
    server.largest_page = 2
    for registry in ("a", "b", "c", "d"):
        newest = install(server, tmp_path, "align", registry=registry)
    install(server, tmp_path, "align", registry="e", release="9.9.9")
    assert KfpClient(server.url).find("align").title == f"codekiln align, version {newest}"


def test_submit_runs_a_version_that_is_named(server, tmp_path):
    first = install(server, tmp_path, "align", registry="a")
    install(server, tmp_path, "align", registry="b")
    done = submit(server, "--pipeline-version", first)
    assert done.exit_code == 0, done.output
    assert server.runs[0]["pipeline_version_reference"]["pipeline_version_id"] == f"version-{first}"
    done = submit(server, "--pipeline-version", "none")
    assert done.exit_code == 2
    assert f"has no version 'none'; there are: {first}, " in done.output


def test_a_server_with_another_release_is_said_with_what_it_has(server, tmp_path):
    install(server, tmp_path, "align", release="9.9.9")
    done = submit(server)
    assert done.exit_code == 2
    assert f"has no version of release {__version__}; there are: 9.9.9-0123abcd" in done.output
    assert "--pipeline-version" in done.output
    assert server.runs == []


def test_a_server_without_the_pipeline_is_an_error_with_the_fix(server):
    done = submit(server, "--namespace", "team")
    assert done.exit_code == 2
    assert "has no pipeline 'codekiln align', neither in namespace team nor shared" in done.output
    assert "pipelines.mode" in done.output
    assert "--from-package" in done.output
    assert server.runs == []


@pytest.mark.parametrize("namespace", ["", "team"])
def test_a_profile_runs_its_own_pipelines_and_shared_ones(server, tmp_path, namespace):
    install(server, tmp_path, "align", namespace)
    assert submit(server, "--namespace", "team").exit_code == 0
    assert submit(server).exit_code == (2 if namespace else 0)


def test_the_packaged_file_says_what_it_lacks(server, tmp_path):
    done = submit(server, "--from-package", "--pool", "h200")
    assert done.exit_code == 0, done.output
    assert f"the image codekiln/cpu:{__version__}, without a registry" in done.output
    assert "mount no shared volume" in done.output
    assert "pipeline_version_reference" not in server.runs[0]
    done = submit(server, "--from-package", "--image", "reg/codekiln/cpu:1")
    assert "without a registry" not in done.output
    assert server.runs[1]["runtime_config"]["parameters"] == {"image": "reg/codekiln/cpu:1"}


def test_a_compiled_file_is_submitted_as_it_is(server, tmp_path):
    install(server, tmp_path, "align")
    done = CliRunner().invoke(main, ["submit", str(tmp_path / "align.yaml"), "--host", server.url])
    assert done.exit_code == 0, done.output
    assert "pipelineInfo" in server.runs[0]["pipeline_spec"]["pipeline_spec"]
    assert "without a registry" not in done.output


def test_judge_without_an_adapter_is_refused_here(installed):
    done = CliRunner().invoke(main, ["submit", "judge", "--host", installed.url])
    assert done.exit_code == 2
    assert "needs 'adapter'" in done.output
    assert "give --adapter" in done.output


def test_names_of_versions_tell_their_release():
    assert is_of_release("0.1.0-0123abcd", "align", "0.1.0")
    assert is_of_release("align-0.1.0-dev-0123abcdef", "align", "0.1.0+DEV")
    assert not is_of_release("align-0.1.0-0123abcdef", "data", "0.1.0")
    assert not is_of_release("0.1.01-0123abcd", "align", "0.1.0")
    assert not is_of_release("0.1.0-mine", "align", "0.1.0")


def test_the_submit_command_waits_and_exits_with_the_runs_verdict(installed, monkeypatch):
    monkeypatch.setattr(kfp_client, "POLL_SECONDS", 0.01)
    words = ["--pool", "h200", "--set", "seed=1", "--set", "sft.epochs=1", "--wait"]
    done = submit(installed, *words)
    assert done.exit_code == 0, done.output
    assert "/#/runs/details/run-1" in done.output
    assert installed.runs[0]["runtime_config"]["parameters"]["overrides"] == {"seed": 1, "sft": {"epochs": 1}}
    installed.states = [("FAILED", {"sft": "FAILED"}, "no such pool")]
    done = submit(installed, *words)
    assert done.exit_code == 1
    assert "sft: no such pool" in done.output


def test_what_was_submitted_is_json_alone(installed, monkeypatch):
    monkeypatch.setattr(kfp_client, "POLL_SECONDS", 0.01)
    done = submit(installed, "--wait", "--json", "--tracking-uri", "https://mlflow.example.com")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found) == {"run_id", "url", "pipeline"}
    assert found["run_id"] == "run-1"
    overrides = installed.runs[0]["runtime_config"]["parameters"]["overrides"]
    assert overrides == {"tracking_uri": "https://mlflow.example.com"}


@pytest.mark.parametrize("words", [["sft.epoch=1"], ["sft.epochs=2dpo.epochs=3"]])
def test_submit_refuses_settings_that_check_would_refuse(installed, words):
    done = submit(installed, "--set", *words)
    assert done.exit_code == 2
    assert "did you mean 'epochs'" in done.output or "holds two settings" in done.output
    assert installed.runs == []


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
