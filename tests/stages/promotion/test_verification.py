"""Whoever changes files of a version, its record, or what MLflow says of it is found out."""

import json
import shutil
import sqlite3
from dataclasses import replace

import pytest

from codekiln.data.files import sha256_file
from codekiln.evaluation import Evaluation
from codekiln.registry import promotion_record as form
from codekiln.registry.signing import envelope, private_key
from codekiln.stages.base import StageManifest, files_digest
from codekiln.stages.ledger import read_decisions
from tests.stages.promotion.conftest import MODEL, write_key

RECORD, SIGNATURE = "promotion/record.json", "promotion/record.json.sig"


def changed(path, change):
    """Change a JSON file by a function of its value."""
    value = json.loads(path.read_bytes())
    change(value)
    path.write_text(json.dumps(value))


def forged(signed, change):
    """Replace the record by a changed one in the canonical form, which nobody signed."""
    record = json.loads((signed.folder / RECORD).read_bytes())
    change(record)
    (signed.folder / RECORD).write_bytes(form.canonical(record))
    (signed.folder / SIGNATURE).unlink(missing_ok=True)


def rehashed(signed, *names):
    """Let an unsigned record vouch for files as they are now, as whoever may write to MLflow can."""

    def change(record):
        for name in names:
            record["predicate"]["files"][name] = form.digest((signed.folder / "promotion" / name).read_bytes())

    forged(signed, change)


def test_everything_of_a_promotion_holds(signed):
    found = signed.verify(run=True)
    assert found.holds
    assert found.model == f"{MODEL}/1"
    assert found.record == form.digest((signed.folder / RECORD).read_bytes())
    status = {line.what: line.status for line in found.lines}
    assert status.pop("code") == "unchecked"  # the fixture's evaluation names no version
    assert set(status.values()) == {"holds"}
    assert {
        "adapter", "record", "signature", "files of the version", "promotion/results.json", "values per problem",
        "results", "gate", "ledger", "decision in the tags", "lineage in MLflow", "alias", "settings",
        "stage evaluate", "stage sft",
    } <= set(status)  # fmt: skip


def test_without_a_key_or_a_run_it_says_what_was_not_checked(signed):
    unchecked = {line.what for line in signed.verify(signed=False).lines if line.status == "unchecked"}
    assert {"signature", "data, samples and verdicts"} <= unchecked


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("adapter_model.safetensors", "adapter"),
        ("adapter_model.safetensors", "files of the version"),
        ("adapter_config.json", "files of the version"),
        ("promotion/results.json", "promotion/results.json"),
        ("promotion/report.html", "promotion/report.html"),
        ("promotion/evaluation.json", "promotion/evaluation.json"),
        (RECORD, "record"),
        (SIGNATURE, "signature"),
    ],
)
def test_a_changed_file_is_named(signed, name, what):
    path = signed.folder / name
    path.write_bytes(path.read_bytes() + b" ")
    if name == SIGNATURE:
        path.write_bytes(b"{}")
    assert what in signed.failing()


@pytest.mark.parametrize("name", ["modeling.py", "chat_template.jinja", "promotionx/record.json"])
def test_a_file_that_was_added_to_a_version_is_named(signed, name):
    (signed.folder / name).parent.mkdir(exist_ok=True)
    (signed.folder / name).write_text("{{ evil }}")
    assert signed.failing() == {"files of the version": f"{name} was added after the decision"}


def test_what_mlflow_leaves_in_a_version_that_it_loads_is_no_part_of_it(signed):
    (signed.folder / "registered_model_meta").write_text("model_name: codekiln-tiny\n")
    assert signed.failing() == {}


@pytest.mark.parametrize("name", [RECORD, SIGNATURE, "promotion/results.json", "promotion/evaluation.json"])
def test_a_file_that_is_gone_is_named(signed, name):
    (signed.folder / name).unlink()
    assert signed.failing()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"_type": 1}', b"[" * 5000, b"\xff", b'{"a": 1, "a": 2}'])
def test_a_record_that_is_none_fails_and_stops_nothing(signed, content):
    (signed.folder / RECORD).write_bytes(content)
    assert "record" in signed.failing()


