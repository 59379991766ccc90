"""Kubeflow's registry follows MLflow's, whatever fails on the way; `stages/test_followed.py` has a real MLflow."""

import itertools
import json
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_registry import ModelRegistry as KubeflowsClient

from codekiln.errors import RegistryError
from codekiln.registry.kubeflow_connection import Connection
from codekiln.registry.mirror import ALIASES, MEASURES, UNDOING, Mirror
from codekiln.registry.versions import CHAMPION, PROMOTED_BY
from tests.registry.fake_kubeflow_registry import serving
from tests.registry.memory_mlflow import memory_registry

NAMES = map("model-{}".format, itertools.count())


class Model:
    """A registered model in both registries.

    Args:
        registry: MLflow.
        kubeflow: The server that plays Kubeflow's registry.
        options: Of the connection to it.
    """

    def __init__(self, registry, kubeflow, **options):
        self.registry, self.kubeflow, self.name = registry, kubeflow, next(NAMES)
        self.mirror = Mirror(registry, Connection(uri=kubeflow.uri, owner="ml-team", **options))
        self.run = "run"
        registry._create(self.name)

    def candidate(self, verdict, source="s3://bucket/adapters/1", **tags):
        """Register an adapter that was judged, as promote does, before the aliases move; returns the version."""
        number = len(self.registry.versions(self.name)) + 1
        own = {"adapter_digest": f"digest-{number}", "base_model": "tiny", "verdict": verdict, **tags}
        made = self.registry.client.create_model_version(self.name, source, self.run, tags=own)
        version = self.registry._get(self.name, made.version)
        return self.registry.set_challenger(version)

    def decide(self, version):
        """Move the aliases by a version's verdict, or complete that, and let Kubeflow follow; again and again."""
        known = self.registry._get(self.name, version.version)
        if known.tags["verdict"] == "promoted" and PROMOTED_BY + "key" not in known.tags:
            self.registry.promote(known, "key")
        self.mirror.follow(self.name)

    def undo(self):
        return self.mirror.undo(self.name)

    def aliases(self):
        return {alias: str(number) for alias, number in self.registry._aliases(self.name).items()}

    def there(self):
        """Return Kubeflow's registered model, and its versions by name."""
        (model,) = [each for each in self.kubeflow.tables["registered_models"].values() if each["name"] == self.name]
        return model, {each["name"]: each for each in self.kubeflow._children("model_versions", model["id"])}

    def assert_equal(self):
        model, versions = self.there()
        aliases = self.aliases()
        assert {alias: text(model, alias) for alias in ALIASES if text(model, alias)} == aliases
        for alias in ALIASES:
            labelled = [name for name, each in versions.items() if alias in each["customProperties"]]
            assert labelled == ([aliases[alias]] if alias in aliases else [])
        live = {name for name, each in versions.items() if each["state"] == "LIVE"}
        assert live == set(aliases.values())
        for name, each in versions.items():
            assert text(each, "adapter_digest") == f"digest-{name}"
            (artifact,) = self.kubeflow._children("model_artifacts", each["id"])
            assert artifact["name"] == self.name

    def assert_no_dangling_champion(self):
        """Whoever reads while the two differ finds one champion, and that one LIVE with its artifact, or none."""
        found = [each for each in self.kubeflow.tables["registered_models"].values() if each["name"] == self.name]
        if found and (champion := text(found[0], CHAMPION)):
            version = self.kubeflow.version(self.name, champion)
            assert self.kubeflow._children("model_artifacts", version["id"])


def text(entity, key):
    return entity["customProperties"].get(key, {}).get("string_value")


@pytest.fixture
def registry():
    return memory_registry()


@pytest.fixture
def model(registry, kubeflow):
    return Model(registry, kubeflow)


def test_a_promotion_and_a_refusal_are_registered(model):
    first = model.candidate("promoted")
    model.decide(first)
    model.assert_equal()
    assert model.aliases() == {"champion": "1"}
    model.decide(model.candidate("not promoted"))
    model.assert_equal()
    assert model.aliases() == {"champion": "1", "challenger": "2"}
    model.decide(model.candidate("promoted"))
    model.assert_equal()
    assert model.aliases() == {"champion": "3", "previous_champion": "1"}
    assert {name: each["state"] for name, each in model.there()[1].items()} == {
        "1": "LIVE", "2": "ARCHIVED", "3": "LIVE",
    }  # fmt: skip


def test_the_former_champion_goes_back_and_the_undone_one_is_archived(model):
    for _ in range(2):
        model.decide(model.candidate("promoted"))
    champion, is_repeated = model.undo()
    assert (champion.version, is_repeated) == (1, False)
    model.assert_equal()
    assert {name: each["state"] for name, each in model.there()[1].items()} == {"1": "LIVE", "2": "ARCHIVED"}


def test_the_first_champion_leaves_none_behind(model):
    model.decide(model.candidate("promoted"))
    assert model.undo() == (None, False)
    model.assert_equal()
    assert model.aliases() == {}


