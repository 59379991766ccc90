"""Who may talk to whom, decided from the rendered NetworkPolicies as a network plugin decides."""

import pytest

from tests.chart import rendering
from tests.chart.network import Pod, allowed
from tests.chart.rendering import of_kind

OURS = {"app.kubernetes.io/part-of": "codekiln"}
MULTI = {"runs": {"namespaces": ["team-a", "team-b"]}, "vllm": {"enabled": True, "model": "m"}}
APPS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "apps"}}}]
MULTI |= {
    "serving": {"enabled": True, "model": "m", "baseModel": "b/m"},
    "networkPolicy": {"serving": {"from": APPS}},
}

CODE = Pod("team-a", {**OURS, "codekiln.dev/runs-code": "true", "pipelines.kubeflow.org/v2_component": "true"})
CHECK = Pod("team-a", {**CODE.labels, "codekiln.dev/reaches-hub": "true"})
STEP = Pod("team-a", OURS)
JOB = Pod("team-a", {**OURS, "jobset.sigs.k8s.io/jobset-name": "sft"})
SAME_JOB = Pod("team-a", {**OURS, "jobset.sigs.k8s.io/jobset-name": "sft"})
DRIVER = Pod("team-a", {"pipelines.kubeflow.org/v2_component": "true"})
STRANGER = Pod("team-a", {"app": "notebook"})
FOREIGN = Pod("team-c", OURS)

MLFLOW = Pod("kubeflow", {**OURS, "app.kubernetes.io/name": "codekiln", "app.kubernetes.io/component": "mlflow"})
DATABASE = Pod("kubeflow", {**OURS, "app.kubernetes.io/name": "codekiln", "app.kubernetes.io/component": "postgresql"})
VLLM = Pod("kubeflow", {**OURS, "app.kubernetes.io/name": "codekiln", "app.kubernetes.io/component": "vllm"})
SERVING = Pod("kubeflow", {**OURS, "app.kubernetes.io/name": "codekiln", "app.kubernetes.io/component": "serving"})
APP = Pod("apps", {"app": "editor"})
UPLOAD = Pod("kubeflow", {**OURS, "app.kubernetes.io/name": "codekiln", "app.kubernetes.io/component": "upload"})
KFP = Pod("kubeflow", {"app": "ml-pipeline"})
METADATA = Pod("kubeflow", {"component": "metadata-grpc-server"})
STORE = Pod("kubeflow", {"app": "seaweedfs"})
OTHER = Pod("kubeflow", {"app": "something-else"})
DNS = Pod("kube-system", {"k8s-app": "kube-dns"})
# The labels of kubeflow/trainer's manifests/base/manager and of charts/kubeflow-trainer, in the namespace of either.
MANAGER = {"app.kubernetes.io/part-of": "kubeflow", "app.kubernetes.io/component": "manager"}
TRAINER, PLATFORM_TRAINER = Pod("kubeflow-system", MANAGER), Pod("kubeflow", MANAGER)
HUB = Pod(address="18.164.1.2")
NODE = Pod(address="10.0.0.5")
CLOUD_METADATA = Pod(address="169.254.169.254")

