import json

import pytest

from codekiln.launch.objects.pytorchjob import pytorch_job
from codekiln.launch.objects.trainjob import train_job
from codekiln.launch.pools import Pool
from tests import crds
from tests.launch.steps import request

OWNER = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "align-x", "uid": "1"}
CLAIM = {"name": "codekiln-workspace", "persistentVolumeClaim": {"claimName": "codekiln-workspace"}}
SECRET = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "codekiln", "key": "HF_TOKEN"}}}
POOLS = {
    "one gpu": {"accelerators": 1},
    "cpu": {"accelerator": "", "accelerators": 0},
    "two nodes": {"nodes": 2, "accelerators": 8, "queue": "gpu", "priority_class": "high"},
    "cluster runtime": {"runtime_kind": "ClusterTrainingRuntime"},
    "amd": {"accelerator": "amd.com/gpu", "grace_seconds": 0, "restarts": 0},
    "everything": {
        "node_selector": {"gpu": "h200"},
        "tolerations": ({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},),
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "runtime_class": "nvidia",
        "service_account": "codekiln-job",
        "image_pull_secrets": ("registry",),
        "env": ({"name": "NCCL_DEBUG", "value": "WARN"},),
        "volumes": (CLAIM, {"name": "shared-memory", "emptyDir": {"medium": "Memory"}}),
        "volume_mounts": (
            {"name": "codekiln-workspace", "mountPath": "/codekiln"},
            {"name": "shared-memory", "mountPath": "/dev/shm"},
        ),
        "pod_security_context": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "security_context": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    },
}
TASKS = {
    "nothing": {},
    "all None": dict.fromkeys(
        ("affinity", "tolerations", "node_selector", "env", "volumes", "volume_mounts", "resources")
    ),
    "something of all": {
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]
                }
            }
        },
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "node_selector": {"disk": "ssd"},
        "env": [SECRET, {"name": "NCCL_DEBUG", "value": "INFO"}, {"name": "PET_NNODES", "value": "9"}],
        "volumes": [CLAIM, {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "volume_mounts": [
            {"name": "codekiln-workspace", "mountPath": "/codekiln"},
            {"name": "data", "mountPath": "/data"},
            {"name": "data", "mountPath": "/more", "subPath": "more"},
            {"name": "data", "mountPath": "/most", "subPath": "most"},
        ],
        "resources": {"requests": {"cpu": "4"}, "limits": {"memory": "200G", "nvidia.com/gpu": "4"}},
    },
}


def trained(pool="one gpu", task="nothing", **values):
    return train_job(request(POOLS[pool], task_config=TASKS[task], **values), "kubeflow", OWNER)


def operated(pool="one gpu", task="nothing"):
    return pytorch_job(request({"api": "pytorchjob"} | POOLS[pool], task_config=TASKS[task]), "kubeflow", OWNER)