def test_what_is_undone_twice_on_purpose_is_undone_twice(model):
    for _ in range(2):
        model.decide(model.candidate("promoted"))
    assert [model.undo()[1] for _ in range(2)] == [False, False]
    model.assert_equal()
    assert model.aliases() == {}


def test_a_version_says_what_it_is(registry, kubeflow):
    measures = {
        "pass_at_1": 0.5,
        "pass_at_1.low": 0.25,
        "pass_at_1.high": 1.0,
        "gain.pass_at_1": None,
        "nan": float("nan"),
    }
    model = Model(registry, kubeflow, storage_key="aws-models")
    model.decide(
        model.candidate(
            "promoted", verdict_sentence="promoted: it is better", peft_version="0.21.0", recipe="student",
            **{MEASURES: json.dumps(measures), "data.problems": "abc", "mlflow.own": "no"},
        )
    )  # fmt: skip
    owner, versions = model.there()
    assert (owner["owner"], versions["1"]["author"]) == ("ml-team", "ml-team")
    assert versions["1"]["description"] == "promoted: it is better"
    assert {
        key: next(value for name, value in each.items() if name != "metadataType")
        for key, each in versions["1"]["customProperties"].items()
    } == {
        "adapter_digest": "digest-1", "base_model": "tiny", "recipe": "student", "data.problems": "abc",
        "verdict": "promoted", "verdict_sentence": "promoted: it is better", "champion": "",
        "mlflow_run_id": model.run, "mlflow_tracking_uri": registry.uri, "mlflow_uri": f"models:/{model.name}/1",
        "pass_at_1": 0.5, "pass_at_1.low": 0.25, "pass_at_1.high": 1.0,
    }  # fmt: skip
    (artifact,) = kubeflow._children("model_artifacts", versions["1"]["id"])
    wanted = {
        "uri": "s3://bucket/adapters/1", "storageKey": "aws-models", "storagePath": "adapters/1", "state": "LIVE",
        "modelFormatName": "peft", "modelFormatVersion": "0.21.0", "modelSourceKind": "mlflow",
        "modelSourceId": model.run,
    }  # fmt: skip
    assert {key: artifact[key] for key in wanted} == wanted


def test_files_that_only_mlflow_hands_out_have_mlflows_own_address(model):
    model.decide(model.candidate("promoted", source="mlflow-artifacts:/1/models/m-1/artifacts"))
    (artifact,) = model.kubeflow.tables["model_artifacts"].values()
    assert artifact["uri"] == f"models:/{model.name}/1"


def test_a_long_sentence_is_cut(model):
    model.decide(model.candidate("promoted", verdict_sentence="ä" * 2000))
    version = model.there()[1]["1"]
    assert version["description"] == text(version, "verdict_sentence") == "ä" * 1248 + "..."


def test_kubeflows_own_client_reads_it(model):
    model.decide(model.candidate("promoted", **{MEASURES: '{"pass_at_1": 0.5}'}))
    host, _, port = model.kubeflow.uri.rpartition(":")
    client = KubeflowsClient(host, int(port), author="test", is_secure=False, user_token="none")
    assert client.get_registered_model(model.name).custom_properties["champion"] == "1"
    version = client.get_model_version(model.name, "1")
    assert version.state == "LIVE"
    assert version.custom_properties["pass_at_1"] == 0.5
    assert client.get_model_artifact(model.name, "1").uri == "s3://bucket/adapters/1"


def test_what_people_add_there_stays(model):
    model.decide(model.candidate("promoted"))
    owner, versions = model.there()
    struct = {"metadataType": "MetadataStructValue", "struct_value": "e30="}
    for entity in (owner, versions["1"]):
        entity["customProperties"]["team"] = struct
        entity["description"] = "ours"
    owner["owner"] = "somebody"
    model.decide(model.candidate("promoted"))
    assert (owner["owner"], owner["description"], owner["customProperties"]["team"]) == ("somebody", "ours", struct)
    assert versions["1"]["customProperties"]["team"] == struct
    model.assert_equal()


def test_nothing_is_written_where_nothing_differs(model):
    model.decide(model.candidate("promoted"))
    model.kubeflow.requests.clear()
    model.mirror.follow(model.name)
    assert {method for method, _ in model.kubeflow.requests} == {"GET"}


def test_a_version_that_mlflow_no_longer_has_is_archived(model):
    for verdict in ("promoted", "not promoted"):
        model.decide(model.candidate(verdict))
    model.registry.client.delete_model_version(model.name, "2")
    model.mirror.follow(model.name)
    _, versions = model.there()
    assert (versions["2"]["state"], "challenger" in versions["2"]["customProperties"]) == ("ARCHIVED", False)


def test_versions_of_somebody_else_are_left_alone_and_one_of_the_same_name_is_an_error(model):
    client = model.mirror.client
    owner = client.create("/registered_models", {"name": model.name})
    for name in ("v1", "1"):
        client.create("/model_versions", {"name": name, "registeredModelId": owner["id"]})
    version = model.candidate("promoted")
    with pytest.raises(RegistryError, match=r"another version '1' of (.|\n)*fix: choose another registered model"):
        model.mirror.probe(model.name)
    with pytest.raises(RegistryError, match="another version '1'"):
        model.decide(version)
    assert model.registry.champion(model.name).version == 1
    model.kubeflow.version(model.name, "1")["name"] = "one"
    model.decide(version)
    assert {name: each["state"] for name, each in model.there()[1].items()} == dict.fromkeys(("v1", "one", "1"), "LIVE")