YES = [
    (CODE, STORE, 8333), (CODE, KFP, 8888), (CODE, KFP, 8887), (CODE, METADATA, 8080), (CODE, MLFLOW, 5000),
    (CODE, NODE, 6443), (CODE, VLLM, 8000), (CHECK, HUB, 443), (CHECK, MLFLOW, 5000), (STEP, HUB, 443),
    (JOB, SAME_JOB, 29500), (JOB, STORE, 8333), (JOB, MLFLOW, 5000), (JOB, HUB, 443), (DRIVER, MLFLOW, 5000),
    (JOB, TRAINER, 10443), (JOB, PLATFORM_TRAINER, 10443),
    (KFP, MLFLOW, 5000), (MLFLOW, DATABASE, 5432), (VLLM, HUB, 443), (UPLOAD, KFP, 8888),
    (APP, SERVING, 8000), (STEP, SERVING, 8000), (SERVING, MLFLOW, 5000), (SERVING, HUB, 443),
]  # fmt: skip
NO = [
    (CODE, HUB, 443), (CODE, HUB, 80), (CODE, CLOUD_METADATA, 80), (CODE, DATABASE, 5432), (CODE, OTHER, 8888),
    (CODE, JOB, 29500), (CODE, STRANGER, 80), (CODE, STORE, 22), (CODE, NODE, 22), (CODE, CODE, 80),
    (STRANGER, CODE, 80), (CHECK, CLOUD_METADATA, 443), (CHECK, OTHER, 443),
    (CODE, TRAINER, 10443), (JOB, TRAINER, 9443), (JOB, OTHER, 10443),
    (JOB, KFP, 8888), (JOB, NODE, 6443), (JOB, CLOUD_METADATA, 80), (JOB, DATABASE, 5432), (JOB, VLLM, 8000),
    (STEP, JOB, 29500), (STRANGER, JOB, 22), (STRANGER, MLFLOW, 5000), (FOREIGN, MLFLOW, 5000), (OTHER, MLFLOW, 5000),
    (MLFLOW, HUB, 443), (MLFLOW, STORE, 8333), (DATABASE, HUB, 443), (STEP, DATABASE, 5432), (DATABASE, MLFLOW, 5000),
    (STRANGER, VLLM, 8000), (FOREIGN, VLLM, 8000), (VLLM, KFP, 8888), (UPLOAD, HUB, 443), (KFP, UPLOAD, 80),
    (STRANGER, SERVING, 8000), (FOREIGN, SERVING, 8000), (APP, SERVING, 22), (APP, VLLM, 8000), (APP, MLFLOW, 5000),
    (SERVING, STORE, 8333), (SERVING, DATABASE, 5432), (SERVING, NODE, 6443), (SERVING, CLOUD_METADATA, 80),
]  # fmt: skip


def policies(values):
    return of_kind(rendering.render(values), "NetworkPolicy")


@pytest.mark.parametrize("connection", YES)
def test_what_has_to_talk_may(connection):
    assert allowed(policies(MULTI), *connection)


@pytest.mark.parametrize("connection", NO)
def test_what_need_not_talk_may_not(connection):
    assert not allowed(policies(MULTI), *connection)


@pytest.mark.parametrize("pod", [CODE, CHECK, JOB, MLFLOW, VLLM, UPLOAD])
def test_names_can_be_resolved(pod):
    for server in (DNS, Pod(address="169.254.20.10")):
        assert allowed(policies(MULTI), pod, server, 53, "UDP")
        assert allowed(policies(MULTI), pod, server, 53, "TCP")


def test_without_the_hub_no_job_reaches_it():
    closed = policies({**MULTI, "networkPolicy": {"modelHub": {"enabled": False}}})
    assert not any(allowed(closed, pod, HUB, 443) for pod in (JOB, CHECK, VLLM, SERVING))


def test_jobs_of_the_v1_operator_are_found_by_its_label():
    v1 = policies({**MULTI, "api": "pytorchjob"})
    job = Pod("team-a", {**OURS, "training.kubeflow.org/job-name": "sft"})
    assert allowed(v1, job, job, 29500)
    assert not allowed(v1, STRANGER, job, 22)
    assert not allowed(v1, job, NODE, 6443)


def test_addresses_of_the_api_server_replace_the_private_ranges():
    narrow = policies({**MULTI, "networkPolicy": {"kubernetesApi": {"cidrs": ["10.9.9.9/32"]}}})
    assert not allowed(narrow, CODE, NODE, 6443)
    assert allowed(narrow, CODE, Pod(address="10.9.9.9"), 6443)


