"""The bundled MLflow: its command is one that MLflow takes, its names are ones it answers to."""

import re

import pytest
from click.testing import CliRunner
from mlflow.cli import cli
from mlflow.server.security_utils import is_allowed_host_header

from tests.chart import rendering
from tests.chart.rendering import of_kind, one


def server(values=None):
    return one(rendering.render(values), "Deployment", "codekiln-mlflow")["spec"]["template"]["spec"]


def environment(container):
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def hosts(values=None):
    return environment(server(values)["containers"][0])["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")


@pytest.mark.parametrize("namespace", ["", ".kubeflow", ".kubeflow.svc", ".kubeflow.svc.cluster.local"])
@pytest.mark.parametrize("port", ["", ":5000"])
def test_the_server_answers_to_every_name_of_its_service(namespace, port):
    assert is_allowed_host_header(hosts(), f"codekiln-mlflow{namespace}{port}")


@pytest.mark.parametrize("host", ["evil.example.org", "codekiln-mlflow.other.svc", "10.0.0.1:5000", ""])
def test_the_server_does_not_answer_to_other_names(host):
    assert not is_allowed_host_header(hosts(), host)


def test_the_tracking_address_is_one_of_its_names():
    objects = rendering.render()
    uri = one(objects, "ConfigMap", "codekiln")["data"]["MLFLOW_TRACKING_URI"]
    assert is_allowed_host_header(hosts(), uri.removeprefix("http://"))
    service = one(objects, "Service", "codekiln-mlflow")
    assert uri.endswith(f":{service['spec']['ports'][0]['port']}")


def test_ingress_route_and_more_names_are_answered():
    named = {"ingress": {"enabled": True, "host": "a.org"}, "route": {"enabled": True, "host": "b.org"}}
    answered = hosts({"mlflow": {**named, "allowedHosts": ["c.org"]}})
    assert all(is_allowed_host_header(answered, each) for each in ("a.org", "b.org", "c.org"))


def test_mlflow_takes_the_options():

    known = CliRunner().invoke(cli, ["server", "--help"]).output
    for argument in server()["containers"][0]["args"]:
        assert re.search(rf"{re.escape(argument.partition('=')[0])}\b", known), argument


def test_the_database_is_migrated_before_the_server_starts():
    pod = server()
    migrate = pod["initContainers"][0]["command"]
    assert migrate[:3] == ["mlflow", "db", "upgrade"]
    assert f"--backend-store-uri={migrate[3]}" in pod["containers"][0]["args"]
    service = one(rendering.render(), "Service", "codekiln-postgresql")
    assert f"@{service['metadata']['name']}:{service['spec']['ports'][0]['port']}/" in migrate[3]


def test_the_password_comes_from_one_secret_and_is_in_no_command():
    objects = rendering.render({"mlflow": {"postgresql": {"existingSecret": "mine", "passwordKey": "word"}}})
    reference = {"secretKeyRef": {"name": "mine", "key": "word"}}
    database = one(objects, "StatefulSet", "codekiln-postgresql")["spec"]["template"]["spec"]["containers"][0]
    assert environment(database)["POSTGRES_PASSWORD"] == reference
    pod = one(objects, "Deployment", "codekiln-mlflow")["spec"]["template"]["spec"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert environment(container)["PGPASSWORD"] == reference
        assert "postgresql+psycopg2://mlflow@" in " ".join([*container["command"], *container.get("args", [])])
    assert not of_kind(objects, "Secret")


def test_a_generated_password_is_long_and_another_each_time():
    texts = [rendering.chart().render({})["codekiln/templates/postgresql.yaml"] for _ in range(2)]
    secrets = {re.search(r"^  password: \"(.*)\"$", text, re.M)[1] for text in texts}
    assert len(secrets) == 2
    assert all(len(each) >= 40 for each in secrets)


def test_the_database_writes_below_its_volume():
    # initdb refuses a directory with lost+found in it, which the root of a volume may have.
    container = rendering.pod_specs(one(rendering.render(), "StatefulSet", "codekiln-postgresql"))[0]["containers"][0]
    data = next(each["mountPath"] for each in container["volumeMounts"] if each["name"] == "data")
    assert environment(container)["PGDATA"].startswith(f"{data}/")


def test_artifacts_go_to_the_volume_or_the_bucket():
    assert "--artifacts-destination=/artifacts" in server()["containers"][0]["args"]
    artifacts = {"kind": "objectStore", "url": "s3://a/b", "endpoint": "http://s3:9000"}
    container = server({"mlflow": {"artifacts": artifacts}})["containers"][0]
    assert "--artifacts-destination=s3://a/b" in container["args"]
    assert environment(container)["MLFLOW_S3_ENDPOINT_URL"] == "http://s3:9000"
    assert environment(container)["AWS_SECRET_ACCESS_KEY"]["secretKeyRef"]["optional"] is True


def test_external_mlflow_brings_no_server():
    values = {"mlflow": {"mode": "external", "trackingUri": "http://m"}, "networkPolicy": {"enabled": False}}
    objects = rendering.render(values)
    assert one(objects, "ConfigMap", "codekiln")["data"]["MLFLOW_TRACKING_URI"] == "http://m"
    assert not of_kind(objects, "Deployment", "StatefulSet", "Service", "Secret")


def test_the_route_is_one_that_openshift_takes():
    route = one(rendering.render({"mlflow": {"route": {"enabled": True, "host": "m.org"}}}), "Route", "codekiln-mlflow")
    assert route["spec"] == {
        "host": "m.org",
        "to": {"kind": "Service", "name": "codekiln-mlflow"},
        "port": {"targetPort": "http"},
        "tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"},
    }
