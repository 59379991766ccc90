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


def changed(path, value):
    document = deepcopy(TRAIN_JOB)
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return document


@pytest.fixture(autouse=True)
def _definitions():
    crds.require()


def test_a_good_train_job_passes():
    crds.assert_valid(TRAIN_JOB)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["spec", "trainer", "numNodes"], "two", "numNodes"),
        (["spec", "trainer", "numProcPerNode"], "auto", "numProcPerNode"),
        (["spec", "podTemplateOverrides"], [], "podTemplateOverrides"),
        (["spec", "runtimePatches", 0, "manager"], "", "manager"),
        (["spec", "trainer", "env"], [{"name": "A"}, {"name": "A"}], "occurs twice"),
        (["metadata", "name"], "Sft_1", "DNS"),
        (["metadata", "name"], "1sft", "1035"),
        (["metadata", "name"], "s" * 64, "63"),
        (["metadata", "labels"], {"a": "b c"}, "label value"),
        (["spec", "managedBy"], "someone", "ManagedBy"),
        (["spec", "runtimePatches", 0, "trainingRuntimeSpec"], {"template": {"spec": {"replicas": 1}}}, "replicas"),
    ],
)
def test_a_bad_train_job_is_refused_with_the_reason(path, value, says):
    assert any(says.lower() in error.lower() for error in crds.errors(changed(path, value)))


def test_a_runtime_with_two_policies_breaks_a_rule():
    runtime = {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainingRuntime",
        "metadata": {"name": "a"},
        "spec": {"mlPolicy": {"torch": {}, "mpi": {}}, "template": {"spec": {}}},
    }
    assert crds.errors(runtime)
    del runtime["spec"]["mlPolicy"]["mpi"]
    crds.assert_valid(runtime)


def test_every_definition_at_hand_is_found():
    kinds = {kind for _, kind in crds._index()}
    assert kinds >= {"TrainJob", "TrainingRuntime", "ClusterTrainingRuntime", "PyTorchJob", "LocalQueue", "Pipeline"}