def test_a_record_has_one_form_only(signed):
    record = json.loads((signed.folder / RECORD).read_bytes())
    (signed.folder / RECORD).write_text(json.dumps(record, indent=1))
    assert signed.failing(signed=False)["record"] == "is not in the canonical form (RFC 8785)"


def test_a_record_that_somebody_else_signed_fails(signed, tmp_path):
    private, _ = write_key(tmp_path, "other")
    content = (signed.folder / RECORD).read_bytes()
    other = private_key(private.read_bytes(), "")
    (signed.folder / SIGNATURE).write_bytes(envelope(content, other))
    assert signed.failing() == {"signature": "no signature in the envelope is of this key"}
    # Neither does the signature of another record of the same key.
    forged(signed, lambda record: record["predicate"].update(seed=1))
    (signed.folder / SIGNATURE).write_bytes(envelope(content, other))
    assert signed.failing()["signature"] == "the envelope is of another record"


def test_an_unsigned_record_fails_under_a_key_and_is_called_unproven_without_one(signed):
    (signed.folder / SIGNATURE).unlink()
    assert signed.failing() == {"signature": "the record is not signed"}
    assert signed.verify(signed=False).holds


@pytest.mark.parametrize("level", [0.9, 0.0])
def test_better_values_of_the_candidate_are_none_of_the_decision(signed, level):
    """Whoever may write to MLflow raises the candidate's values, and lets an unsigned record vouch for them."""

    def better(evaluation):
        for values in evaluation["per_problem"]["sft"].values():
            values["structural_maintainability"] = 100.0 * level

    changed(signed.folder / "promotion" / "evaluation.json", better)
    rehashed(signed, "evaluation.json")
    assert "values per problem" in signed.failing(signed=False)


def test_published_figures_have_to_follow_from_the_values(signed):
    def better(results):
        results["contenders"]["sft"]["structural_maintainability"]["mean"] += 5

    changed(signed.folder / "promotion" / "results.json", better)
    rehashed(signed, "results.json")
    found = signed.failing(signed=False)
    assert "contenders.sft.structural_maintainability.mean does not follow" in found["results"]
    assert "ledger" in found["promotion/results.json"]


def test_intervals_that_the_groups_do_not_give_are_found(signed):
    """Values alone do not say how certain a difference is: all problems of one group say little."""

    def one_group(evaluation):
        evaluation["design"]["groups"] = {task: "g" for task in evaluation["per_problem"]["sft"]}

    changed(signed.folder / "promotion" / "evaluation.json", one_group)
    rehashed(signed, "evaluation.json")
    assert {"results", "gate"} <= set(signed.failing(signed=False))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda found: found.update(verdict="not promoted"), "record"),
        (lambda found: found["model"].update(version=2), "record"),
        (lambda found: found["model"].update(name="other"), "record"),
        (lambda found: found["contenders"].update(candidate="base"), "record"),
        (lambda found: found["contenders"].update(champion="base"), "gate"),
        (lambda found: found["decision"].update(number=2), "gate"),
        (lambda found: found["decision"].update(level="0.2"), "gate"),
        (lambda found: found["decision"]["terms"].update(tolerance="0.9"), "ledger"),
        (lambda found: found["decision"].update(verdict="not promoted"), "record"),
        (lambda found: found["decision"].update(sentence="promoted: it is good"), "record"),
        (lambda found: found["decision"].update(terms={}), "gate"),
        (lambda found: found["base_model"].update(revision="evil"), "record"),
        (lambda found: found["lineage"]["sft"]["inputs"].update(data="0" * 64), "lineage in MLflow"),
        (lambda found: found["lineage"].update(dpo=found["lineage"]["sft"]), "lineage in MLflow"),
        (lambda found: found.update(schema_version=2), "record"),
        (lambda found: found.update(more="x"), "record"),
    ],
)
def test_a_forged_record_contradicts_something(signed, change, what):
    forged(signed, lambda record: change(record["predicate"]))
    assert what in signed.failing(signed=False)