def test_mlflow_in_a_bucket_reaches_the_bucket():
    artifacts = {"kind": "objectStore", "url": "s3://a/b", "endpoint": "http://seaweedfs.kubeflow:8333"}
    bucket = policies({"mlflow": {"artifacts": artifacts}})
    assert allowed(bucket, MLFLOW, STORE, 8333)


CLOUD = {"storage": {"kind": "objectStore", "objectStore": {"url": "s3://a/b?region=eu-west-1"}}}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (CLOUD, "storage.objectStore.url"),
        ({"mlflow": {"artifacts": {"kind": "objectStore", "url": "s3://a/b"}}}, "mlflow.artifacts.url"),
    ],
)
@pytest.mark.parametrize("store", [{}, {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}, {"ports": [443]}])
def test_a_bucket_that_no_rule_reaches_is_refused(values, field, store):
    with pytest.raises(rendering.helm_python.HelmRenderError) as told:
        rendering.render({**values, "networkPolicy": {"artifactStore": store}})
    assert field in str(told.value)
    assert "networkPolicy.artifactStore.to" in str(told.value)


def test_a_bucket_of_a_cloud_is_reached_by_jobs_and_by_steps_that_run_code():
    address = Pod(address="203.0.113.9")
    store = {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [443]}
    opened = policies({**MULTI, **CLOUD, "networkPolicy": {"modelHub": {"enabled": False}, "artifactStore": store}})
    assert all(allowed(opened, pod, address, 443) for pod in (CODE, CHECK, JOB))
    assert not allowed(opened, CODE, HUB, 443)
    # Without policies everything is reached, and a store inside the cluster is among the defaults.
    assert not policies({**CLOUD, "networkPolicy": {"enabled": False}})
    inside = {"kind": "objectStore", "objectStore": {"url": "s3://a/b?endpoint_override=seaweedfs.kubeflow:8333"}}
    assert allowed(policies({**MULTI, "storage": inside}), JOB, STORE, 8333)


def test_only_annotated_jobs_are_given_credentials_by_the_cloud():
    places = [(CLOUD_METADATA, 80), (Pod(address="169.254.170.23"), 80), (Pod(address="169.254.169.252"), 988)]
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/codekiln"}
    identity = policies({**MULTI, "jobs": {"serviceAccountAnnotations": annotations}})
    assert all(allowed(identity, JOB, *place) for place in places)
    assert not any(allowed(identity, pod, *place) for pod in (CODE, CHECK, MLFLOW, VLLM) for place in places)
    assert not any(allowed(policies(MULTI), JOB, *place) for place in places)
    assert not allowed(identity, JOB, CLOUD_METADATA, 443)


def test_an_ingress_controller_can_be_let_in():
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
    opened = policies({"networkPolicy": {"mlflow": {"from": [peer]}}})
    assert allowed(opened, Pod("ingress"), MLFLOW, 5000)
    assert not allowed(policies({}), Pod("ingress"), MLFLOW, 5000)


def test_an_extra_way_out_is_a_way_out():
    rule = {"to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}], "ports": [{"protocol": "TCP", "port": 443}]}
    teacher = Pod(address="203.0.113.7")
    for field, pod in {"runsCode": CODE, "jobs": JOB, "hubSteps": CHECK}.items():
        values = {**MULTI, "networkPolicy": {"modelHub": {"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}}}
        assert not allowed(policies(values), pod, teacher, 443)
        values["networkPolicy"]["extraEgress"] = {field: [rule]}
        assert allowed(policies(values), pod, teacher, 443)


def test_jobs_reach_no_status_server_where_none_is_named_or_their_kind_has_none():
    for values in ({"networkPolicy": {"trainerStatus": {"to": []}}}, {"api": "pytorchjob"}):
        values = values | {"runs": MULTI["runs"]}
        job = Pod("team-a", {**OURS, "jobset.sigs.k8s.io/jobset-name": "sft", "training.kubeflow.org/job-name": "sft"})
        assert not allowed(policies(values), job, TRAINER, 10443)
        assert not allowed(policies(values), job, OTHER, 1)
