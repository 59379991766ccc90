"""What a namespace of runs gets: permissions, the cluster's description, runtimes."""

import pytest

from codekiln.launch.permissions import CLUSTER_PERMISSIONS, permissions
from codekiln.launch.pools import Cluster
from tests.chart import rendering
from tests.chart.rendering import of_kind, one
from tests.chart.variants import VARIANTS


def granted(role):
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("api", ["trainjob", "pytorchjob"])
def test_the_role_grants_exactly_what_the_code_calls(api):
    role = one(rendering.render({"api": api}), "Role", "codekiln")
    assert granted(role) == set(permissions(api))


def test_cluster_runtimes_get_a_cluster_role_and_others_do_not():
    objects = rendering.render({"runtimes": {"scope": "Cluster"}})
    assert granted(one(objects, "ClusterRole", "codekiln")) == set(CLUSTER_PERMISSIONS)
    assert not of_kind(rendering.render(), "ClusterRole", "ClusterRoleBinding")


def test_the_role_is_bound_in_every_namespace_of_runs_and_nowhere_else():
    objects = rendering.render({"runs": {"namespaces": ["team-a", "team-b"], "serviceAccount": "default-editor"}})
    bindings = of_kind(objects, "RoleBinding")
    assert {each["metadata"]["namespace"] for each in bindings} == {"team-a", "team-b"}
    for each in bindings:
        account = {"kind": "ServiceAccount", "name": "default-editor", "namespace": each["metadata"]["namespace"]}
        assert each["subjects"] == [account]
        assert each["roleRef"]["name"] == "codekiln"


def test_training_pods_have_an_account_without_a_token():
    objects = rendering.render()
    assert one(objects, "ServiceAccount", "codekiln-job")["automountServiceAccountToken"] is False
    pod = rendering.pod_specs(one(objects, "TrainingRuntime", "codekiln-gpu"))[0]
    assert pod["serviceAccountName"] == "codekiln-job"
    assert pod["automountServiceAccountToken"] is False
    bound = [subject["name"] for each in of_kind(objects, "RoleBinding") for subject in each["subjects"]]
    assert "codekiln-job" not in bound


@pytest.mark.parametrize("name", VARIANTS)
def test_cluster_json_is_what_steps_parse(name):
    objects = rendering.render(VARIANTS[name])
    for each in (each for each in of_kind(objects, "ConfigMap") if each["metadata"]["name"] == "codekiln"):
        cluster = Cluster.model_validate_json(each["data"]["cluster.json"])
        assert set(cluster.pools) == set(rendering.values(VARIANTS[name])["gpuPools"])
        runtimes = of_kind(objects, "TrainingRuntime", "ClusterTrainingRuntime")
        made = {(each["kind"], each["metadata"]["name"]) for each in runtimes}
        for pool in cluster.pools.values():
            assert (pool.api == "pytorchjob" and not made) or (pool.runtime_kind, pool.runtime) in made