def patched_pod(job):
    (patch,) = job["spec"]["runtimePatches"]
    (part,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    return part["template"]["spec"]["template"].get("spec", {})


def pod_of(job):
    return job["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("make", [trained, operated])
def test_every_job_is_valid(make, pool, task):
    crds.assert_valid(json.loads(json.dumps(make(pool, task))))


@pytest.mark.parametrize("make", [trained, operated])
def test_a_job_says_whose_it_is(make):
    metadata = make("two nodes")["metadata"]
    assert metadata["labels"] == {
        "app.kubernetes.io/part-of": "codekiln",
        "codekiln.dev/step": "sft",
        "codekiln.dev/pool": "a",
        "kueue.x-k8s.io/queue-name": "gpu",
        "kueue.x-k8s.io/priority-class": "high",
    }
    assert metadata["annotations"] == {"codekiln.dev/identity": "same"}
    assert metadata["ownerReferences"] == [OWNER]


def test_a_train_job_asks_for_the_nodes_and_processes_of_its_pool():
    trainer = trained("two nodes")["spec"]["trainer"]
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (2, 8)
    assert trainer["command"] + trainer["args"] == [
        "python",
        "-m",
        "codekiln.launch.worker",
        "/codekiln/sft-0a1b2c3d4e",
    ]
    assert trainer["resourcesPerNode"]["limits"] == {"memory": "64Gi", "nvidia.com/gpu": "8"}


def test_what_the_runtime_has_already_is_not_patched_again():
    assert patched_pod(trained("everything")) == {}
    assert "env" not in trained("everything")["spec"]["trainer"]


def test_what_the_task_sets_reaches_a_train_job():
    job = trained("everything", "something of all")
    trainer, pod = job["spec"]["trainer"], patched_pod(job)
    assert trainer["numProcPerNode"] == 4
    assert trainer["env"] == [{"name": "NCCL_DEBUG", "value": "INFO"}, SECRET]
    assert trainer["resourcesPerNode"] == {
        "requests": {"cpu": "4", "memory": "200G", "nvidia.com/gpu": "4"},
        "limits": {"memory": "200G", "nvidia.com/gpu": "4"},
    }
    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert [each["key"] for each in pod["tolerations"]] == ["nvidia.com/gpu", "spot"]
    assert "nodeAffinity" in pod["affinity"]
    assert "podAntiAffinity" not in json.dumps(pod["affinity"])


def test_each_mount_of_a_patch_has_a_volume_of_its_own():
    pod = patched_pod(trained("everything", "something of all"))
    (container,) = pod["containers"]
    assert {each["mountPath"] for each in container["volumeMounts"]} == {"/data", "/more", "/most"}
    names = [each["name"] for each in container["volumeMounts"]]
    assert sorted(names) == sorted(each["name"] for each in pod["volumes"])
    assert {each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"]} == {"data"}


def test_a_pytorch_job_is_complete_in_itself():
    job = operated("everything", "something of all")
    pod = pod_of(job)
    (container,) = pod["containers"]
    assert (container["name"], container["image"], job["spec"]["nprocPerNode"]) == ("pytorch", "codekiln/train:1", "4")
    assert pod["nodeSelector"] == {"gpu": "h200", "disk": "ssd"}
    assert pod["runtimeClassName"] == "nvidia"
    assert pod["serviceAccountName"] == "codekiln-job"
    assert pod["automountServiceAccountToken"] is False
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert container["env"] == [{"name": "NCCL_DEBUG", "value": "INFO"}, SECRET]
    mounts = [each["mountPath"] for each in container["volumeMounts"]]
    assert sorted(mounts) == ["/cache", "/codekiln", "/data", "/dev/shm", "/more", "/most", "/tmp"]
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}


def test_a_pytorch_job_restarts_after_a_kill_but_not_after_a_mistake_of_the_user():
    spec = operated("two nodes")["spec"]
    assert spec["runPolicy"]["backoffLimit"] == Pool(image="x").restarts
    assert spec["runPolicy"]["cleanPodPolicy"] == "Running"
    assert [(role, each["replicas"], each["restartPolicy"]) for role, each in spec["pytorchReplicaSpecs"].items()] == [
        ("Master", 1, "ExitCode"),
        ("Worker", 1, "ExitCode"),
    ]


@pytest.mark.parametrize("make", [trained, operated])
def test_the_job_has_the_deadline_of_its_pool(make):
    spec = make()["spec"]
    assert {**spec, **spec.get("runPolicy", {})}["activeDeadlineSeconds"] == Pool(image="x").deadline_seconds


def test_another_accelerator_of_the_task_replaces_that_of_the_pool():
    task = {"resources": {"limits": {"nvidia.com/mig-3g.71gb": "3"}}}
    job = train_job(request(POOLS["one gpu"], task_config=task), "kubeflow")
    assert job["spec"]["trainer"]["numProcPerNode"] == 3
    assert job["spec"]["trainer"]["resourcesPerNode"]["limits"] == {
        "memory": "64Gi",
        "nvidia.com/gpu": "0",
        "nvidia.com/mig-3g.71gb": "3",
    }
    limits = pod_of(pytorch_job(request(POOLS["one gpu"], task_config=task), "kubeflow"))["containers"][0]["resources"]
    assert "nvidia.com/gpu" not in limits["limits"]


def test_a_job_that_nothing_owns_has_no_owner():
    assert "ownerReferences" not in train_job(request(), "kubeflow")["metadata"]
