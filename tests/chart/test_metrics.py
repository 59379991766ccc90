"""Metrics and notifications: the Pushgateway, how steps learn of it, who may talk to it, and what reads it."""

import json

import helm_python
import pytest
from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2

from charts.places import CHART
from tests.chart import rendering
from tests.chart.network import Pod, allowed
from tests.chart.rendering import of_kind, one
from tests.chart.test_network import CHECK, CODE, HUB, JOB, OURS, STEP, STRANGER, policies
from tests.chart.test_pipelines import NAMES, executors, step_of, uploaded
from tests.chart.variants import VARIANTS

ON, YOURS = VARIANTS["metrics"], VARIANTS["pushgateway-of-yours"]
URL = "CODEKILN_PUSHGATEWAY_URL"
GATEWAY = Pod("kubeflow", {**OURS, "app.kubernetes.io/name": "codekiln", "app.kubernetes.io/component": "pushgateway"})
PROMETHEUS = Pod("monitoring", {"app.kubernetes.io/name": "prometheus"})
WEBHOOK = Pod(address="203.0.113.7")


def keys(name, values):
    """Return the keys of Secrets that each step of a pipeline gets, by the step's executor."""
    _, platform = uploaded(name, values)
    return {
        executor: [key["envVar"] for secret in settings.get("secretAsEnv", ()) for key in secret["keyToEnv"]]
        for executor, settings in executors(platform).items()
    }


def test_by_default_there_is_nothing_of_it():
    objects = rendering.render()
    assert not [each for each in objects if "pushgateway" in json.dumps(each["metadata"])]
    assert not of_kind(objects, "ServiceMonitor", "PrometheusRule")
    assert URL not in one(objects, "ConfigMap", "codekiln")["data"]
    assert not any(
        allowed(policies({"runs": {"namespaces": ["team-a"]}}), CODE, pod, 9091) for pod in (GATEWAY, WEBHOOK)
    )


def test_every_namespace_of_runs_learns_of_the_pushgateway():
    objects = rendering.render(ON)
    service = one(objects, "Service", "codekiln-pushgateway")
    for namespace in ("team-a", "team-b"):
        data = one(objects, "ConfigMap", "codekiln", namespace)["data"]
        assert data[URL] == f"http://codekiln-pushgateway.kubeflow.svc:{service['spec']['ports'][0]['port']}"
    assert one(rendering.render(YOURS), "ConfigMap", "codekiln")["data"][URL] == "http://pushgateway.monitoring:9091"
    assert not of_kind(rendering.render(YOURS), "ServiceMonitor")


@pytest.mark.parametrize("name", NAMES)
def test_each_step_reads_its_address_from_there(name):
    _, platform = uploaded(name, ON)
    for settings in executors(platform).values():
        read = [key for each in settings["configMapAsEnv"] for key in each["keyToEnv"]]
        assert {"configMapKey": URL, "envVar": URL} in read


def test_the_service_finds_the_pod_and_the_monitor_the_service():
    objects = rendering.render(ON)
    service, pod = one(objects, "Service", "codekiln-pushgateway"), one(objects, "Deployment", "codekiln-pushgateway")
    template = pod["spec"]["template"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    container = template["spec"]["containers"][0]
    assert container["ports"] == [{"name": "http", "containerPort": 9091}]
    assert "--web.listen-address=:9091" in container["args"]
    assert ":" in container["image"]
    assert not container["image"].endswith(":latest")
    (monitor,) = of_kind(objects, "ServiceMonitor")
    labels = monitor["spec"]["selector"]["matchLabels"].items()
    assert labels <= service["metadata"]["labels"].items()
    others = [each for each in of_kind(objects, "Service") if each is not service]
    assert not any(labels <= each["metadata"]["labels"].items() for each in others)
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint == {"port": "http", "interval": "30s", "honorLabels": True}
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_steps_push_and_prometheus_asks_and_nobody_else():
    on = policies(ON)
    assert all(allowed(on, pod, GATEWAY, 9091) for pod in (CODE, CHECK, STEP, PROMETHEUS))
    others = (STRANGER, JOB, Pod("team-c", OURS), Pod("monitoring", {"app.kubernetes.io/name": "grafana"}))
    assert not any(allowed(on, pod, GATEWAY, 9091) for pod in others)
    assert not allowed(on, GATEWAY, HUB, 443)
    assert not allowed(on, CODE, PROMETHEUS, 9091)


def test_a_pushgateway_of_yours_is_reached_where_it_is_named():
    yours = policies({**YOURS, "runs": {"namespaces": ["team-a"]}})
    assert allowed(yours, CODE, Pod("monitoring", {"app": "pushgateway"}), 9091)
    assert not allowed(yours, CODE, Pod("monitoring", {"app": "pushgateway"}), 80)
    with pytest.raises(helm_python.HelmRenderError, match=r"networkPolicy\.metrics\.to is empty"):
        rendering.render({"metrics": YOURS["metrics"]})


@pytest.mark.parametrize("name", NAMES)
def test_steps_that_run_generated_programs_do_not_get_the_webhook(name):
    isolated = {executor for executor in keys(name, {}) if step_of(executor) in ("filter", "evaluate")}
    assert isolated
    for executor, found in keys(name, {}).items():
        assert ("CODEKILN_NOTIFY_URL" in found) == (executor not in isolated), executor


@pytest.mark.parametrize("name", NAMES)
def test_isolated_steps_get_the_webhook_and_reach_it_only_where_somebody_has_said_so(name):
    before, after = keys(name, {}), keys(name, YOURS)
    for settings in executors(uploaded(name, YOURS)[1]).values():
        json_format.ParseDict(settings, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
    for executor, found in after.items():
        assert found.count("CODEKILN_NOTIFY_URL") == 1
        assert set(before[executor]) <= set(found)
    opened = policies({**YOURS, "runs": {"namespaces": ["team-a"]}})
    assert allowed(opened, CODE, WEBHOOK, 443)
    assert not allowed(opened, CODE, HUB, 443)
    with pytest.raises(helm_python.HelmRenderError, match=r"networkPolicy\.notifications\.to is empty"):
        rendering.render({"notifications": {"isolatedSteps": True}})


def test_the_sidecar_of_grafana_finds_the_dashboard_and_the_operator_the_rules():
    objects = rendering.render(ON)
    dashboard = one(objects, "ConfigMap", "codekiln-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    shipped = json.loads((CHART / "files" / "monitoring" / "dashboard.json").read_text())
    assert json.loads(dashboard["data"]["codekiln.json"]) == shipped
    (rules,) = of_kind(objects, "PrometheusRule")
    (alerts,) = rules["spec"]["groups"]
    assert [rule["alert"] for rule in alerts["rules"]] == ["CodekilnStageFailed", "CodekilnJobWaits"]
    assert all({"expr", "for", "labels", "annotations"} <= set(rule) for rule in alerts["rules"])
