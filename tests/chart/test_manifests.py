"""The kustomize folders and the example objects."""

import kubernetes_validate
import pytest
import yaml

from charts.places import MANIFESTS, ROOT
from tests import crds
from tests.chart.pod_security import violations
from tests.chart.rendering import Loader, pod_specs
from tests.chart.test_valid import VERSIONS, is_custom

FOLDERS = sorted(path.parent for path in MANIFESTS.rglob("kustomization.yaml"))
EXAMPLES = sorted((MANIFESTS / "examples").rglob("*.yaml"))


def name(path):
    return str(path.relative_to(MANIFESTS))


def read(path):
    return [each for each in yaml.load_all(path.read_text(), Loader=Loader) if each]


def objects(folder):
    """Return what `kubectl kustomize` would print: a folder has resources and nothing else."""
    kustomization = read(folder / "kustomization.yaml")[0]
    assert kustomization.keys() == {"apiVersion", "kind", "resources"}
    return [each for file in kustomization["resources"] for each in read(folder / file)]


def check(each):
    assert not crds.metadata_errors(each)
    if is_custom(each):
        crds.assert_valid(each)
    elif not each["apiVersion"].startswith("route.openshift.io"):
        for version in VERSIONS:
            kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("folder", [each for each in FOLDERS if each.parent.name != "overlays"], ids=name)
def test_every_object_is_valid(folder):
    for each in objects(folder):
        check(each)


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_a_folder_has_each_object_once_and_nothing_of_helm(folder):
    every = objects(folder)
    keys = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in every]
    assert every
    assert len(keys) == len(set(keys))
    assert "helm" not in str([each["metadata"] for each in every]).lower()
    assert not any(violations(pod) for each in every for pod in pod_specs(each))


def test_no_password_is_committed():
    assert not any(each["kind"] == "Secret" for folder in FOLDERS for each in objects(folder))
    secret = read(MANIFESTS / "examples" / "secret.yaml")[0]
    assert set(secret["stringData"].values()) == {""}


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_the_examples_are_valid(path):
    for each in read(path):
        check(each)
        assert not any(violations(pod) for pod in pod_specs(each) if each["kind"] == "PyTorchJob")


@pytest.mark.parametrize(
    ("job", "folder"),
    [("trainjob", "base"), ("trainjob-two-nodes-queued", "overlays/kueue")],
)
def test_an_example_job_refers_to_a_runtime_that_its_folder_has(job, folder):
    example = read(MANIFESTS / "examples" / "generated" / f"{job}.yaml")[0]
    runtime = example["spec"]["runtimeRef"]
    found = [each for each in objects(MANIFESTS / folder) if each["kind"] == runtime["kind"]]
    assert runtime["name"] in {each["metadata"]["name"] for each in found}


def test_the_queue_of_the_queued_job_is_among_the_queues():
    job = read(MANIFESTS / "examples" / "generated" / "trainjob-two-nodes-queued.yaml")[0]
    queues = read(MANIFESTS / "examples" / "generated" / "queues.yaml")
    labels = job["metadata"]["labels"]
    named = {(each["kind"], each["metadata"]["name"]) for each in queues}
    assert ("LocalQueue", labels["kueue.x-k8s.io/queue-name"]) in named
    assert ("WorkloadPriorityClass", labels["kueue.x-k8s.io/priority-class"]) in named


def test_the_secret_has_the_keys_that_the_pipelines_read():
    keys = read(MANIFESTS / "examples" / "secret.yaml")[0]["stringData"].keys()
    compiled = "".join(path.read_text() for path in (ROOT / "pipelines" / "compiled").glob("*.yaml"))
    read_keys = {line.split("secretKey:")[1].strip() for line in compiled.splitlines() if "secretKey:" in line}
    assert read_keys <= set(keys)
