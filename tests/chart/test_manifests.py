"""The kustomize folders and the example objects."""

import kubernetes_validate
import pytest
import yaml

from charts import chart, render
from charts.kustomize import BASE, OVERLAYS, WITHOUT_PIPELINES
from charts.places import COMPILED, MANIFESTS
from tests import crds
from tests.chart.kubectl import kustomize
from tests.chart.pod_security import violations
from tests.chart.rendering import Loader, of_kind, pod_specs
from tests.chart.test_valid import VERSIONS, is_custom

FOLDERS = sorted(path.parent for path in MANIFESTS.rglob("kustomization.yaml"))
EXAMPLES = sorted((MANIFESTS / "examples").rglob("*.yaml"))
WHOLE = {BASE: {}, **{OVERLAYS / name: values for name, values in chart.examples().items()}}


def name(path):
    return str(path.relative_to(MANIFESTS))


def read(path):
    return [each for each in yaml.load_all(path.read_text(), Loader=Loader) if each]


def identity(each):
    return each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]


def check(each):
    assert not crds.metadata_errors(each)
    if is_custom(each):
        crds.assert_valid(each)
    elif not each["apiVersion"].startswith("route.openshift.io"):
        for version in VERSIONS:
            kubernetes_validate.validate(each, version, strict=True)


@pytest.fixture(scope="module", params=["upload", "native"])
def pipelines(request, tmp_path_factory):
    """How pipelines get into KFP, and the objects of the folder that the command writes for it."""
    folder = tmp_path_factory.mktemp(request.param)
    render.main(["--pipelines", request.param, str(folder)])
    return request.param, kustomize(folder)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("gpuPools: {gpu: {nodeSelector: {nvidia.com/gpu.present: true}}}", "gpu.present': got boolean, want string"),
        ("gpuPools: {gpu: {gpus: 8}}", "'gpus' not allowed"),
        ("storage: {kind: objectStore}", "storage.objectStore.url"),
        ("gpuPools:\n\tgpu: {}", "cannot start any token"),
        ("- gpu", "holds no values"),
        (None, "No such file"),
    ],
)
def test_values_that_cannot_be_rendered_end_the_command_with_helms_own_words(tmp_path, capsys, values, said):
    file = tmp_path / "my-values.yaml"
    if values is not None:
        file.write_text(values)
    with pytest.raises(SystemExit) as ended:
        render.main([str(file), str(tmp_path / "my-cluster")])
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: {file}: ")
    assert said in message
    assert not (tmp_path / "my-cluster").exists()


@pytest.mark.parametrize("folder", WHOLE, ids=name)
def test_a_folder_gives_exactly_what_the_chart_gives(folder):
    made, wanted = kustomize(folder), chart.rendered(chart.merged(WHOLE[folder], WITHOUT_PIPELINES))
    assert sorted(made, key=identity) == sorted(wanted, key=identity)


def test_pipelines_are_exactly_what_the_chart_adds_for_them(pipelines):
    mode, made = pipelines
    wanted = chart.rendered({"pipelines": {"mode": mode}})
    assert sorted([*made, *kustomize(BASE)], key=identity) == sorted(wanted, key=identity)


def test_pipelines_are_valid(pipelines):
    _, made = pipelines
    for each in made:
        check(each)
        assert not any(violations(pod) for pod in pod_specs(each))


def test_pipelines_for_other_values_mount_what_these_name(tmp_path):
    (tmp_path / "values.yaml").write_text("storage: {sharedVolume: {existingClaim: files}}\n")
    render.main(["--pipelines", "native", str(tmp_path / "values.yaml"), str(tmp_path / "made")])
    versions = of_kind(kustomize(tmp_path / "made"), "PipelineVersion")
    assert {each["spec"]["pipelineName"] for each in versions} == {path.stem for path in COMPILED.iterdir()}
    assert all("'constant': 'files'" in str(each["spec"]["platformSpec"]) for each in versions)


def test_every_object_of_the_base_is_valid():
    for each in kustomize(BASE):
        check(each)


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_a_folder_has_each_object_once_and_nothing_of_helm(folder):
    every = kustomize(folder)
    keys = [identity(each) for each in every]
    assert every
    assert len(keys) == len(set(keys))
    assert "helm" not in str([each["metadata"] for each in every]).lower()
    assert not any(violations(pod) for each in every for pod in pod_specs(each))


def test_no_password_is_committed():
    assert not any(each["kind"] == "Secret" for folder in FOLDERS for each in kustomize(folder))
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
    found = [each for each in kustomize(MANIFESTS / folder) if each["kind"] == runtime["kind"]]
    assert runtime["name"] in {each["metadata"]["name"] for each in found}


def test_the_queue_of_the_queued_job_is_in_its_folder():
    job = read(MANIFESTS / "examples" / "generated" / "trainjob-two-nodes-queued.yaml")[0]
    queues = kustomize(OVERLAYS / "kueue")
    labels = job["metadata"]["labels"]
    named = {(each["kind"], each["metadata"]["name"]) for each in queues}
    assert ("LocalQueue", labels["kueue.x-k8s.io/queue-name"]) in named
    assert ("WorkloadPriorityClass", labels["kueue.x-k8s.io/priority-class"]) in named


def test_the_secret_has_the_keys_that_the_pipelines_read():
    keys = read(MANIFESTS / "examples" / "secret.yaml")[0]["stringData"].keys()
    compiled = "".join(path.read_text() for path in COMPILED.glob("*.yaml"))
    read_keys = {line.split("secretKey:")[1].strip() for line in compiled.splitlines() if "secretKey:" in line}
    assert read_keys <= set(keys)
