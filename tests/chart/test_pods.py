"""What every pod of ours has in common."""

import copy
import json

import pytest

from codekiln.launch.pools import Cluster
from tests.chart import rendering
from tests.chart.pod_security import violations
from tests.chart.rendering import of_kind, one, pod_specs
from tests.chart.variants import VARIANTS

GOOD = pod_specs(rendering.render())[0]


def pods(name):
    objects = rendering.render(VARIANTS[name])
    return [(each, pod) for each in objects for pod in pod_specs(each)]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_pod_meets_the_restricted_standard(name):
    for each, pod in pods(name):
        assert not violations(pod), (each["kind"], each["metadata"]["name"])


@pytest.mark.parametrize("name", VARIANTS)
def test_every_pod_has_the_user_and_group_of_a_step(name):
    # KFP gives a step no security context: it runs as the images' user, 1000:0, and group 0 is all it has.
    fixed = rendering.values(VARIANTS[name])["podSecurity"]["fixedUser"]
    for each, pod in pods(name):
        context = pod["securityContext"]
        user, group = (999, 999) if each["metadata"]["name"] == "codekiln-postgresql" else (1000, 0)
        wanted = {"runAsUser": user, "runAsGroup": group, "fsGroup": group, "fsGroupChangePolicy": "OnRootMismatch"}
        chosen = {key: value for key, value in context.items() if key not in ("runAsNonRoot", "seccompProfile")}
        assert chosen == (wanted if fixed else {}), each["metadata"]["name"]


@pytest.mark.parametrize("name", VARIANTS)
def test_what_helm_waits_for_tells_why_it_failed(name):
    hooks = [(each, pod) for each, pod in pods(name) if "helm.sh/hook" in each["metadata"].get("annotations", {})]
    assert {"codekiln-check"} <= {each["metadata"]["name"] for each, _ in hooks}
    for each, pod in hooks:
        assert each["metadata"]["annotations"]["helm.sh/hook-output-log-policy"] == "hook-failed"
        assert {one["terminationMessagePolicy"] for one in pod["containers"]} == {"FallbackToLogsOnError"}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_container_has_a_read_only_file_system_and_somewhere_to_write(name):
    for _, pod in pods(name):
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}
            assert container["resources"]["requests"]["memory"]
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", VARIANTS)
def test_only_what_talks_to_the_kubernetes_api_has_a_token(name):
    for each, pod in pods(name):
        assert pod.get("automountServiceAccountToken") is False or each["kind"] == "Pod", each["metadata"]["name"]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_mount_has_its_volume_and_every_volume_its_mount(name):
    for each, pod in pods(name):
        volumes = [volume["name"] for volume in pod["volumes"]]
        containers = [*pod["containers"], *pod.get("initContainers", [])]
        mounted = {mount["name"] for container in containers for mount in container["volumeMounts"]}
        claimed = {template["metadata"]["name"] for template in each["spec"].get("volumeClaimTemplates", [])}
        assert mounted == {*volumes, *claimed}
        assert len(volumes) == len(set(volumes))
        for container in containers:
            paths = [mount["mountPath"] for mount in container["volumeMounts"]]
            names = [variable["name"] for variable in container["env"]]
            assert len(paths) == len(set(paths))
            assert len(names) == len(set(names))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_claim_and_config_that_a_pod_needs_is_made_or_named_in_the_values(name):
    objects = rendering.render(VARIANTS[name])
    made = {(each["kind"], each["metadata"]["name"]) for each in objects}
    given = json.dumps(VARIANTS[name])
    for _, pod in pods(name):
        for volume in pod["volumes"]:
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            config = volume.get("configMap", {}).get("name")
            assert not claim or ("PersistentVolumeClaim", claim) in made or f'"{claim}"' in given
            assert not config or ("ConfigMap", config) in made


@pytest.mark.parametrize("name", VARIANTS)
def test_a_job_of_the_v1_operator_gets_the_same_pod_as_a_runtime_would_give(name):
    values = {**VARIANTS[name], "runtimes": {"scope": "Namespaced"}}
    first = rendering.render({**values, "api": "trainjob"})
    facts = of_kind(rendering.render({**values, "api": "pytorchjob"}), "ConfigMap")
    cluster = next(each["data"]["cluster.json"] for each in facts if "cluster.json" in each.get("data", ()))
    for pool_name, pool in Cluster.model_validate_json(cluster).pools.items():
        runtime = of_kind(first, "TrainingRuntime")
        pod = next(pod_specs(each)[0] for each in runtime if each["metadata"]["name"] == f"codekiln-{pool_name}")
        container = pod["containers"][0]
        assert list(pool.volumes) == pod["volumes"]
        assert list(pool.volume_mounts) == container["volumeMounts"]
        assert list(pool.env) == container["env"]
        assert pool.pod_security_context == pod["securityContext"]
        assert pool.security_context == container["securityContext"]
        assert pool.service_account == pod["serviceAccountName"]
        assert pool.node_selector == pod.get("nodeSelector", {})
        assert list(pool.tolerations) == pod.get("tolerations", [])
        assert pool.affinity == pod.get("affinity", {})
        assert pool.runtime_class == pod.get("runtimeClassName", "")
        assert [{"name": secret} for secret in pool.image_pull_secrets] == pod.get("imagePullSecrets", [])
        assert pool.grace_seconds == pod["terminationGracePeriodSeconds"]
        assert pool.image == container["image"]
        assert not violations(pod)


def test_a_mistake_of_the_user_ends_a_job_and_a_crash_starts_it_again():
    runtime = one(rendering.render({"gpuPools": {"gpu": {"restarts": 5}}}), "TrainingRuntime", "codekiln-gpu")
    template = runtime["spec"]["template"]["spec"]
    job = template["replicatedJobs"][0]["template"]["spec"]
    rule = job["podFailurePolicy"]["rules"][0]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [2, 3])
    # A Job that failed by that rule has this reason, and only then the whole set fails at once.
    stop = template["failurePolicy"]["rules"]
    assert [(each["action"], each["onJobFailureReasons"]) for each in stop] == [("FailJobSet", ["PodFailurePolicy"])]
    assert template["failurePolicy"]["maxRestarts"] == 5
    # Every other failure is the set's to handle, because one node alone cannot rejoin the others.
    assert job["backoffLimit"] == 0
    assert job["template"]["spec"]["restartPolicy"] == "Never"


@pytest.mark.parametrize("name", VARIANTS)
def test_no_secret_is_written_out(name):
    for _, pod in pods(name):
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            for variable in container["env"]:
                sensitive = any(word in variable["name"] for word in ("TOKEN", "PASSWORD", "SECRET", "API_KEY"))
                assert not (sensitive and "value" in variable), variable["name"]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["hostNetwork"], True, "hostNetwork"),
        (["securityContext", "runAsUser"], 0, "user 0"),
        (["securityContext", "seccompProfile"], {"type": "Unconfined"}, "seccomp"),
        (["containers", 0, "securityContext", "capabilities"], {"drop": ["NET_RAW"]}, "capabilities kept"),
        (["containers", 0, "securityContext", "allowPrivilegeEscalation"], True, "escalation"),
        (["containers", 0, "securityContext", "runAsNonRoot"], False, "root"),
        (["volumes"], [{"name": "a", "hostPath": {"path": "/"}}], "hostPath"),
    ],
)
def test_the_standard_notices_what_it_forbids(path, value, says):
    pod = copy.deepcopy(GOOD)
    target = pod
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    assert any(says in each for each in violations(pod))
