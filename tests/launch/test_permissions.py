import threading

import pytest

from codekiln.errors import ClusterError
from codekiln.launch.cluster.cluster_checks import check_pool, missing_permissions
from codekiln.launch.cluster.permissions import (
    CLUSTER_PERMISSIONS,
    DEAD_NODE_PERMISSIONS,
    PERMISSIONS,
    REVIEW,
    Permission,
    permissions,
)
from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.objects.metadata import OWNER
from codekiln.launch.pools import Cluster
from tests.launch.fake_objects import now
from tests.launch.steps import QUICK, complete, fail, pool, request

CLUSTER = Cluster(exchange="/codekiln", claim="codekiln-workspace")


def everything(api, said, kind, monkeypatch):
    """Do all that a step and ``check`` do with one kind of job: probe, ask, replace, queue, run, fail, cancel."""
    api.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "step"}})
    monkeypatch.setenv("CODEKILN_POD", "step")
    for runtime in ("TrainingRuntime", "ClusterTrainingRuntime"):
        check_pool("a", pool(api=kind, queue="gpu", runtime_kind=runtime), CLUSTER)
    assert missing_permissions(kind) == []

    def play(api):
        job = api.wait_job()
        api.suspend(job, True)
        said.wait("queued")
        api.suspend(job, False)
        pod = api.pod(job)
        api.log(pod, "step 1")
        said.wait("step 1")
        api.set_pod(pod, phase="Failed", code=1)
        fail(api, job)
        again = api.wait(lambda: next((e for e in api.jobs() if e["metadata"]["uid"] != job["metadata"]["uid"]), None))
        api.suspend(again, False)
        pod = api.pod(again)
        said.wait("running on", times=2)
        for times in (1, 2):
            api.suspend(again, True)
            said.wait("preempted", times=times)
            api.suspend(again, False)
            pod = api.pod(again)
            said.wait("running again", times=times)
        api.update(again, lambda each: each["metadata"]["annotations"].update({OWNER: "another attempt"}))
        said.wait("continues from an earlier attempt")
        complete(api, again, pod)

    api.script(play)
    with pytest.raises(ClusterError):
        run_on_pool(request({"api": kind, "queue": "gpu"}), said, QUICK)
    with pytest.raises(ClusterError, match="taken it over"):
        run_on_pool(request({"api": kind, "queue": "gpu"}), said, QUICK)
    run_on_pool(request({"api": kind, "queue": "gpu"}), said, QUICK)


@pytest.mark.parametrize("kind", PERMISSIONS)
def test_the_table_is_exactly_what_is_called(api, said, kind, monkeypatch):
    everything(api, said, kind, monkeypatch)
    cluster = set(CLUSTER_PERMISSIONS) if kind == "trainjob" else set()
    assert set(api.calls) == {*permissions(kind), *cluster, REVIEW}


@pytest.mark.parametrize("kind", PERMISSIONS)
def test_the_table_for_dead_nodes_is_what_is_called_beyond(api, said, kind):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        api.update(pod, lambda stored: stored["metadata"].update(deletionTimestamp=now(-100)))
        said.wait("is deleted by force, because")
        complete(api, job, api.pod(job, suffix="again"))

    api.script(play)
    run_on_pool(request({"api": kind, "dead_node_seconds": 1}), said, QUICK)
    assert set(api.calls) - set(permissions(kind)) == set(DEAD_NODE_PERMISSIONS[kind])
    api.denied = set(DEAD_NODE_PERMISSIONS[kind])
    assert missing_permissions(kind, patience=0) == []
    assert len(missing_permissions(kind, patience=0, dead_nodes=True)) == len(api.denied)


@pytest.mark.parametrize("kind", PERMISSIONS)
def test_each_permission_that_is_missing_is_named_with_its_fix(api, kind):
    assert missing_permissions(kind) == []
    for each in permissions(kind):
        api.denied = {each}
        (error,) = missing_permissions(kind, patience=0)
        assert str(each) in str(error)
        assert "namespace kubeflow" in str(error)
        assert "Role 'codekiln'" in error.fix


def test_all_that_is_missing_is_named_at_once(api):
    api.denied = set(permissions("trainjob"))
    assert len(missing_permissions("trainjob", "profile-a", patience=0)) == len(permissions("trainjob"))


def test_a_sub_resource_is_asked_about_as_one(api):
    missing_permissions("trainjob")
    asked = [body["spec"]["resourceAttributes"] for _, _, _, body in api.requests]
    assert {"resource": "pods", "subresource": "log", "verb": "get", "group": "", "namespace": "kubeflow"} in asked


def test_an_api_server_that_does_not_answer_is_no_missing_permission(api):
    with api.outage(), pytest.raises(ClusterError, match="cannot ask"):
        missing_permissions("trainjob")


def test_no_permission_is_named_twice_and_each_reads_as_kubectl_writes_it():
    for table in PERMISSIONS.values():
        assert len(set(table)) == len(table)
    assert str(Permission("trainer.kubeflow.org", "trainjobs", "get")) == "get trainjobs.trainer.kubeflow.org"
    assert str(Permission("", "pods/log", "get")) == "get pods/log"


def test_an_api_server_that_has_just_started_lacks_no_permission(api):
    api.start_again(0.25)
    assert missing_permissions("trainjob") == []
    api.start_again(0.25)
    assert "forbidden" not in str(check_pool("a", pool(), CLUSTER))
    api.denied = {permissions("trainjob")[0]}
    threading.Timer(0.2, api.denied.clear).start()
    assert missing_permissions("trainjob", patience=0.5) == []
