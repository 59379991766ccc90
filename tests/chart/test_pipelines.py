"""The compiled pipelines as the chart puts them into Kubeflow Pipelines."""

import copy
import functools

import pytest
from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from charts.places import COMPILED, ROOT
from codekiln import __version__
from codekiln.launch.pipeline_source import is_of_release
from tests.chart import rendering
from tests.chart.network import Pod, allowed
from tests.chart.rendering import of_kind, one
from tests.chart.test_network import CLOUD_METADATA, HUB, VLLM
from tests.chart.variants import VARIANTS

NAMES = sorted(path.stem for path in COMPILED.glob("*.yaml"))
EXCHANGING = ("check", "generate", "sft", "dpo", "dpo_further", "self_generate", "evaluate")
PLAIN = {
    "pipelines": {"defaults": {"pool": ""}},
    "storage": {"kind": "objectStore", "objectStore": {"url": "s3://a/b"}},
    "networkPolicy": {"enabled": False},
}


@functools.cache
def compiled(name):
    documents = rendering.load((COMPILED / f"{name}.yaml").read_text())
    return documents[0], documents[1] if len(documents) > 1 else {"platforms": {}}


def uploaded(name, values):
    text = one(rendering.render(values), "ConfigMap", f"codekiln-pipeline-{name}")["data"][f"{name}.yaml"]
    spec, platform = rendering.load(text)
    return spec, platform


def native(name, values):
    objects = rendering.render({**values, "pipelines": {**values.get("pipelines", {}), "mode": "native"}})
    versions = of_kind(objects, "PipelineVersion")
    found = next(each["spec"] for each in versions if each["spec"]["pipelineName"] == name)
    return found["pipelineSpec"], found["platformSpec"]


def upload(objects):
    found = [each for each in of_kind(objects, "Job") if each["metadata"]["name"].startswith("codekiln-upload-")]
    assert len(found) == 1
    return found[0]


def step_of(executor):
    """exec-dpo-further-2 is a use of dpo_further."""
    words = executor.removeprefix("exec-").split("-")
    return "_".join(words[:-1] if words[-1].isdigit() else words)


def executors(platform):
    return platform.get("platforms", {}).get("kubernetes", {}).get("deploymentSpec", {}).get("executors", {})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("read", [uploaded, native])
def test_with_nothing_to_change_the_compiled_pipeline_is_unchanged(name, read):
    spec, platform = read(name, PLAIN)
    wanted, wanted_platform = copy.deepcopy(compiled(name))
    if "pool" in wanted["root"].get("inputDefinitions", {}).get("parameters", {}):
        wanted["root"]["inputDefinitions"]["parameters"]["pool"]["defaultValue"] = ""
    assert spec == wanted
    assert platform == wanted_platform


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("variant", ["defaults", "multi-user", "a-registry-with-credentials", "object-store"])
def test_kubeflow_pipelines_can_read_it(name, variant):
    spec, platform = uploaded(name, {**VARIANTS[variant], "pipelines": {"defaults": {"pool": "gpu"}}})
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    for executor in executors(platform).values():
        json_format.ParseDict(executor, kubernetes_executor_config_pb2.KubernetesExecutorConfig())


@pytest.mark.parametrize("name", NAMES)
def test_steps_that_exchange_files_with_jobs_mount_the_workspace_and_no_others(name):
    spec, platform = uploaded(name, {"storage": {"sharedVolume": {"existingClaim": "files"}}})
    _, before = compiled(name)
    for executor in spec["deploymentSpec"]["executors"]:
        mounts = executors(platform).get(executor, {}).get("pvcMount", [])
        had = executors(before).get(executor, {}).get("pvcMount", [])
        added = [each for each in mounts if each not in had]
        if step_of(executor) in EXCHANGING:
            constant = {"runtimeValue": {"constant": "files"}}
            assert added == [{"constant": "files", "mountPath": "/codekiln", "pvcNameParameter": constant}]
        else:
            assert not added


