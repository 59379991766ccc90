"""Kubeflow's Model Registry in the chart: what steps are told, and which of them may reach it."""

import json

import pytest

from codekiln.registry.kubeflow_connection import KubeflowRegistrySettings, find_connection
from pipelines.task_settings import KUBEFLOW_REGISTRY, KUBEFLOW_REGISTRY_TOKEN
from tests.chart import rendering
from tests.chart.network import Pod, allowed
from tests.chart.rendering import of_kind
from tests.chart.test_pipelines import NAMES, compiled, executors, labels_of, step_of

NAMED = {"kubeflowRegistry": {"uri": "http://model-registry-service.models.svc.cluster.local:8080"}}
SERVER = Pod("models", {"component": "model-registry-server"})
CODE = Pod("kubeflow", {"app.kubernetes.io/part-of": "codekiln", "codekiln.dev/runs-code": "true"})


def config(values):
    (found,) = [
        each for each in of_kind(rendering.render(values), "ConfigMap") if each["metadata"]["name"] == "codekiln"
    ]
    return found["data"]


def policies(values):
    return of_kind(rendering.render(values), "NetworkPolicy")


def test_nothing_is_said_of_it_unless_it_is_named():
    assert KUBEFLOW_REGISTRY not in config({})
    assert "codekiln-reaches-kubeflow-registry" not in {each["metadata"]["name"] for each in policies({})}


def test_steps_read_what_the_values_say(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("secret")
    values = {
        "uri": "https://registry.models.svc:8443", "tokenFile": str(tmp_path / "token"),
        "ca": "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n", "owner": "team", "storageKey": "aws",
    }  # fmt: skip
    monkeypatch.setenv(KUBEFLOW_REGISTRY, config({"kubeflowRegistry": values})[KUBEFLOW_REGISTRY])
    found = find_connection(KubeflowRegistrySettings())
    assert (found.uri, found.token, found.ca) == (values["uri"], "secret", values["ca"])
    assert (found.owner, found.storage_key) == ("team", "aws")


@pytest.mark.parametrize("name", NAMES)
def test_check_and_promote_alone_are_told_and_given_the_token(name):
    told = {
        step_of(executor)
        for executor, settings in executors(compiled(name)[1]).items()
        if KUBEFLOW_REGISTRY in json.dumps(settings.get("configMapAsEnv", []))
        and KUBEFLOW_REGISTRY_TOKEN in json.dumps(settings.get("secretAsEnv", []))
    }
    assert told == ({"check"} if name == "data" else {"check", "promote"})
    assert json.dumps(compiled(name)).count(KUBEFLOW_REGISTRY_TOKEN) == 2 * len(told)


def test_check_may_reach_it_and_no_other_step_that_runs_programs():
    found = policies(NAMED)
    for step in ("check", "evaluate"):
        (pod,) = {json.dumps(labels, sort_keys=True) for labels in labels_of("align", step, NAMED)}
        assert allowed(found, Pod("kubeflow", json.loads(pod)), SERVER, 8080) == (step == "check")
    assert not allowed(found, CODE, SERVER, 8080)
    (check,) = labels_of("align", "check", NAMED)
    assert not allowed(found, Pod("kubeflow", check), SERVER, 3306)
    assert not allowed(policies({}), Pod("kubeflow", check), SERVER, 8080)


@pytest.mark.parametrize("uri", ["https://registry.example.org", "http://registry.models:8080"])
def test_a_registry_elsewhere_wants_its_peers(uri):
    values = {"kubeflowRegistry": {"uri": uri}}
    with pytest.raises(rendering.helm_python.HelmRenderError, match="networkPolicy.kubeflowRegistry.to is empty"):
        rendering.render(values)
    peers = {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [443]}
    opened = policies({**values, "networkPolicy": {"kubeflowRegistry": peers}})
    (check,) = labels_of("align", "check", NAMED)
    assert allowed(opened, Pod("kubeflow", check), Pod(address="203.0.113.9"), 443)
    rendering.render({**values, "networkPolicy": {"enabled": False}})


def test_an_address_that_is_none_is_refused():
    with pytest.raises(rendering.helm_python.HelmValuesError, match="kubeflowRegistry/uri"):
        rendering.render({"kubeflowRegistry": {"uri": "registry:8080"}})
