"""`codekiln promote NAME[@VERSION]`, `--undo`, and `codekiln verify`."""

import json
import shutil

import pytest
from click.testing import CliRunner

from codekiln.cli import main, run_commands
from codekiln.cli.pipeline_arguments import pipeline_arguments
from codekiln.launch.cluster.api import ClusterApi
from codekiln.registry import Registry
from codekiln.stages.named_model import named_model
from codekiln.stages.promotion.recorded_decision import choose
from tests.stages.judged_runs import judged_run
from tests.stages.promotion.conftest import MODEL, undrawn, write_key

REFUSED = "refused"


@pytest.fixture(scope="module")
def judged(tmp_path_factory, empty_database):
    """Two promoted versions, of which the first is signed, and a refused one of another name; the public key."""
    folder = tmp_path_factory.mktemp("judged")
    shutil.copy(empty_database, folder / "mlflow.db")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    private, public = write_key(folder)
    with undrawn():
        judged_run(folder / "a", uri, b"a", settings=(f"promotion.signing_key={private}",)).promote()
        judged_run(folder / "b", uri, b"b", champion=b"a").promote()
        judged_run(folder / "c", uri, b"c", gain=0.0, settings=(f"promote_as={REFUSED}",)).promote()
    return folder / "mlflow.db", public


