import json
import os
import shutil

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.launch.cluster.permissions import permissions
from codekiln.launch.readiness import tracking_probe
from tests.launch.fake_kubeflow import FakeKubeflow
from tests.launch.test_cluster_checks import claim, queue, runtime
from tests.stages.monitoring.receivers import Gateway, running


@pytest.fixture
def kubeflow():
    server = FakeKubeflow()
    yield server
    server.close()


@pytest.fixture
def described(tmp_path, empty_database, monkeypatch):
    """A cluster with one pool, as the chart describes it to steps."""

    def describe(**changes) -> None:
        pool = {"runtime": "codekiln-a", "image": "codekiln/train:1", "queue": "gpu"}
        cluster = {"exchange": str(tmp_path / "shared"), "claim": "codekiln-workspace", "pools": {"a": pool | changes}}
        monkeypatch.setenv("CODEKILN_CLUSTER", json.dumps(cluster))

    shutil.copy(empty_database, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    describe()
    return describe


def check(host: str):
    return CliRunner().invoke(main, ["check", "--cluster", "--kfp-host", host])


def test_a_cluster_that_has_everything_is_ready(api, kubeflow, described):
    for item in (runtime(), queue(), claim()):
        api.put(item)
    done = check(kubeflow.url)
    assert done.exit_code == 0, done.output
    for name in ("exchange", "pool a", "Kubeflow Pipelines", "MLflow"):
        assert f"check: {name}: " in done.output
    assert done.output.endswith("the cluster is ready\n")


def test_a_pool_of_cpus_is_not_said_to_have_no_nodes(api, kubeflow, described):
    described(accelerator="", accelerators=0, nodes=2)
    for item in (runtime(), queue(), claim()):
        api.put(item)
    assert "check: pool a: 2 x a node's CPUs, trainjob" in check(kubeflow.url).output


def test_a_pushgateway_is_asked_where_there_is_one(api, kubeflow, described, monkeypatch):
    for item in (runtime(), queue(), claim()):
        api.put(item)
    with running(Gateway()) as gateway:
        monkeypatch.setenv("CODEKILN_PUSHGATEWAY_URL", gateway.url)
        assert f"check: Pushgateway: answers at {gateway.url}" in check(kubeflow.url).output
    done = check(kubeflow.url)
    assert done.exit_code == 2
    assert f"the Pushgateway at {gateway.url} is not ready" in done.output
    assert "fix: look at the Deployment codekiln-pushgateway" in done.output


def test_everything_that_is_wrong_is_said_at_once_with_its_fix(api, kubeflow, described, monkeypatch):
    described(image="codekiln/train")
    kubeflow.refuse = 500
    api.denied.add(("trainer.kubeflow.org", "trainjobs", "delete"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    done = check(kubeflow.url)
    assert done.exit_code == 2
    for text in (
        "may not delete trainjobs",
        "no immutable tag",
        "TrainingRuntime",
        "LocalQueue",
        "PersistentVolumeClaim",
        "Kubeflow Pipelines refuses (HTTP 500)",
        "MLFLOW_TRACKING_URI is not set",
    ):
        assert text in done.output, done.output
    assert done.output.count("fix:") >= 7


SEVEN = {name: {"runtime": "codekiln-a", "image": "codekiln/train:1"} for name in "abcdefg"}


def test_without_the_rolebinding_each_permission_is_said_once_for_all_pools(api, kubeflow, described, monkeypatch):
    cluster = json.loads(os.environ["CODEKILN_CLUSTER"]) | {"pools": SEVEN}
    monkeypatch.setenv("CODEKILN_CLUSTER", json.dumps(cluster))
    wanted = permissions("trainjob")
    api.denied |= set(wanted)
    done = check(kubeflow.url)
    assert done.exit_code == 2
    said = [line for line in done.output.splitlines() if "may not" in line or "forbidden" in line or "cannot" in line]
    assert sorted(said) == sorted(
        line for line in said if any(line.endswith(f"this ServiceAccount may not {each}") for each in wanted)
    )
    assert len(said) == len(wanted)
    assert done.output.count("fix: bind the chart's Role") == 1


def test_the_role_of_an_older_chart_is_enough(api, kubeflow, described):
    for item in (runtime(), queue(), claim()):
        api.put(item)
    api.denied |= {("", "events", "create"), ("", "events", "patch")}
    done = check(kubeflow.url)
    assert done.exit_code == 0, done.output
    assert "all are granted but create events and patch events" in done.output
    assert "`helm upgrade` grants them" in done.output


def test_what_is_wrong_with_every_pool_is_said_once_with_their_names(api, kubeflow, described, monkeypatch):
    cluster = json.loads(os.environ["CODEKILN_CLUSTER"]) | {"pools": SEVEN}
    monkeypatch.setenv("CODEKILN_CLUSTER", json.dumps(cluster))
    api.put(runtime())
    done = check(kubeflow.url)
    assert done.output.count("has no PersistentVolumeClaim 'codekiln-workspace'") == 1
    assert "pool a, pool b, pool c, pool d, pool e, pool f, pool g: namespace" in done.output


def test_an_unreachable_api_server_is_said_with_what_to_do(api, kubeflow, described):
    with api.outage():
        done = check(kubeflow.url)
    assert done.exit_code == 2
    assert "permissions for trainjob: cannot ask the API server for permissions: no answer" in done.output
    assert "pool a: cannot be examined: no answer" in done.output
    assert done.output.count("kubectl get --raw /readyz") == 2


def test_without_the_chart_the_command_says_where_pools_come_from(monkeypatch):
    monkeypatch.delenv("CODEKILN_CLUSTER", raising=False)
    done = CliRunner().invoke(main, ["check", "--cluster"])
    assert done.exit_code == 2
    assert "CODEKILN_CLUSTER is not set" in done.output


def test_old_jobs_leave_the_exchange_when_a_run_is_checked(api, kubeflow, described, tmp_path):
    for item in (runtime(), queue(), claim()):
        api.put(item)
    for name, age in (("old", 40), ("new", 1)):
        (tmp_path / "shared" / name).mkdir(parents=True)
        file = tmp_path / "shared" / name / "job.json"
        file.write_text("{}")
        os.utime(file, (file.stat().st_mtime - age * 86400,) * 2)
    done = check(kubeflow.url)
    assert "1 jobs that no step has waited for in 30 days were removed" in done.output
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["new"]


def test_the_check_shows_no_password_of_mlflow(tmp_path, monkeypatch):
    class Found:
        def __init__(self, uri, experiment):
            pass

        def champion(self, name):
            return None

    monkeypatch.setattr("codekiln.launch.readiness.Registry", Found)
    assert tracking_probe("http://me:hunter2@mlflow:5000") == "answers at http://me:***@mlflow:5000"
