"""What a namespace of runs gets: permissions, the cluster's description, runtimes."""

import tomllib

import pytest

from codekiln.launch.cluster.permissions import CLUSTER_PERMISSIONS, permissions
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.objects.trainjob import train_job
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


@pytest.mark.parametrize("api", ["trainjob", "pytorchjob"])
def test_pods_may_be_deleted_only_where_a_pool_asks_for_it(api):
    pools = {"gpu": {}, "other": {"deadNodeSeconds": 600}}
    role = one(rendering.render({"api": api, "gpuPools": pools}), "Role", "codekiln")
    assert granted(role) == set(permissions(api, dead_nodes=True))
    assert granted(role) > set(permissions(api))


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


def test_the_account_of_training_pods_has_the_annotations_of_the_values():
    annotations = {"iam.gke.io/gcp-service-account": "codekiln@project.iam.gserviceaccount.com"}
    objects = rendering.render(
        {"runs": {"namespaces": ["team-a", "team-b"]}, "jobs": {"serviceAccountAnnotations": annotations}}
    )
    accounts = of_kind(objects, "ServiceAccount")
    annotated = {each["metadata"]["namespace"] for each in accounts if "annotations" in each["metadata"]}
    assert annotated == {"team-a", "team-b"}
    for namespace in annotated:
        assert one(objects, "ServiceAccount", "codekiln-job", namespace)["metadata"]["annotations"] == annotations


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


def test_files_of_old_jobs_are_removed_after_as_many_days_as_the_values_say():
    def kept(values):
        config = one(rendering.render(values), "ConfigMap", "codekiln")["data"]["cluster.json"]
        return Cluster.model_validate_json(config).keep_days

    assert (kept({}), kept({"storage": {"keepDays": 7}}), kept({"storage": {"keepDays": 0}})) == (30, 7, 0)


def test_a_profile_arrives_as_it_was_written():
    text = 'base_model = "gemma3-4b"  # ours\n\n[sft]\nepochs = 3\nnote = "a: {{ b }}"\n'
    profiles = one(rendering.render({"profiles": {"ours": text}}), "ConfigMap", "codekiln-profiles")["data"]
    assert profiles == {"ours.toml": text}
    assert tomllib.loads(profiles["ours.toml"])["sft"]["epochs"] == 3
    assert "data" not in one(rendering.render(), "ConfigMap", "codekiln-profiles")


def test_the_workspace_volume_has_the_name_that_a_task_passes_on():
    # KFP names a volume by its claim: two names for one claim at one path would be two mounts there.
    for values, claim in (({}, "codekiln-workspace"), (VARIANTS["existing-claims"], "files")):
        config = one(rendering.render(values), "ConfigMap", "codekiln")["data"]["cluster.json"]
        cluster = Cluster.model_validate_json(config)
        pool = cluster.pools["gpu"]
        assert cluster.claim == claim
        assert {"name": claim, "persistentVolumeClaim": {"claimName": claim}} in pool.volumes
        assert {"name": claim, "mountPath": cluster.exchange} in pool.volume_mounts


def test_a_bucket_brings_its_credentials_by_reference_and_no_volume():
    config = one(rendering.render(VARIANTS["object-store"]), "ConfigMap", "codekiln")["data"]["cluster.json"]
    cluster = Cluster.model_validate_json(config)
    assert (cluster.exchange, cluster.claim) == ("s3://bucket/codekiln?region=eu", "")
    env = {each["name"]: each for each in cluster.pools["gpu"].env}
    reference = {"name": "codekiln", "key": "AWS_SECRET_ACCESS_KEY", "optional": True}
    assert env["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"] == reference
    assert not any("persistentVolumeClaim" in volume for volume in cluster.pools["gpu"].volumes)


def test_what_kfp_passes_of_the_workspace_adds_nothing_to_a_job():
    config = one(rendering.render(), "ConfigMap", "codekiln")["data"]["cluster.json"]
    cluster = Cluster.model_validate_json(config)
    passed = {
        "volumes": [{"name": cluster.claim, "persistentVolumeClaim": {"claimName": cluster.claim}}],
        "volume_mounts": [{"name": cluster.claim, "mountPath": "/codekiln"}],
    }
    request = JobRequest("sft-1", "sft", "gpu", cluster.pools["gpu"], (), "0", passed)
    patch = train_job(request, "kubeflow")["spec"]["runtimePatches"][0]
    job = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"][0]
    assert "spec" not in job["template"]["spec"]["template"]
