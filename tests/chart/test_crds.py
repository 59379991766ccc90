"""The validator of custom objects refuses what an API server refuses."""

from copy import deepcopy

import pytest

from tests import crds

TRAIN_JOB = {
    "apiVersion": "trainer.kubeflow.org/v1alpha1",
    "kind": "TrainJob",
    "metadata": {"name": "sft-1", "namespace": "kubeflow", "labels": {"kueue.x-k8s.io/queue-name": "train"}},
    "spec": {
        "runtimeRef": {"name": "codekiln-a", "kind": "TrainingRuntime"},
        "trainer": {
            "numNodes": 2,
            "numProcPerNode": 8,
            "command": ["python"],
            "env": [{"name": "A", "value": "1"}],
            "resourcesPerNode": {"limits": {"nvidia.com/gpu": 8, "memory": "64Gi"}},
        },
        "runtimePatches": [{"manager": "codekiln.dev/launch"}],
    },
}
RUNTIME = {
    "apiVersion": "trainer.kubeflow.org/v1alpha1",
    "kind": "TrainingRuntime",
    "metadata": {"name": "a"},
    "spec": {"mlPolicy": {"torch": {}}, "template": {"spec": {"replicatedJobs": [{"name": "node", "template": {}}]}}},
}
PYTORCH_JOB = {
    "apiVersion": "kubeflow.org/v1",
    "kind": "PyTorchJob",
    "metadata": {"name": "sft-1", "namespace": "kubeflow"},
    "spec": {
        "nprocPerNode": "2",
        "runPolicy": {"backoffLimit": 3},
        "pytorchReplicaSpecs": {
            "Master": {"replicas": 1, "template": {"spec": {"containers": [{"name": "pytorch", "image": "codekiln"}]}}}
        },
    },
}
QUEUE = {
    "apiVersion": "kueue.x-k8s.io/v1beta2",
    "kind": "ClusterQueue",
    "metadata": {"name": "gpu"},
    "spec": {
        "resourceGroups": [
            {
                "coveredResources": ["cpu"],
                "flavors": [{"name": "h200", "resources": [{"name": "cpu", "nominalQuota": 8}]}],
            }
        ],
    },
}
PIPELINE = {
    "apiVersion": "pipelines.kubeflow.org/v2beta1",
    "kind": "PipelineVersion",
    "metadata": {"name": "align-1", "namespace": "kubeflow"},
    "spec": {"pipelineName": "align", "pipelineSpec": {"anything": "goes"}},
}
GOOD = {each["kind"]: each for each in (TRAIN_JOB, RUNTIME, PYTORCH_JOB, QUEUE, PIPELINE)}
CONTAINERS = "pytorchReplicaSpecs.Master.template.spec.containers"
GROUP = "resourceGroups.0"
# Kind, path below spec (or "metadata"), value, and what the reason names.
BAD = [
    ("TrainJob", "trainer.numNodes", "two", "numNodes"),
    ("TrainJob", "trainer.numProcPerNode", "auto", "numProcPerNode"),
    ("TrainJob", "trainer.command", [1], "command"),
    ("TrainJob", "trainer.resourcesPerNode", ["gpu"], "ResourceRequirements"),
    ("TrainJob", "podTemplateOverrides", [], "podTemplateOverrides"),
    ("TrainJob", "runtimePatches.0.trainingRuntimeSpec", {"template": {"spec": {"replicas": 1}}}, "replicas"),
    ("TrainJob", "metadata.name", "Sft_1", "DNS"),
    ("TrainJob", "metadata.labels", {"a": "b c"}, "label value"),
    ("TrainingRuntime", "template.spec.replicatedJobs", [{"name": "a", "template": {}, "nodes": 1}], "nodes"),
    ("TrainingRuntime", "mlPolicy.numNodes", "two", "numNodes"),
    ("PyTorchJob", "runPolicy.backoffLimit", "three", "three"),
    ("PyTorchJob", "runPolicy.backofLimit", 3, "backofLimit"),
    ("PyTorchJob", CONTAINERS, [{"image": "codekiln"}], "name"),
    ("PyTorchJob", CONTAINERS, [{"name": "pytorch", "command": [1]}], "command"),
    ("ClusterQueue", f"{GROUP}.flavor", [], "flavor"),
    ("ClusterQueue", "admissionChecksStrategy", {"admissionChecks": [{"name": "a"}, {"name": "a"}]}, "occurs twice"),
    ("ClusterQueue", f"{GROUP}.coveredResources", ["cpu", "memory"], "same number of resources"),
    ("ClusterQueue", f"{GROUP}.flavors.0.resources.0.borrowingLimit", 1, "borrowingLimit must be nil"),
    ("ClusterQueue", "queueingStrategy", "LIFO", "LIFO"),
    ("PipelineVersion", "pipelineName", 1, "pipelineName"),
]
# What only the full definition refuses.
BAD_BY_RULE = [
    ("TrainJob", "runtimePatches.0.manager", "", "manager"),
    ("TrainJob", "trainer.env", [{"name": "A"}, {"name": "A"}], "occurs twice"),
    ("TrainJob", "metadata.name", "1sft", "1035"),
    ("TrainJob", "metadata.name", "s" * 64, "63"),
    ("TrainJob", "managedBy", "someone", "ManagedBy"),
    ("TrainingRuntime", "mlPolicy.mpi", {}, "polic"),
]


def changed(kind, path, value):
    document = deepcopy(GOOD[kind])
    target = document if path.startswith("metadata") else document["spec"]
    *above, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for key in above:
        target = target[key]
    target[last] = value
    return document


def names_the_reason(kind, path, value, says):
    return any(says.lower() in error.lower() for error in crds.errors(changed(kind, path, value)))


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_object_passes(kind):
    crds.assert_valid(GOOD[kind])


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case[0]}-{case[1]}-{case[3]}")
def test_a_bad_object_is_refused_with_the_reason(case):
    assert names_the_reason(*case), crds.errors(changed(*case[:3]))


def test_the_definitions_of_jobs_and_runtimes_refuse_more():
    crds.require()
    assert not [case for case in BAD_BY_RULE if not names_the_reason(*case)]


def test_an_unknown_kind_is_not_passed_over():
    with pytest.raises(AssertionError, match="neither a model nor a definition of Cron"):
        crds.errors({"apiVersion": "example.com/v1", "kind": "Cron", "metadata": {"name": "a"}})
