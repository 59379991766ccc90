"""The pod that serves a registered model, as a Deployment and as an InferenceService of KServe."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from charts.places import CHART
from codekiln import models
from codekiln.cli.serve_command import serve
from codekiln.models.template_files import form_of
from codekiln.stages.serving import vllm_middleware
from codekiln.stages.serving.folder import MIDDLEWARE, PLUGIN, STATUS
from codekiln.stages.serving.server import RANKS
from codekiln.stages.serving.smoke import SmokePrompt, SmokeTest, read_smoke_test
from tests.chart.admission import refusal
from tests.chart.rendering import NAMESPACE, one, render

PROMPTS = [{"prompt": 'Say "é" {{.Values}}\n', "program": False, "max_tokens": 5}, {"prompt": "Write f()."}]
VALUES = {
    "enabled": True,
    "model": "codekiln-gemma",
    "baseModel": "google/gemma-3-4b-it",
    "servedName": "code",
    "annotations": {"team": "a"},
    "follower": {"smokePrompts": PROMPTS, "publicKey": "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----\n"},
}


def template(**more):
    objects = render({"serving": {**VALUES, **more}})
    return one(objects, "Deployment", "codekiln-serving")["spec"]["template"]


def containers():
    return {each["name"]: each for each in template()["spec"]["containers"]}


def test_the_follower_is_called_as_the_command_is():
    follower = containers()["follower"]
    _, name, *words = [*follower["command"], *follower["args"]]
    given, rest, _ = serve.make_parser(click.Context(serve)).parse_args(list(words))
    assert (name, rest) == ("serve", [])
    assert given["model"] == "codekiln-gemma@champion"
    assert given["server"] == "http://127.0.0.1:8000"
    assert given["base_model"] == "google/gemma-3-4b-it"
    assert given["served_name"] == "code"


def test_both_have_the_folder_the_middleware_and_the_key_of_the_api():
    both, pod = containers(), template()["spec"]
    vllm, follower = both["kserve-container"], both["follower"]
    mounts = {
        name: {mount["mountPath"]: mount["name"] for mount in each["volumeMounts"]} for name, each in both.items()
    }
    environment = {each["name"]: each.get("value") for each in vllm["env"]}
    assert environment[vllm_middleware.FOLDER] == "/serving"
    assert mounts["kserve-container"]["/serving"] == mounts["follower"]["/serving"] == "adapters"
    assert f"--middleware={MIDDLEWARE}" in vllm["args"]
    assert mounts["kserve-container"][environment["PYTHONPATH"]] == "config"
    assert follower["readinessProbe"]["exec"]["command"][-1] == f"/serving/{STATUS}"
    for each in both.values():
        key = next(variable for variable in each["env"] if variable["name"] == "VLLM_API_KEY")
        assert key["valueFrom"]["secretKeyRef"]["key"] == "CODEKILN_API_KEY"
    assert not pod["automountServiceAccountToken"]
    # Only the follower reads MLflow.
    assert not [each for each in vllm["env"] if each["name"].startswith("MLFLOW")]


def test_vllm_asks_with_the_template_that_training_used(tmp_path, monkeypatch):
    """The first container writes it where vLLM reads it."""
    pod = template()["spec"]
    (first,) = pod["initContainers"]
    shell, flag, line, *words = first["command"]
    assert words == ["sh", "google/gemma-3-4b-it"]
    file = f"{tmp_path}/chat_template.jinja"
    codekiln = f"{sys.executable} -m codekiln "
    line = line.replace("/serving/chat_template.jinja", file).replace("codekiln ", codekiln, 1)
    subprocess.run([shell, flag, line, "sh", "tiny"], check=True, cwd=CHART.parents[1], timeout=120)
    assert Path(file).read_text() == form_of(models.get("tiny")).template
    assert "--chat-template=/serving/chat_template.jinja" in containers()["kserve-container"]["args"]
    assert {"name": "adapters", "mountPath": "/serving"} in first["volumeMounts"]


def test_the_bases_own_template_is_left_where_that_is_wanted():
    pod = template(chatTemplate=False)["spec"]
    assert "initContainers" not in pod
    assert not [word for each in pod["containers"] for word in each["args"] if "chat" in word]


def test_what_is_mounted_is_the_middleware_the_prompts_and_the_key(tmp_path):
    data = one(render({"serving": VALUES}), "ConfigMap", "codekiln-serving")["data"]
    assert data[f"{PLUGIN}.py"].strip() == Path(vllm_middleware.__file__).read_text().strip()
    compile(data[f"{PLUGIN}.py"], PLUGIN, "exec")
    (tmp_path / "smoke.jsonl").write_text(data["smoke.jsonl"])
    assert read_smoke_test(tmp_path / "smoke.jsonl") == SmokeTest(tuple(SmokePrompt(**each) for each in PROMPTS))
    assert data["public-key.pem"].strip() == VALUES["follower"]["publicKey"].strip()


def test_pods_start_anew_where_what_is_mounted_changes():
    changed = {"follower": {"smokePrompts": PROMPTS[1:]}}
    assert template()["metadata"]["annotations"] != template(**changed)["metadata"]["annotations"]
    assert template()["metadata"]["annotations"]["team"] == "a"


def test_kserve_runs_the_same_pod():
    objects = render({"serving": {**VALUES, "kserve": {"enabled": True}}})
    service = one(objects, "InferenceService", "codekiln-serving")
    pod, predictor = template(), service["spec"]["predictor"]
    assert {key: predictor[key] for key in pod["spec"]} == pod["spec"]
    assert predictor["labels"] == pod["metadata"]["labels"]
    assert predictor["annotations"] == pod["metadata"]["annotations"]
    assert service["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == "Standard"
    assert predictor["containers"][0]["name"] == "kserve-container"
    assert predictor["containers"][0]["ports"][0]["containerPort"] == 8000
    assert not [each for each in objects if each["kind"] == "Deployment" and "serving" in each["metadata"]["name"]]


@pytest.mark.parametrize("by_kserve", [False, True])
def test_the_policy_for_verified_adapters_admits_it_with_a_public_key_alone(by_kserve):
    policy = render({"admission": {"enabled": True}})

    def refused(follower):
        values = {**VALUES, "follower": follower, "kserve": {"enabled": by_kserve}}
        objects = render({"serving": values})
        kind, resource = ("InferenceService", "inferenceservices") if by_kserve else ("Deployment", "deployments")
        found = [refusal(policy, one(objects, kind, "codekiln-serving"), {NAMESPACE: {}}, resource)]
        metadata = {**template(follower=follower)["metadata"], "name": "p", "namespace": NAMESPACE}
        pod = {"metadata": metadata, "spec": template(follower=follower)["spec"]}
        return [*found, refusal(policy, pod, {NAMESPACE: {}}, "pods")]

    assert refused(VALUES["follower"]) == ["", ""]
    assert "no verified record" in refused({})[-1]


def test_the_schema_knows_the_ranks_of_vllm():
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert tuple(schema["properties"]["serving"]["properties"]["maxLoraRank"]["enum"]) == RANKS


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"model": ""}, "serving.model is empty"),
        ({"baseModel": ""}, "serving.baseModel"),
        ({"pool": "x"}, "there are: gpu"),
    ],
)
def test_what_is_missing_is_named(values, says):
    with pytest.raises(Exception, match=says):
        render({"serving": {**VALUES, **values}})
