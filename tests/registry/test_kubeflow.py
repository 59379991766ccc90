"""Requests to Kubeflow's Model Registry: where they go, what is sent along, and what is said where they fail."""

import json

import pytest

from codekiln.errors import InputError, RegistryError
from codekiln.registry.kubeflow import Conflict, KubeflowClient
from codekiln.registry.kubeflow_connection import (
    TOKEN,
    VARIABLE,
    Connection,
    KubeflowRegistrySettings,
    find_connection,
)

HERE, THERE = "http://registry.example:8080", "http://elsewhere.example"


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(TOKEN, "secret")


@pytest.fixture
def client(kubeflow):
    return KubeflowClient(Connection(uri=kubeflow.uri))


def found(uri="", known="", **chosen):
    return find_connection(KubeflowRegistrySettings(uri=uri, **chosen), known)


def test_nothing_is_sent_anywhere_unless_a_registry_is_named():
    assert found() is None


def test_the_settings_stand_above_the_variable_and_that_above_what_mlflow_knows(monkeypatch):
    assert found(known=THERE).uri == THERE
    monkeypatch.setenv(VARIABLE, HERE)
    assert found(known=THERE).uri == HERE
    assert found(THERE).uri == THERE


def test_the_chart_gives_everything_in_one_variable(monkeypatch, tmp_path):
    (tmp_path / "token").write_text("of the account\n")
    values = {"uri": HERE, "token_file": str(tmp_path / "token"), "owner": "team", "storage_key": "aws"}
    monkeypatch.setenv(VARIABLE, json.dumps(values))
    assert (found().token, found().owner, found().storage_key) == ("of the account", "team", "aws")
    assert (found(owner="me").owner, found(storage_key="own").storage_key) == ("me", "own")


def test_a_token_goes_only_to_the_address_that_was_named_with_it(monkeypatch):
    assert found(HERE).token == "secret"
    assert found(known=HERE).token == ""  # whoever may tag a model of MLflow could name any address
    monkeypatch.setenv(VARIABLE, HERE)
    assert found().token == "secret"
    assert found(THERE).token == ""  # whoever may start a run could


def test_the_token_is_in_no_text(kubeflow):
    connection = Connection(uri=kubeflow.uri.replace("http://", "http://user:hidden@"))
    kubeflow.is_down = True
    with pytest.raises(RegistryError) as error:
        KubeflowClient(connection).model("a")
    assert "hidden" not in str(error.value)
    assert "secret" not in repr(connection) + str(error.value)


ADDRESS = "give an address such as http://model-registry"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("registry:8080", ADDRESS),
        ('{"uri": "ftp://x"}', ADDRESS),
        ('{"url": "http://x"}', r"did you mean 'uri'\?"),
        ("{", ADDRESS),
    ],
)
def test_a_variable_that_names_no_registry_is_the_users_mistake(monkeypatch, text, fix):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(InputError, match=rf"(.|\n)*fix: {fix}"):
        found()


def test_a_token_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(RegistryError, match=r"no token(.|\n)*fix: correct kubeflowRegistry.tokenFile"):
        KubeflowClient(Connection(uri=HERE, token_file=str(tmp_path / "missing")))


@pytest.mark.parametrize("ca", ["-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----", "/missing/ca.crt"])
def test_certificates_that_cannot_be_read_are_named(ca):
    with pytest.raises(RegistryError, match=r"its CA cannot be read(.|\n)*fix: correct kubeflowRegistry.ca"):
        KubeflowClient(Connection(uri="https://registry.example", ca=ca))


def test_a_token_is_asked_for_and_given(kubeflow, client):
    kubeflow.token = "other"
    with pytest.raises(RegistryError, match=r"answered 401(.|\n)*fix: let this user in: a token in CODEKILN"):
        client.model("a")
    kubeflow.token = "secret"
    assert client.model("a") is None


def test_an_address_without_a_registry_is_named(kubeflow):
    with pytest.raises(RegistryError, match=r"answered 404(.|\n)*fix: check that kubeflow_registry.uri is the address"):
        KubeflowClient(Connection(uri=kubeflow.uri + "/path")).model("a")


def test_nobody_who_answers_is_named():
    with pytest.raises(RegistryError, match=r"(.|\n)*fix: check kubeflow_registry.uri, that the registry runs"):
        KubeflowClient.__dict__["_once"](KubeflowClient(Connection(uri="http://127.0.0.1:9")), "GET", "/x", (), {})


def test_a_server_that_is_down_for_a_moment_is_asked_again(kubeflow, client, monkeypatch):
    answered, calls = type(kubeflow).answer, []

    def recovers(self, *request):
        calls.append(request)
        return (503, {}) if len(calls) == 2 else answered(self, *request)

    monkeypatch.setattr(type(kubeflow), "answer", recovers)
    assert client.model("a") is None
    assert len(calls) == 3


def test_a_server_that_stays_down_is_given_up(kubeflow, client):
    kubeflow.is_down = True
    with pytest.raises(RegistryError, match=r"answered 503(.|\n)*fix: look at the log of the registry's server"):
        client.model("a")


@pytest.mark.parametrize("apis", [("v1",), ("v1alpha3",), ("v1", "v1alpha3")])
def test_old_and_new_servers_are_understood(kubeflow, client, apis):
    kubeflow.apis = apis
    made = client.create("/registered_models", {"name": "a"})
    assert client.model("a")["id"] == made["id"]


def test_what_is_there_already_is_told_from_other_errors(client):
    client.create("/registered_models", {"name": "a"})
    with pytest.raises(Conflict, match="answered 409"):
        client.create("/registered_models", {"name": "a"})
    with pytest.raises(RegistryError, match="answered 400 json: unknown field") as error:
        client.create("/registered_models", {"name": "b", "colour": "red"})
    assert not isinstance(error.value, Conflict)


def test_a_change_keeps_the_state_and_the_other_properties(kubeflow, client):
    made = client.create("/registered_models", {"name": "it's", "state": "ARCHIVED"})
    text = {"metadataType": "MetadataStringValue", "string_value": "x"}
    for values in ({"a": text, "b": text}, {"a": None, "c": text}):
        made = client.update("/registered_models", client.model("it's"), customProperties=values)
    assert (made["state"], set(made["customProperties"])) == ("ARCHIVED", {"b", "c"})


def test_to_prove_that_one_may_write_changes_nothing(kubeflow, client):
    client.require_writable(None)
    assert not kubeflow.tables["registered_models"]
    client.create("/registered_models", {"name": "a", "state": "ARCHIVED", "description": "x"})
    before = json.dumps(kubeflow.tables)
    client.require_writable(client.model("a"))
    assert json.dumps(kubeflow.tables) == before


@pytest.mark.parametrize("is_there", [False, True])
def test_who_may_only_read_is_found_out(kubeflow, client, monkeypatch, is_there):
    if is_there:
        client.create("/registered_models", {"name": "a"})
    model, answered = client.model("a"), type(kubeflow).answer
    forbidden = (403, {"message": "may not write"})
    monkeypatch.setattr(
        type(kubeflow), "answer", lambda self, *given: answered(self, *given) if given[0] == "GET" else forbidden
    )
    with pytest.raises(RegistryError, match=r"answered 403 may not write(.|\n)*a role at the registry"):
        client.require_writable(model)
