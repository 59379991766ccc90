"""What promote writes beside a version, when, and with which key."""

import json

import pytest

from codekiln.errors import InputError, InputErrors, RegistryError
from codekiln.registry import Registry
from codekiln.registry import promotion_record as form
from codekiln.registry.signing import fault, public_key
from codekiln.settings.resolve import resolve
from codekiln.stages.ledger import read_decisions
from codekiln.stages.promotion.keys import VARIABLE, signing_key
from codekiln.stages.promotion.record import read, version_files
from tests.stages.judged_runs import judged_run
from tests.stages.promotion.conftest import MODEL, write_key

NAMES = (form.RECORD, form.SIGNATURE, "results.json", "report.html", "evaluation.json")


def beside(uri, folder=form.FOLDER, number=1):
    registry = Registry(uri, None)
    return registry.read_files(registry.named(f"{MODEL}/{number}"), folder, NAMES)


def test_a_record_is_a_statement_about_every_file_of_the_version(promoted):
    record = read((promoted.folder / "promotion" / "record.json").read_bytes())
    assert record.kind == "https://in-toto.io/Statement/v1"
    assert record.subjects == version_files(promoted.folder)
    assert {"adapter_model.safetensors", "adapter_config.json"} <= set(record.subjects)
    found = record.predicate
    assert (found.verdict, found.model.name, found.model.version) == ("promoted", MODEL, 1)
    assert set(found.lineage) == {"sft", "evaluate"}
    assert "graded/sft/data.jsonl" in found.evaluation.files
    envelope = (promoted.folder / "promotion" / form.SIGNATURE).read_bytes()
    content = (promoted.folder / "promotion" / form.RECORD).read_bytes()
    assert fault(envelope, content, public_key(promoted.public)) == ""


def test_no_key_is_in_what_a_run_leaves(promoted):
    for path in promoted.public.parent.rglob("*"):
        if path.is_file() and path.suffix != ".pem":
            assert b"PRIVATE KEY" not in path.read_bytes(), path


def test_a_refusal_has_a_record_that_is_no_promotion(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()
    assert beside(uri) == {}
    refused = beside(uri, form.REFUSAL)
    assert set(refused) == set(NAMES) - {form.SIGNATURE}
    assert read(refused[form.RECORD]).predicate.verdict == "not promoted"


def test_a_repetition_keeps_the_record_and_signs_one_that_is_not(tmp_path, uri, monkeypatch):
    run = judged_run(tmp_path / "a", uri, b"a")
    run.promote()
    first = beside(uri)
    assert form.SIGNATURE not in first
    # What became of a file since is not vouched for by a repetition.
    (stored,) = (tmp_path / "mlartifacts").rglob("models/*/artifacts/adapter_config.json")
    kept = stored.read_text()
    stored.write_text(json.dumps({"peft_version": "evil"}))
    run.promote()
    assert beside(uri) == first
    private, public = write_key(tmp_path)
    monkeypatch.setenv(VARIABLE, private.read_text())
    with pytest.raises(RegistryError, match=r"are not those of its record any more(.|\n)*verify codekiln-tiny/1"):
        run.promote()
    stored.write_text(kept)
    run.promote()
    signed = beside(uri)
    assert signed[form.RECORD] == first[form.RECORD]
    assert fault(signed[form.SIGNATURE], signed[form.RECORD], public_key(public)) == ""


@pytest.mark.parametrize("lie", [{"verdict": "promoted"}, {"number": 1, "level": 0.04}, {"champion": ""}])
def test_what_somebody_wrote_into_the_ledger_is_not_signed(tmp_path, uri, monkeypatch, lie):
    """Whoever may write tags of MLflow can write a decision, and has no key."""
    judged_run(tmp_path / "a", uri, b"a").promote()
    run = judged_run(tmp_path / "b", uri, b"b", gain=0.0, champion=b"a")
    with monkeypatch.context() as patch:
        patch.setattr("codekiln.stages.promote.write_record", lambda *_: None)
        run.promote()
    registry = Registry(uri, None)
    (refused,) = (item for item in read_decisions(registry, MODEL) if item.verdict == "not promoted")
    forged = refused.model_copy(update={"verdict": "promoted", **lie})
    registry.record_decision(MODEL, forged.attempt, forged.model_dump_json())
    monkeypatch.setenv(VARIABLE, write_key(tmp_path)[0].read_text())
    if "champion" in lie:
        run.promote()  # as after another evaluation, which is no error
    else:
        with pytest.raises(RegistryError, match=f"the gate does not make(.|\n)*{forged.attempt}"):
            run.promote()
    assert beside(uri, number=2) == {}
    assert registry.champion(MODEL).version == 1


def test_a_record_is_there_before_the_champion_and_made_up_for_by_a_repetition(tmp_path, uri, monkeypatch):
    run = judged_run(tmp_path / "a", uri, b"a")
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "add_files", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run.promote()
    assert Registry(uri, None).champion(MODEL) is None
    run.promote()
    assert Registry(uri, None).champion(MODEL).version == 1
    assert read(beside(uri)[form.RECORD]).predicate.verdict == "promoted"


def test_another_run_with_the_same_adapter_leaves_the_record(tmp_path, uri, capfd):
    judged_run(tmp_path / "a", uri, b"a").promote()
    first = beside(uri)
    judged_run(tmp_path / "b", uri, b"a", luck=b"other").promote()
    assert beside(uri) == first
    assert "and can write its record" in capfd.readouterr().out


def settings(*overrides):
    return resolve("laptop", {}, list(overrides))


def test_a_key_is_named_by_a_file_or_a_variable(tmp_path, monkeypatch):
    private, _ = write_key(tmp_path)
    assert signing_key(settings()) is None
    assert signing_key(settings(f"promotion.signing_key={private}"))
    monkeypatch.setenv("TEAM_KEY", private.read_text())
    assert signing_key(settings("promotion.signing_key=env:TEAM_KEY"))
    monkeypatch.setenv(VARIABLE, private.read_text())
    assert signing_key(settings())


def test_a_key_that_is_not_there_stops_before_anything_is_decided(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a", settings=("promotion.signing_key=/none/key.pem",))
    with pytest.raises(InputError, match=r"promotion.signing_key /none/key.pem: cannot be read"):
        run.promote()
    assert Registry(uri, None).decisions(MODEL) == []
    with pytest.raises(InputError, match="names the variable NOT_SET, which is not set"):
        signing_key(settings("promotion.signing_key=env:NOT_SET"))


def test_a_key_in_place_of_its_name_is_refused_and_not_shown(tmp_path):
    pem = write_key(tmp_path)[0].read_text()
    with pytest.raises(InputErrors, match="names a key, and holds none") as error:
        resolve("laptop", {}, {"promotion": {"signing_key": pem}})
    assert pem.splitlines()[1] not in str(error.value)
