"""`codekiln promote NAME[@VERSION]`, `--undo`, and `codekiln verify`."""

import json

from click.testing import CliRunner

from codekiln.cli import main
from codekiln.launch.cluster.api import ClusterApi
from codekiln.registry import Registry
from codekiln.stages.promotion.again import choose
from tests.stages.judged_runs import judged_run
from tests.stages.promotion.conftest import MODEL, write_key


def codekiln(*words, typed=None):
    return CliRunner().invoke(main, list(map(str, words)), input=typed)


def promote(uri, name, *more, **options):
    return codekiln("promote", name, "--tracking-uri", uri, *more, **options)


def champion(uri):
    found = Registry(uri, None).champion(MODEL)
    return found and found.version


def test_what_was_undone_is_promoted_again_by_its_decision(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a").promote()
    judged_run(tmp_path / "b", uri, b"b", champion=b"a").promote()
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
    # Version 1 was compared with no champion, and there is one now.
    stale = promote(uri, f"{MODEL}@1", "--yes")
    assert stale.exit_code == 2
    assert "the gate compared it with the base model alone, and version 2 is the champion now" in stale.output
    assert "codekiln judge models:/codekiln-tiny/1; or `codekiln promote codekiln-tiny --undo`" in stale.output
    assert champion(uri) == 2


def test_a_version_that_was_compared_with_a_former_champion_is_judged_again_first(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a").promote()
    judged_run(tmp_path / "b", uri, b"b", champion=b"a").promote()
    assert promote(uri, MODEL, "--undo").exit_code == 0
    judged_run(tmp_path / "c", uri, b"c", champion=b"a", gain=6.0).promote()
    assert champion(uri) == 3
    stale = promote(uri, f"{MODEL}@2", "--yes")
    assert stale.exit_code == 2
    assert "the gate compared it with version 1, and version 3 is the champion now" in stale.output
    assert "--undo" not in stale.output


def test_what_the_gate_did_not_promote_is_refused_with_its_sentence(tmp_path, uri, monkeypatch):
    refused = judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()["gate"]["sentence"]
    for name in (f"{MODEL}@1", f"models:/{MODEL}/1", f"{MODEL}@challenger", MODEL):
        answer = promote(uri, name, "--yes")
        assert answer.exit_code == 2
        assert refused in answer.output
    # An alias that somebody moved makes no promotion.
    registry = Registry(uri, None)
    registry.client.set_registered_model_alias(MODEL, "champion", "1")
    found = codekiln("verify", f"{MODEL}@champion", "--tracking-uri", uri)
    assert found.exit_code == 1
    assert "the gate refused this version" in found.output


def test_what_there_is_not_is_named(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a").promote()
    assert "no registered model 'codekiln-tinny'" in promote(uri, "codekiln-tinny").output
    unknown = promote(uri, f"{MODEL}@9")
    assert (unknown.exit_code, "has no version '9'" in unknown.output) == (2, True)
    assert promote(uri, f"{MODEL}@1", "--undo", "--yes").exit_code == 2
    assert codekiln("verify", "nothing@champion", "--tracking-uri", uri).exit_code == 2


def test_a_person_is_asked_and_nobody_else_is_waited_for(tmp_path, uri, monkeypatch):
    judged_run(tmp_path / "a", uri, b"a").promote()
    alone = promote(uri, MODEL, "--undo")
    assert alone.exit_code == 2
    assert "version 1 is the first champion of codekiln-tiny; without it none is left" in alone.output
    assert "fix: give --yes" in alone.output
    assert champion(uri) == 1
    monkeypatch.setattr("codekiln.cli.promote_command._is_terminal", lambda: True)
    assert promote(uri, MODEL, "--undo", typed="n\n").exit_code == 1
    assert champion(uri) == 1
    assert promote(uri, MODEL, "--undo", typed="y\n").exit_code == 0
    assert champion(uri) is None
    assert promote(uri, MODEL, typed="\n").exit_code == 1
    assert champion(uri) is None
    assert promote(uri, MODEL, typed="y\n").exit_code == 0
    assert champion(uri) == 1


def test_another_that_promotes_while_a_person_thinks_is_noticed(tmp_path, uri, monkeypatch):
    judged_run(tmp_path / "a", uri, b"a").promote()
    assert promote(uri, MODEL, "--undo", "--yes").exit_code == 0
    registry = Registry(uri, None)

    def meanwhile(*_):
        chosen = choose(registry, MODEL)
        registry.promote(chosen.version, chosen.decision.key)

    monkeypatch.setattr("codekiln.cli.promote_command._confirm", meanwhile)
    overtaken = promote(uri, MODEL)
    assert (overtaken.exit_code, "was decided about or moved meanwhile" in overtaken.output) == (2, True)


def test_with_a_public_key_only_a_signed_promotion_counts(tmp_path, uri):
    private, public = write_key(tmp_path)
    judged_run(tmp_path / "a", uri, b"a", settings=(f"promotion.signing_key={private}",)).promote()
    judged_run(tmp_path / "b", uri, b"b", champion=b"a").promote()
    unsigned = codekiln("verify", f"{MODEL}@champion", "--tracking-uri", uri, "--public-key", public)
    assert unsigned.exit_code == 1
    assert "FAILS" in unsigned.output
    assert "the record is not signed" in unsigned.output
    assert "whoever can write to MLflow" in codekiln("verify", f"{MODEL}@champion", "--tracking-uri", uri).output
    promote(uri, MODEL, "--undo")
    assert promote(uri, f"{MODEL}@2", "--yes", "--public-key", public).exit_code == 1
    assert champion(uri) == 1
    promote(uri, MODEL, "--undo", "--yes")
    assert promote(uri, f"{MODEL}@1", "--yes", "--public-key", public).exit_code == 0
    found = codekiln("verify", f"{MODEL}/1", "--tracking-uri", uri, "--public-key", public, "--json")
    assert found.exit_code == 0
    assert json.loads(found.output)["holds"] is True


def test_what_was_verified_is_published_and_only_under_a_key(tmp_path, uri, monkeypatch):
    private, public = write_key(tmp_path)
    judged_run(tmp_path / "a", uri, b"a", settings=(f"promotion.signing_key={private}",)).promote()
    put = []
    monkeypatch.setattr(ClusterApi, "__init__", lambda self, namespace: put.append(namespace))
    monkeypatch.setattr(ClusterApi, "merge_config_map", lambda self, name, data: put.append((name, data)))
    asked = ("verify", f"{MODEL}@champion", "--tracking-uri", uri, "--publish", "kubeflow")
    refused = codekiln(*asked)
    assert (refused.exit_code, put) == (2, [])
    assert "give --public-key" in refused.output
    (other := write_key(tmp_path, "other"))
    assert codekiln(*asked, "--public-key", other[1]).exit_code == 1
    assert put == []
    found = codekiln(*asked, "--public-key", public)
    assert found.exit_code == 0, found.output
    namespace, (name, data) = put
    assert (namespace, name) == ("kubeflow", "codekiln-verified-records")
    assert list(data.values()) == ["codekiln-tiny/1"]
    assert next(iter(data)) in found.output
