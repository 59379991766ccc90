"""Every object of every rendering is one that an API server would take."""

import json
from functools import cache

import kubernetes_validate
import pytest

from tests import crds
from tests.chart import rendering
from tests.chart.variants import VARIANTS

CUSTOM = ("kubeflow.org", "kueue.x-k8s.io", "kserve.io")
# Kinds whose definitions come with OpenShift or the Prometheus operator; test_mlflow.py and test_metrics.py read them.
ELSEWHERE = ("route.openshift.io", "monitoring.coreos.com")
VERSIONS = ("1.30", kubernetes_validate.latest_version())


def is_custom(document):
    return document["apiVersion"].partition("/")[0].endswith(CUSTOM)


@cache
def validate(document):
    """Validate once what many renderings have in common."""
    for version in VERSIONS:
        kubernetes_validate.validate(json.loads(document), version, strict=True)


@cache
def assert_valid(document):
    crds.assert_valid(json.loads(document))


@pytest.mark.parametrize("name", VARIANTS)
def test_core_objects_are_valid_from_1_30_to_the_newest(name):
    objects = [each for each in rendering.render(VARIANTS[name]) if not is_custom(each)]
    assert objects
    for each in objects:
        if not each["apiVersion"].startswith(ELSEWHERE):
            validate(json.dumps(each))
        assert not crds.metadata_errors(each), each["metadata"]


@pytest.mark.parametrize("name", VARIANTS)
def test_custom_objects_are_valid(name):
    for each in filter(is_custom, rendering.render(VARIANTS[name])):
        assert_valid(json.dumps(each))


@pytest.mark.parametrize("name", VARIANTS)
def test_no_object_is_made_twice_and_each_has_a_namespace(name):
    objects = rendering.render(VARIANTS[name])
    keys = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in objects]
    assert len(keys) == len(set(keys))
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "ClusterTrainingRuntime", "ResourceFlavor", "ClusterQueue"}
    cluster_wide |= {"WorkloadPriorityClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    for kind, namespace, object_name in keys:
        assert bool(namespace) != (kind in cluster_wide), (kind, object_name)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_validator_refuses_what_is_wrong(version):
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"port": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, version, strict=True)