def test_every_exchanging_step_is_in_some_pipeline():
    used = {step_of(each) for name in NAMES for each in compiled(name)[0]["deploymentSpec"]["executors"]}
    assert used >= set(EXCHANGING)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_compiled_pipeline_says_of_a_step_stays(name):
    _, platform = uploaded(name, {})
    for executor, settings in executors(compiled(name)[1]).items():
        kept = executors(platform)[executor]
        for key, value in settings.items():
            if key == "podMetadata":
                assert kept[key]["labels"].items() >= value["labels"].items()
            elif key != "pvcMount":
                assert kept[key] == value


@pytest.mark.parametrize("name", NAMES)
def test_only_check_may_reach_the_hub(name):
    _, platform = uploaded(name, {})
    reaching = [
        step_of(executor)
        for executor, settings in executors(platform).items()
        if "codekiln.dev/reaches-hub" in settings.get("podMetadata", {}).get("labels", {})
    ]
    assert set(reaching) <= {"check"}
    assert ("check" in reaching) == any(step_of(each) == "check" for each in executors(platform))


def labels_of(name, step, values):
    """Return the pod labels of each use of a step, with the one that Kubeflow Pipelines adds."""
    _, platform = uploaded(name, values)
    found = [each["podMetadata"]["labels"] for key, each in executors(platform).items() if step_of(key) == step]
    return [{**each, "pipelines.kubeflow.org/v2_component": "true"} for each in found]


@pytest.mark.parametrize("steps", [["check"], ["check", "evaluate"]])
def test_a_step_that_runs_programs_may_reach_the_hub_when_the_values_name_it(steps):
    values = {"networkPolicy": {"modelHub": {"steps": steps}}, "vllm": {"enabled": True, "model": "m"}}
    policies = of_kind(rendering.render(values), "NetworkPolicy")
    for step in ("check", "evaluate"):
        pods = [Pod("kubeflow", labels) for name in NAMES for labels in labels_of(name, step, values)]
        assert pods
        for pod in pods:
            assert pod.labels["codekiln.dev/runs-code"] == "true"
            assert pod.labels.get("codekiln.dev/reaches-hub") == ("true" if step in steps else None)
            assert allowed(policies, pod, HUB, 443) == (step in steps)
            assert allowed(policies, pod, VLLM, 8000)
            assert not allowed(policies, pod, HUB, 80)
            assert not allowed(policies, pod, CLOUD_METADATA, 80)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_may_pull_from_a_registry_with_credentials(name):
    spec, platform = uploaded(name, {"image": {"pullSecrets": ["a", "b"], "pullPolicy": "Always"}})
    for executor in spec["deploymentSpec"]["executors"]:
        settings = executors(platform)[executor]
        assert [each["secretNameParameter"]["runtimeValue"]["constant"] for each in settings["imagePullSecret"]] == [
            "a",
            "b",
        ]
        assert settings["imagePullPolicy"] == "Always"


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ({"registry": "ghcr.io/acme"}, "ghcr.io/acme/codekiln/cpu:" + __version__),
        ({"tag": "7"}, "codekiln/cpu:7"),
        ({"cpu": {"repository": "mirror/cpu"}}, "mirror/cpu:" + __version__),
        ({"cpu": {"digest": "sha256:" + "a" * 64}, "tag": "7"}, "codekiln/cpu@sha256:" + "a" * 64),
    ],
)
def test_images_get_their_registry_tag_and_digest(image, full):
    for name in NAMES:
        spec, _ = uploaded(name, {"image": image})
        inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        literal = {each["container"]["image"] for each in spec["deploymentSpec"]["executors"].values()}
        assert "codekiln/cpu:" + __version__ not in literal
        if "image" in inputs:
            assert inputs["image"]["defaultValue"] == full


def test_defaults_of_the_form_are_the_values_and_a_wrong_name_is_told():
    spec, _ = uploaded("align", {"pipelines": {"defaults": {"profile": "cluster", "recipe": "student"}}})
    inputs = spec["root"]["inputDefinitions"]["parameters"]
    assert (inputs["profile"]["defaultValue"], inputs["recipe"]["defaultValue"]) == ("cluster", "student")
    assert inputs["pool"]["defaultValue"] == "gpu"
    with pytest.raises(
        rendering.helm_python.HelmRenderError, match=r"pipelines\.defaults\.profil: .* there are: .*profile"
    ):
        rendering.render({"pipelines": {"defaults": {"profil": "cluster"}}})
    with pytest.raises(rendering.helm_python.HelmRenderError, match="gpuPools has no pool of that name"):
        rendering.render({"pipelines": {"defaults": {"pool": "a100"}}})