def test_more_versions_than_a_page_are_found(model, monkeypatch):
    monkeypatch.setattr("codekiln.registry.kubeflow.PAGE", "2")
    for _ in range(5):
        version = model.candidate("not promoted")
    for _ in range(2):
        model.decide(version)
        model.assert_equal()
    assert len(model.there()[1]) == 5


@pytest.mark.parametrize("is_old", [False, True])
def test_a_name_is_not_taken_for_one_that_is_like_it(model, is_old):
    model.kubeflow.is_old = is_old
    for other in (model.name.replace("-", "_"), model.name.replace("-", "x"), model.name.upper()):
        model.mirror.client.create("/registered_models", {"name": other})
    model.decide(model.candidate("promoted"))
    model.assert_equal()


def test_another_process_that_writes_meanwhile_is_noticed(model, monkeypatch):
    """The slower of two processes writes an older state, looks again, and corrects it."""
    model.decide(model.candidate("promoted"))
    late = model.candidate("promoted")
    write, calls = Mirror._write, []

    def overtaken(self, name, wanted):
        calls.append(name)
        if len(calls) == 1:
            model.registry.promote(late, "key")
            Mirror(model.registry, self.connection).follow(name)
        write(self, name, wanted)

    monkeypatch.setattr(Mirror, "_write", overtaken)
    model.mirror.follow(model.name)
    assert model.aliases()["champion"] == "2"
    model.assert_equal()


@pytest.mark.parametrize("how", ["before", "gone", "mlflow"])
def test_a_promotion_is_completed_wherever_it_was_interrupted(registry, kubeflow, how):
    for number in itertools.count():
        model = Model(registry, kubeflow)
        model.decide(model.candidate("promoted"))
        version = model.candidate("promoted")
        if not failed(model, number, how, lambda: model.decide(version)):  # noqa: B023
            break
        model.decide(version)
        model.assert_equal()
        assert model.aliases()["champion"] == "2"
    assert number >= 5


@pytest.mark.parametrize("how", ["before", "gone", "mlflow"])
def test_an_undoing_is_completed_and_not_repeated_wherever_it_was_interrupted(registry, kubeflow, how):
    for number in itertools.count():
        model = Model(registry, kubeflow)
        for _ in range(2):
            model.decide(model.candidate("promoted"))
        if not failed(model, number, how, model.undo):
            break
        is_moved = model.registry.champion(model.name).version == 1
        champion, is_repeated = model.undo()
        assert (champion.version, is_repeated) == (1, is_moved)
        model.assert_equal()
        assert model.aliases() == {"champion": "1"}
    assert number >= 3


FAULTS = st.one_of(
    st.none(),
    st.tuples(st.sampled_from(["mlflow", "before", "lost", "gone"]), st.integers(0, 7)),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["promote", "refuse", "undo"]), FAULTS, st.booleans()), max_size=6))
def test_after_any_sequence_both_name_the_same_champion(serving_one, steps):
    """Whatever fails midway, in whichever registry, and whether or not it is repeated before something else is done.

    To undo again after an undoing that failed and had moved MLflow's alias completes it, and undoes nothing further.
    """
    model = Model(memory_registry(), serving_one)
    for kind, fault, is_repeated in steps:
        before = model.aliases()
        undone = model.registry.model_tags(model.name).get(UNDOING, "").endswith(f">{before.get('champion')}")
        if kind == "undo" and not undone and "previous_champion" not in before:
            continue
        if kind == "undo":
            act, expected = model.undo, before["champion" if undone else "previous_champion"]
        else:
            version = model.candidate("promoted" if kind == "promote" else "not promoted")
            act, expected = partial(model.decide, version), before.get("champion")
        expected = str(version.version) if kind == "promote" else expected
        is_failed = fault is not None and failed(model, fault[1], fault[0], act)
        if is_failed and not is_repeated:
            continue
        if is_failed or fault is None:
            act()
        assert model.aliases().get("champion") == expected
        model.assert_equal()
    if model.registry.versions(model.name):
        model.mirror.follow(model.name)
        model.assert_equal()


@pytest.fixture(scope="module")
def serving_one():
    with serving() as state:
        yield state


def failed(model, number, how, act):
    """Let a write of one of the registries fail during ``act``; returns whether ``act`` failed with it."""
    if how == "mlflow":
        model.registry.client.fail_at = number
    else:
        model.kubeflow.fail(number, how)
    error = None
    try:
        act()
    except RegistryError as refusal:
        error = refusal
    model.registry.client.fail_at = None
    model.kubeflow.recover()
    model.assert_no_dangling_champion()
    assert error is None or "fix: " in str(error)
    return error is not None
