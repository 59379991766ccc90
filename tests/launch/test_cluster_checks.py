import pytest

from codekiln.errors import ClusterError
from codekiln.launch.cluster.cluster_checks import check_pool
from codekiln.launch.pools import Cluster
from tests.launch.fake_api import SERVED
from tests.launch.steps import pool

FOLDER = Cluster(exchange="/codekiln", claim="codekiln-workspace")


def runtime(kind="TrainingRuntime", image="codekiln/train:1", container="node", policy="torch"):
    job = {"template": {"spec": {"containers": [{"name": container, "image": image}]}}}
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": kind,
        "metadata": {"name": "codekiln-a"},
        "spec": {
            "mlPolicy": {policy: {}},
            "template": {"spec": {"replicatedJobs": [{"name": "node", "template": {"spec": job}}]}},
        },
    }


def queue(active="True", message="", version="v1beta2"):
    return {
        "apiVersion": f"kueue.x-k8s.io/{version}",
        "kind": "LocalQueue",
        "metadata": {"name": "gpu"},
        "status": {"conditions": [{"type": "Active", "status": active, "message": message}]},
    }


def claim(phase="Bound", *modes):
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "codekiln-workspace"},
        "spec": {"accessModes": list(modes or ["ReadWriteMany"])},
        "status": {"phase": phase},
    }


def found(server, cluster=FOLDER, **values):
    return [str(error) for error in check_pool("a", pool(**values), cluster, patience=0.1)]


@pytest.mark.parametrize("kind", ["TrainingRuntime", "ClusterTrainingRuntime"])
def test_nothing_is_wrong_with_a_pool_that_has_all_it_names(api, kind):
    for item in (runtime(kind), queue(), claim()):
        api.put(item)
    assert found(api, runtime_kind=kind, queue="gpu") == []


def test_everything_that_is_missing_is_named_at_once_with_its_fix(api):
    errors = found(api, queue="gpu")
    assert len(errors) == 3
    for error, what in zip(errors, ("TrainingRuntime", "LocalQueue", "PersistentVolumeClaim"), strict=True):
        assert error.startswith("pool a: ")
        assert what in error
        assert "fix: " in error


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([runtime(image="codekiln/train:0"), claim()], "runs image codekiln/train:0"),
        ([runtime(container="trainer"), claim()], "no job 'node' with a container 'node'"),
        ([runtime(policy="mpi"), claim()], "torchrun's variables"),
        ([runtime(), claim("Pending")], "is Pending, not Bound"),
        ([runtime(), claim("Bound", "ReadWriteOncePod")], "access mode ReadWriteOncePod"),
    ],
)
def test_one_problem_is_found(api, items, says):
    for item in items:
        api.put(item)
    (error,) = found(api)
    assert says in error


def test_a_queue_that_admits_nothing_says_why(api):
    for item in (runtime(), claim(), queue("False", "Can't submit new workloads to clusterQueue")):
        api.put(item)
    (error,) = found(api, queue="gpu")
    assert "admits nothing: Can't submit" in error


def test_a_kueue_that_serves_only_the_older_version_is_understood(api):
    api.unserved.add(("kueue.x-k8s.io", "v1beta2", "localqueues"))
    for item in (runtime(), claim(), queue(version="v1beta1")):
        api.put(item)
    assert found(api, queue="gpu") == []


def test_one_node_may_share_a_volume_with_the_steps_of_its_node_and_two_may_not(api, capsys):
    api.put(runtime())
    api.put(claim("Bound", "ReadWriteOnce"))
    assert found(api) == []
    warning = "check: pool a: the claim codekiln-workspace is ReadWriteOnce: steps and jobs must run on one node\n"
    assert warning in capsys.readouterr().out
    assert "storage.sharedVolume.accessModes to ReadWriteMany" in found(api, nodes=2)[0]
    api.put(claim("Bound", "ReadWriteOnce", "ReadWriteMany"))
    assert found(api, nodes=2) == found(api) == []
    assert capsys.readouterr().out == ""


def test_object_storage_needs_no_claim_and_a_pytorch_job_no_runtime(api):
    assert found(api, cluster=Cluster(exchange="s3://bucket/runs"), api="pytorchjob") == []


def test_a_cluster_without_the_controller_is_told_apart_from_one_without_jobs(api):
    api.put(claim())
    api.unserved |= {each for each in SERVED if each[0] == "kubeflow.org"}
    (error,) = found(api, api="pytorchjob")
    assert "does not know PyTorchJob" in error
    assert "'trainjob'" in error


def test_what_may_not_be_read_is_an_error_with_the_permission_as_fix(api):
    api.put(runtime())
    api.denied.add(("", "persistentvolumeclaims", "get"))
    (error,) = found(api)
    assert "forbidden" in error
    assert "Role" in error


def test_an_api_server_that_does_not_answer_is_no_problem_of_the_pool(api):
    with api.outage(), pytest.raises(ClusterError, match="cannot be examined"):
        found(api)
