"""What we send survives a Go client: Kueue reads a job, changes it, writes it back, and Trainer compares."""

import json

import pytest

from charts.places import MANIFESTS
from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.objects.go_form import canonical_quantity, go_form
from codekiln.launch.objects.pytorchjob import pytorch_job
from codekiln.launch.objects.trainjob import train_job
from tests.chart import rendering
from tests.chart.variants import VARIANTS
from tests.launch import go_client
from tests.launch.fake_api import FakeApi
from tests.launch.fake_kueue import Kueue
from tests.launch.fake_objects import Answer
from tests.launch.steps import QUICK, complete, request
from tests.launch.test_objects import POOLS, TASKS

KINDS = pytest.mark.parametrize("kind", ["trainjob", "pytorchjob"])
# What people write into values files and what Kubeflow Pipelines passes on, with everything a Go client drops.
AWKWARD_POOL = {
    "memory": "1024Gi",
    "cpu": "0.5",
    "shared_memory": "1.5Gi",
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}, "nodeAffinity": None},
    "node_selector": {"node-role.kubernetes.io/gpu": ""},
}
AWKWARD_TASK = {
    "env": [
        {"name": "EMPTY", "value": ""},
        {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
    ],
    "volumes": [
        {"name": "scratch", "emptyDir": {"medium": "", "sizeLimit": "2048Mi"}},
        {"name": "more", "configMap": {"name": "more", "items": [], "optional": None}},
    ],
    "volume_mounts": [{"name": "scratch", "mountPath": "/scratch", "subPath": "", "readOnly": False}],
    "tolerations": [{"key": "spot", "operator": "Exists", "value": "", "effect": None}],
    "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {}, "topologyKey": "zone", "namespaces": []}]}},
    "resources": {"limits": {"memory": "1.5Gi", "nvidia.com/gpu": 8}, "requests": {"cpu": "1000m"}},
}  # fmt: skip


def made(kind, pool, task):
    build = {"trainjob": train_job, "pytorchjob": pytorch_job}[kind]
    job = build(request({"api": kind} | pool, task_config=task, arguments=()), "kubeflow")
    return json.loads(json.dumps(job))


@KINDS
@pytest.mark.parametrize("task", [*TASKS.values(), AWKWARD_TASK], ids=[*TASKS, "awkward"])
@pytest.mark.parametrize("pool", [*POOLS.values(), AWKWARD_POOL], ids=[*POOLS, "awkward"])
def test_a_go_client_changes_nothing_of_a_job(kind, pool, task):
    assert go_client.changes(made(kind, pool, task)) == []


@pytest.mark.parametrize("name", VARIANTS)
def test_a_go_client_drops_nothing_of_what_the_chart_makes(name):
    found = [each for item in rendering.render(VARIANTS[name]) for each in go_client.changes(item)]
    assert [each for each in found if "vanishes" in each] == []


def test_a_go_client_drops_nothing_of_what_the_manifests_hold():
    files = {path: path.read_text() for path in MANIFESTS.rglob("*.yaml") if path.name != "kustomization.yaml"}
    objects = [(path, each) for path, text in files.items() for each in rendering.load(text)]
    assert len(objects) > 20
    found = [(path, each) for path, item in objects for each in go_client.changes(item)]
    assert [each for each in found if "vanishes" in each[1]] == []
    jobs = [item for _, item in objects if item["kind"] in ("TrainJob", "PyTorchJob")]
    assert len(jobs) == 3
    assert [each for job in jobs for each in go_client.changes(job)] == []


def test_what_an_empty_object_or_text_means_stays():
    sent = {
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "nodeSelector": {"node-role.kubernetes.io/gpu": ""},
        "affinity": {"podAffinity": {"namespaceSelector": {}}},
        "securityContext": {"runAsNonRoot": False, "runAsUser": 0},
        "values": [""],
    }
    assert go_form(sent) == sent


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (8, "8"), ("1.5", "1500m"), ("1.5Gi", "1536Mi"), ("1024Gi", "1Ti"), ("1000m", "1"), (1500, "1500"),
        (2000, "2k"),
        ("0.5", "500m"), ("200G", "200G"), ("1e3", "1e3"), ("512", "512"), (0, "0"), ("64Gi", "64Gi"), ("many", "many"),
    ],
)  # fmt: skip
def test_a_quantity_has_its_canonical_form(sent, stored):
    assert canonical_quantity(sent) == stored


def test_the_fake_notices_what_a_go_client_would_break(tmp_path):
    with FakeApi(tmp_path) as api:
        job = made("trainjob", {}, {})
        job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "gpu"
        job["spec"]["trainer"]["env"] = []
        stored = api.create(("trainer.kubeflow.org", "trainjobs"), job)
        with pytest.raises(Answer, match=r"spec\.trainer: Invalid value: field is immutable"):
            Kueue(api).admit(stored)
        assert api.jobs()[0]["spec"]["suspend"] is True


@KINDS
def test_kueue_admits_evicts_and_admits_again(api, said, kind):
    def play(api):
        job = api.wait_job()
        kueue = Kueue(api)
        kueue.wait_for_quota(job, "couldn't assign flavors to pod set node: insufficient unused quota")
        said.wait("queued in LocalQueue 'gpu', Pending: couldn't assign flavors")
        kueue.admit(job)
        pod = api.pod(job, suffix="first")
        said.wait("running on")
        kueue.evict(job, "Preempted", "Preempted to accommodate a workload due to prioritization in the ClusterQueue")
        said.wait("preempted, waits in LocalQueue 'gpu', Pending: Preempted to accommodate a workload")
        kueue.admit(job)
        pod = api.pod(job, suffix="second")
        said.wait("running again on")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request({"api": kind, "queue": "gpu", "env": ()}), said, QUICK)