def test_overrides_have_a_default_too():
    spec, _ = uploaded("align", {"pipelines": {"defaults": {"overrides": {"sft.epochs": 2}}}})
    assert spec["root"]["inputDefinitions"]["parameters"]["overrides"]["defaultValue"] == {"sft.epochs": 2}
    for name, wrong in (("overrides", "sft.epochs=2"), ("recipe", {"a": 1})):
        with pytest.raises(rendering.helm_python.HelmRenderError, match=f"defaults.{name}: is .* and the form takes"):
            rendering.render({"pipelines": {"defaults": {name: wrong}}})


def test_a_version_has_another_name_when_it_says_something_else():
    def versions(values):
        objects = rendering.render({**values, "pipelines": {"mode": "native"}})
        return {each["metadata"]["name"] for each in of_kind(objects, "PipelineVersion")}

    assert versions({}) == versions({"commonLabels": {"a": "b"}})
    assert not versions({}) & versions({"image": {"tag": "7"}})
    assert all(name.rsplit("-", 1)[0].endswith(f"-{__version__}") for name in versions({}))


def test_versions_belong_to_a_pipeline_of_the_same_namespace_and_outlive_an_upgrade():
    objects = rendering.render({"pipelines": {"mode": "native"}, "kfp": {"namespace": "kfp"}})
    pipelines = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in of_kind(objects, "Pipeline")}
    for each in of_kind(objects, "Pipeline"):
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert pipelines == {("kfp", name) for name in NAMES}
    for each in of_kind(objects, "PipelineVersion"):
        assert (each["metadata"]["namespace"], each["spec"]["pipelineName"]) in pipelines
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_submit_finds_what_the_chart_makes_of_kubernetes_objects():
    chart = rendering.load((ROOT / "charts" / "codekiln" / "Chart.yaml").read_text())[0]
    assert chart["appVersion"] == __version__
    objects = rendering.render({"pipelines": {"mode": "native"}})
    shown = {each["metadata"]["name"]: each["spec"]["displayName"] for each in of_kind(objects, "Pipeline")}
    assert shown == {name: f"codekiln {name}" for name in NAMES}
    for each in of_kind(objects, "PipelineVersion"):
        assert is_of_release(each["spec"]["displayName"], each["spec"]["pipelineName"])


def test_the_upload_job_is_given_every_pipeline_and_runs_after_the_rest():
    objects = rendering.render(
        {"pipelines": {"namespace": "team", "tokenAudience": "a.b"}, "kfp": {"host": "http://k"}}
    )
    job = upload(objects)
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    container = job["spec"]["template"]["spec"]["containers"][0]
    files = [f"/pipelines/{name}.yaml" for name in NAMES]
    token = "--token-file=/var/run/secrets/kubeflow/pipelines/token"
    assert container["command"] == ["python", "-m", "codekiln.launch.upload"]
    assert container["args"] == ["--host=http://k", "--namespace=team", token, *files]
    sources = next(each for each in job["spec"]["template"]["spec"]["volumes"] if each["name"] == "pipelines")
    maps = [one(objects, "ConfigMap", each["configMap"]["name"]) for each in sources["projected"]["sources"]]
    assert sorted(key for each in maps for key in each["data"]) == [f"{name}.yaml" for name in NAMES]


def test_the_upload_job_understands_its_arguments():
    from click.testing import CliRunner

    from codekiln.launch.upload import main

    container = upload(rendering.render())["spec"]["template"]["spec"]["containers"][0]
    options = [word for word in container["args"] if word.startswith("--")]
    told = CliRunner().invoke(main, [*options, str(ROOT / "no-such-file.yaml")])
    assert "no-such-file.yaml" in told.output
    assert "No such option" not in told.output


def test_a_config_map_holds_less_than_a_mebibyte():
    for each in of_kind(rendering.render(), "ConfigMap"):
        assert sum(len(text.encode()) for text in each.get("data", {}).values()) < 700_000