def test_the_record_of_one_version_proves_no_other(signed):
    other = signed.version.__class__(**{**vars(signed.version), "version": 2})
    assert "record" in signed.failing(version=other)
    tags = {**signed.version.tags, "adapter_digest": "0" * 64}
    assert {"adapter", "record"} <= set(signed.failing(version=other.__class__(**{**vars(other), "tags": tags})))


def tampered(signed, statement, *values):
    """Change a copy of MLflow's database; returns what fails."""
    path = signed.folder.parent / f"{len(list(signed.folder.parent.iterdir()))}.db"
    shutil.copy(signed.uri.removeprefix("sqlite:///"), path)
    with sqlite3.connect(path) as database:
        assert database.execute(statement, values).rowcount > 0
    return replace(signed, uri=f"sqlite:///{path}").failing()


def test_what_mlflow_says_otherwise_is_found(signed):
    (decision,) = read_decisions(signed.registry, MODEL)
    text = decision.model_copy(update={"number": 7}).model_dump_json()
    tags = "update registered_model_tags set value = ? where key like 'codekiln.decision.%'"
    assert "ledger" in tampered(signed, tags, text)
    assert "ledger" in tampered(signed, "delete from registered_model_tags where key like 'codekiln.decision.%'")
    verdict = "update model_version_tags set value = 'promoted: better' where key = 'verdict_sentence'"
    assert list(tampered(signed, verdict)) == ["decision in the tags"]
    assert "alias" in tampered(signed, "delete from model_version_tags where key like 'promoted_by.%'")
    assert "lineage in MLflow" in tampered(signed, "update model_version_tags set value='x' where key='base_revision'")
    moved = json.dumps({"what": "promoted", "before": "1", "after": "2", "user": "ada", "when": "2026"})
    event = "update registered_model_tags set value = ? where key like 'codekiln.event.%'"
    assert "something else than codekiln moved it" in tampered(signed, event, moved)["alias"]


def test_a_run_folder_is_compared_byte_by_byte(signed):
    path = signed.run.workdir / "evaluate" / "graded" / "sft" / "data.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"passed"', b'"failed"', 1))
    assert "stage evaluate" in signed.failing(run=True)
    # Whoever changes the manifest with it changes its digest.
    folder = signed.run.workdir / "evaluate"
    manifest = StageManifest.read(folder)
    files = {name: sha256_file(folder / name) for name in manifest.files}
    manifest.model_copy(update={"files": files}).write(folder)
    assert "digest of the manifest's files" in signed.failing(run=True)["stage evaluate"]
    manifest.model_copy(update={"files": files, "digest": files_digest(files)}).write(folder)
    assert signed.failing(run=True)["stage evaluate"].startswith("digest: ")
    settings = signed.run.workdir / "check" / "settings.json"
    settings.write_text(settings.read_text().replace('"seed": 0', '"seed": 1', 1))
    assert "settings" in signed.failing(run=True)


def test_a_step_of_a_record_leads_to_no_other_folder(signed):
    forged(
        signed,
        lambda record: record["predicate"]["lineage"].update({"../../etc": record["predicate"]["lineage"]["sft"]}),
    )
    lines = {line.what: line for line in signed.verify(signed=False, run=True).lines}
    assert lines["stage ../../etc"].status == "unchecked"
    assert str(signed.run.workdir / "etc") in lines["stage ../../etc"].detail


def test_nothing_is_computed_from_values_that_nobody_signed(signed, monkeypatch):
    """They may ask for as many resamples as keep a follower busy for years."""
    monkeypatch.setattr(Evaluation, "recomputed", lambda self: pytest.fail("it was computed"))
    evaluation = signed.folder / "promotion" / "evaluation.json"
    changed(evaluation, lambda value: value.update(resamples=10**12))
    assert signed.failing()["gate"] == "promotion/evaluation.json is not that of the record"
    rehashed(signed, "evaluation.json")
    assert set(signed.failing()) == {"signature"}


@pytest.mark.parametrize("name", ["x\nok  signature  Ed25519", "\x1b[2J", "\u202eyek"])
def test_names_of_files_make_up_no_lines_of_the_report(signed, name):
    (signed.folder / name).write_text("x")
    detail = signed.failing()["files of the version"]
    assert detail.isprintable()
    assert detail.endswith("was added after the decision")