@pytest.fixture
def uri(judged, tmp_path):
    """A copy of their database."""
    shutil.copy(judged[0], tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def first(uri):
    """The same after the second promotion was undone."""
    assert promote(uri, MODEL, "--undo").exit_code == 0
    return uri


def codekiln(*words, typed=None):
    return CliRunner().invoke(main, list(map(str, words)), input=typed)


def promote(uri, name, *more, **options):
    return codekiln("promote", name, "--tracking-uri", uri, *more, **options)


def champion(uri):
    found = Registry(uri, None).champion(MODEL)
    return found and found.version


def test_what_was_undone_is_promoted_again_by_its_decision(uri):
    nothing = promote(uri, MODEL)
    assert (nothing.exit_code, champion(uri)) == (0, 2)
    assert "nothing to do" in nothing.output
    assert promote(uri, MODEL, "--undo").exit_code == 0
    assert champion(uri) == 1
    again = promote(uri, MODEL, "--yes")
    assert again.exit_code == 0, again.output
    assert "codekiln-tiny/2: promoted: sft beats base" in again.output
    assert "champion of codekiln-tiny: version 2" in again.output
    assert champion(uri) == 2
    events = Registry(uri, None).events(MODEL)
    assert [(each["what"], each["before"], each["after"]) for each in events] == [
        ("promoted", "none", "1"),
        ("promoted", "1", "2"),
        ("undone", "2", "1"),
        ("promoted", "1", "2"),
    ]
    assert events[1]["decision"] == events[3]["decision"]
    assert codekiln("verify", f"{MODEL}@champion", "--tracking-uri", uri).exit_code == 0


def test_a_folder_that_no_run_left_is_not_compared(uri, tmp_path):
    (tmp_path / "sft").mkdir()
    found = codekiln("verify", f"{MODEL}@champion", "--tracking-uri", uri, "--run", tmp_path / "sft")
    assert found.exit_code == 2
    assert "sft: is no run's folder" in found.output


def test_mlflow_is_found_in_the_environment_as_by_the_other_commands(uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'absent.db'}")
    absent = codekiln("promote", MODEL, "--undo")
    assert (absent.exit_code, champion(uri)) == (2, 2)
    assert "absent.db: there is no such database" in absent.output
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert codekiln("promote", MODEL, "--undo").exit_code == 0
    assert champion(uri) == 1


def test_a_version_that_was_compared_without_the_champion_is_judged_again_first(uri, tmp_path):
    stale = promote(uri, f"{MODEL}@1", "--yes")
    assert (stale.exit_code, champion(uri)) == (2, 2)
    assert "the gate compared it with the base model alone, and version 2 is the champion now" in stale.output
    assert "codekiln judge models:/codekiln-tiny/1; or `codekiln promote codekiln-tiny --undo`" in stale.output
    promote(uri, MODEL, "--undo")
    with undrawn():
        judged_run(tmp_path / "d", uri, b"d", champion=b"a", gain=6.0).promote()
    assert champion(uri) == 3
    stale = promote(uri, f"{MODEL}@2", "--yes")
    assert stale.exit_code == 2
    assert "the gate compared it with version 1, and version 3 is the champion now" in stale.output
    assert "--undo" not in stale.output


def test_what_the_gate_did_not_promote_is_refused_with_its_sentence(uri):
    registry = Registry(uri, None)
    sentence = registry.named(f"{REFUSED}/1").tags["verdict_sentence"]
    for name in (f"{REFUSED}@1", f"models:/{REFUSED}/1", f"{REFUSED}@challenger", REFUSED):
        answer = promote(uri, name, "--yes")
        assert answer.exit_code == 2
        assert sentence in answer.output
    # An alias that somebody moved makes no promotion.
    registry.client.set_registered_model_alias(REFUSED, "champion", "1")
    found = codekiln("verify", f"{REFUSED}@champion", "--tracking-uri", uri)
    assert found.exit_code == 4
    assert "the gate refused this version" in found.output


def test_a_version_that_was_never_judged_or_not_to_the_end_is_refused(uri):
    registry = Registry(uri, None)
    for key in [key for key in registry.model_tags(REFUSED) if key.startswith("codekiln.decision.")]:
        text = json.loads(registry.model_tags(REFUSED)[key])
        registry.tag_model(REFUSED, key, json.dumps(text | {"verdict": "open"}))
        assert "its judgement was interrupted" in promote(uri, f"{REFUSED}@1").output
        registry.untag_model(REFUSED, key)
    assert "the gate never judged it" in promote(uri, f"{REFUSED}@1").output
    assert "fix: codekiln judge models:/refused/1" in promote(uri, f"{REFUSED}@1").output
    assert "the gate judged no version" in promote(uri, REFUSED).output


def test_what_there_is_not_is_named(uri):
    assert "no registered model 'codekiln-tinny'" in promote(uri, "codekiln-tinny").output
    unknown = promote(uri, f"{MODEL}@9")
    assert (unknown.exit_code, "has no version '9'" in unknown.output) == (2, True)
    assert promote(uri, f"{MODEL}@1", "--undo", "--yes").exit_code == 2
    assert codekiln("verify", "nothing@champion", "--tracking-uri", uri).exit_code == 2


def test_a_person_is_asked_and_nobody_else_is_waited_for(first, monkeypatch):
    alone = promote(first, MODEL, "--undo")
    assert alone.exit_code == 2
    assert "version 1 is the first champion of codekiln-tiny; without it none is left" in alone.output
    assert "fix: give --yes" in alone.output
    assert champion(first) == 1
    monkeypatch.setattr("codekiln.cli.promote_command._is_terminal", lambda: True)
    assert promote(first, MODEL, "--undo", typed="n\n").exit_code == 1
    assert champion(first) == 1
    assert promote(first, MODEL, "--undo", typed="y\n").exit_code == 0
    assert champion(first) is None
    assert promote(first, MODEL, typed="\n").exit_code == 1
    assert champion(first) is None
    assert promote(first, f"{MODEL}@1", typed="y\n").exit_code == 0
    assert champion(first) == 1


def test_another_that_promotes_while_a_person_thinks_is_noticed(first, monkeypatch):
    registry = Registry(first, None)

    def meanwhile(*_):
        chosen = choose(registry, MODEL)
        registry.promote(chosen.version, chosen.decision.key)

    monkeypatch.setattr("codekiln.cli.promote_command._confirm", meanwhile)
    overtaken = promote(first, MODEL)
    assert (overtaken.exit_code, "was decided about or moved meanwhile" in overtaken.output) == (2, True)


def test_with_a_public_key_only_a_signed_promotion_counts(uri, judged):
    public = judged[1]
    unsigned = codekiln("verify", f"{MODEL}@champion", "--tracking-uri", uri, "--public-key", public)
    assert unsigned.exit_code == 4
    assert "FAILS" in unsigned.output
    assert "the record is not signed" in unsigned.output
    assert "whoever can write to MLflow" in codekiln("verify", f"{MODEL}@champion", "--tracking-uri", uri).output
    promote(uri, MODEL, "--undo")
    assert promote(uri, f"{MODEL}@2", "--yes", "--public-key", public).exit_code == 4
    assert champion(uri) == 1
    promote(uri, MODEL, "--undo", "--yes")
    assert promote(uri, f"{MODEL}@1", "--yes", "--public-key", public).exit_code == 0
    found = codekiln("verify", f"{MODEL}/1", "--tracking-uri", uri, "--public-key", public, "--json")
    assert found.exit_code == 0
    assert json.loads(found.output)["holds"] is True


def test_what_was_verified_is_published_and_only_under_a_key(first, judged, tmp_path, monkeypatch):
    put = []
    monkeypatch.setattr(ClusterApi, "__init__", lambda self, namespace: put.append(namespace))
    monkeypatch.setattr(ClusterApi, "merge_config_map", lambda self, name, data: put.append((name, data)))
    asked = ("verify", f"{MODEL}@champion", "--tracking-uri", first, "--publish", "kubeflow")
    refused = codekiln(*asked)
    assert (refused.exit_code, put) == (2, [])
    assert "give --public-key" in refused.output
    assert codekiln(*asked, "--public-key", write_key(tmp_path, "other")[1]).exit_code == 4
    assert put == []
    found = codekiln(*asked, "--public-key", judged[1])
    assert found.exit_code == 0, found.output
    namespace, (name, data) = put
    assert (namespace, name) == ("kubeflow", "codekiln-verified-records")
    assert list(data.values()) == ["codekiln-tiny/1"]
    assert next(iter(data)) in found.output


def test_what_nobody_signed_is_neither_asked_nor_exported(uri, judged, tmp_path):
    where, out = ("--tracking-uri", uri, "--public-key", judged[1]), tmp_path / "out"
    for words in (("generate", "x", "--model", f"{MODEL}/2"), ("export", f"{MODEL}/2", "-o", out)):
        done = codekiln(*words, *where)
        assert done.exit_code == 1
        assert f"models:/{MODEL}/2: its promotion cannot be verified" in done.stderr
        assert "signature" in done.stderr
        assert done.stdout == ""
    assert not out.exists()
    done = codekiln("generate", "x", "--model", "tiny", *where)
    assert done.exit_code == 2
    assert "leave --public-key out" in done.stderr


def test_a_signed_version_is_a_model(uri, judged):
    with named_model(f"{MODEL}/1", "tiny", uri, judged[1]) as model:
        assert model.adapter is not None


def test_the_name_alone_leads_to_its_champion(uri):
    for words in (("generate", "x", "--model", MODEL), ("export", MODEL, "-o", "x"), ("judge", MODEL)):
        done = codekiln(*words, "--tracking-uri", uri)
        assert done.exit_code == 2
        assert f"did you mean '{MODEL}@champion'?" in done.stderr
    assert (
        f"did you mean '{REFUSED}@challenger'?"
        in codekiln("generate", "x", "--model", REFUSED, "--tracking-uri", uri).stderr
    )


def test_the_champion_is_printed_as_json(uri):
    done = codekiln("promote", MODEL, "--tracking-uri", uri, "--json")
    assert json.loads(done.stdout) == {"model": MODEL, "champion": 2}
    assert "nothing to do" in done.stderr
    done = codekiln("promote", MODEL, "--undo", "--tracking-uri", uri, "--json")
    assert json.loads(done.stdout) == {"model": MODEL, "champion": 1}


def test_judge_finds_the_server_of_a_version_unless_settings_name_one(uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    asked = {}
    monkeypatch.setattr(run_commands, "_run", lambda pipeline, more, **options: asked.update(options, **more))
    assert codekiln("judge", f"{MODEL}@champion").exit_code == 0
    assert asked["tracking_uri"] == uri
    assert codekiln("judge", f"{MODEL}@champion", "--set", "tracking_uri=sqlite:///other.db").exit_code == 0
    assert asked["tracking_uri"] is None
    assert pipeline_arguments("judge", {"adapter": f"{MODEL}@champion", "recipe": "student"}, []) == {
        "adapter": f"models:/{MODEL}@champion",
        "overrides": {"recipe": "student"},
    }
