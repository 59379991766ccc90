import json
import multiprocessing
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from codekiln.errors import RegistryError
from codekiln.evaluation.spending import level_of
from codekiln.registry import Registry
from codekiln.registry.runs import adapter_digest
from codekiln.stages.ledger import read_decisions
from codekiln.stages.run_folder import read_tracking
from tests.stages.judged_runs import judged_run

MODEL = "codekiln-tiny"


def decisions(uri):
    return sorted(read_decisions(Registry(uri, "codekiln"), MODEL), key=lambda item: item.number)


def champion(uri):
    found = Registry(uri, "codekiln").champion(MODEL)
    return found and found.version


def test_the_first_candidate_is_promoted_and_recorded(tmp_path, uri):
    found = judged_run(tmp_path / "a", uri, b"a").promote()["gate"]
    assert found["promoted"]
    assert found["sentence"].endswith("; intervals at 95.1 % for the first candidate judged on these problems")
    assert (found["number"], found["level"], found["recorded"]) == (1, level_of(1), None)
    assert champion(uri) == 1
    (decision,) = decisions(uri)
    assert (decision.verdict, decision.sentence) == ("promoted", found["sentence"])
    assert (tmp_path / "a" / "ledger.jsonl").read_text() == decision.model_dump_json() + "\n"


def test_the_same_adapter_again_keeps_its_verdict_and_report_and_is_not_charged(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    first = run.promote()
    page = (run.workdir / "promote" / "report.html").read_bytes()
    (decision,) = decisions(uri)
    again = run.promote()
    assert again["gate"].pop("recorded") == {"run": decision.run, "when": decision.when}
    assert first["gate"].pop("recorded") is None
    assert again == first
    assert (run.workdir / "promote" / "report.html").read_bytes() == page
    assert b">Promoted<" in page
    assert decisions(uri) == [decision]
    assert champion(uri) == 1
    assert len((run.workdir / "ledger.jsonl").read_text().splitlines()) == 1


def test_a_refusal_is_kept_too_when_the_adapter_is_sampled_again(tmp_path, uri):
    refused = judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()["gate"]
    lucky = judged_run(tmp_path / "b", uri, b"a", gain=4.0).promote()["gate"]
    assert not lucky["promoted"]
    assert lucky["sentence"] == refused["sentence"]
    assert lucky["recorded"]
    assert champion(uri) is None


def test_the_second_and_third_candidates_are_charged(tmp_path, uri):
    assert not judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()["gate"]["promoted"]
    second = judged_run(tmp_path / "b", uri, b"b").promote()["gate"]
    assert second["promoted"]
    assert (second["number"], second["level"]) == (2, level_of(2))
    assert second["sentence"].endswith("; intervals at 99.950 % for the second candidate judged on these problems")
    third = judged_run(tmp_path / "c", uri, b"c", gain=0.0, champion=b"b").promote()["gate"]
    assert (third["number"], third["promoted"]) == (3, False)
    assert "third candidate judged on these problems" in (tmp_path / "c" / "promote" / "report.html").read_text()
    assert champion(uri) == 2


def test_the_same_adapter_on_other_terms_is_a_new_try(tmp_path, uri):
    assert judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()["gate"]["number"] == 1
    lenient = judged_run(tmp_path / "b", uri, b"a", gain=0.0, settings=("evaluation.tolerance=0.4",)).promote()
    assert (lenient["gate"]["number"], lenient["gate"]["recorded"]) == (2, None)


def test_two_runs_at_once_are_both_recorded_and_spend_no_more_than_one_after_the_other(tmp_path, uri):
    runs = [judged_run(tmp_path / name, uri, name.encode(), gain=0.0) for name in "ab"]
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=run.promote) for run in runs]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0]
    found = decisions(uri)
    assert len({item.adapter for item in found}) == 2
    assert {item.verdict for item in found} == {"not promoted"}
    assert sum(item.level for item in found) <= level_of(1) + level_of(2)


def test_a_promotion_that_was_interrupted_after_its_decision_is_completed(tmp_path, uri, monkeypatch):
    run = judged_run(tmp_path / "a", uri, b"a")
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "promote", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run.promote()
    assert champion(uri) is None
    assert run.promote()["gate"]["promoted"]
    assert champion(uri) == 1


def test_a_judgement_that_was_interrupted_goes_on_under_its_own_number(tmp_path, uri, monkeypatch):
    run = judged_run(tmp_path / "a", uri, b"a")
    with monkeypatch.context() as patch:
        patch.setattr("codekiln.stages.promote.render", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run.promote()
    assert [item.verdict for item in decisions(uri)] == ["open"]
    found = run.promote()["gate"]
    assert (found["number"], found["recorded"]) == (1, None)
    assert [item.verdict for item in decisions(uri)] == ["promoted"]


def test_a_repetition_does_not_undo_a_rollback(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    run.promote()
    Registry(uri, "codekiln").rollback(MODEL)
    assert run.promote()["gate"]["promoted"]
    assert champion(uri) is None


def test_nothing_is_judged_while_mlflow_cannot_be_reached(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    tracking = run.workdir / "check" / "tracking.json"
    known = tracking.read_text()
    tracking.write_text(json.dumps({**json.loads(known), "uri": "http://127.0.0.1:9"}))
    with pytest.raises(RegistryError, match=r"cannot open experiment(.|\n)*fix: check the tracking URI"):
        run.promote()
    assert not (run.workdir / "ledger.jsonl").exists()
    assert not (run.workdir / "promote" / "results.json").exists()
    tracking.write_text(known)
    assert run.promote()["gate"]["number"] == 1


def test_the_results_of_an_earlier_decision_that_are_gone_are_named(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    run.promote()
    shutil.rmtree(tmp_path / "mlartifacts")
    with pytest.raises(RegistryError, match=r"cannot fetch files"):
        run.promote()


def test_a_tag_that_somebody_has_changed_is_no_decision_less(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    run.promote()
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("update registered_model_tags set value = '{' where key like 'codekiln.decision.%'")
    with pytest.raises(Exception, match="a decision that cannot be read"):
        run.promote()


def test_the_results_say_what_the_decision_rests_on(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    found = run.promote()["provenance"]
    assert (found["recipe"], found["seed"]) == ("maintainability", 0)
    assert found["base_model"] == {"name": "tiny", "id": "tiny", "revision": "main"}
    assert set(found["versions"]) == {
        "codekiln", "Python", "torch", "transformers", "trl", "peft", "radon", "mlflow",
    }  # fmt: skip
    assert found["digests"]["adapter"] == adapter_digest(run.workdir / "sft")
    assert found["digests"]["evaluation"]


def test_mlflow_shows_the_verdict_and_every_contender(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a")
    written = run.promote()
    registry = Registry(uri, "codekiln")
    (decision,) = decisions(uri)
    parent = registry.client.get_run(decision.run)
    note = parent.data.tags["mlflow.note.content"]
    assert note.startswith("**Promoted** on ")
    assert decision.sentence in note
    assert "| tiny, unchanged | " in note
    experiment, kept = parent.info.experiment_id, f"decisions/{decision.key}/report.html"
    assert f"[report](#/experiments/{experiment}/runs/{decision.run}/artifacts/{kept})" in note
    assert Path(registry.client.download_artifacts(decision.run, kept, str(tmp_path))).exists()
    means, target = written["contenders"], "structural_maintainability"
    assert parent.data.metrics[target] == pytest.approx(means["sft"][target]["mean"])
    assert parent.data.metrics[f"base.{target}"] == pytest.approx(means["base"][target]["mean"])
    assert parent.data.metrics["base.pass_at_1"] == pytest.approx(1.0)
    gain = next(item for item in written["comparisons"] if item["measure"] == target)
    assert parent.data.metrics[f"gain.{target}.low"] == pytest.approx(gain["low"])
    (inputs,) = parent.inputs.dataset_inputs
    assert inputs.dataset.name == "evaluation_problems"
    assert parent.data.tags["codekiln.candidate"] == "sft"
    assert parent.data.tags["codekiln.gate"] == decision.sentence


def test_runs_can_be_compared_in_mlflow(tmp_path, uri):
    """Its page takes parameters, metrics, tags and artifacts that both runs have under the same name."""
    registry, runs = Registry(uri, "codekiln"), []
    for name, problems in (("a", 40), ("b", 40), ("c", 41)):
        run = judged_run(tmp_path / name, uri, name.encode(), gain=0.0, problems=range(problems))
        run.promote()
        runs.append(registry.client.get_run(read_tracking(run.workdir / "check").parent_run_id))
    first, second, other = runs
    assert first.data.metrics.keys() == second.data.metrics.keys()
    assert all(re.fullmatch(r"[\w.]+", key) for key in first.data.metrics)
    sets = [run.data.tags["codekiln.evaluation_set"] for run in runs]
    assert sets[0] == sets[1] != sets[2]
    for run in (first, second):
        assert "report.html" in [item.path for item in registry.client.list_artifacts(run.info.run_id)]


def test_the_version_has_the_verdict_and_the_candidates_metrics(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a", gain=0.0)
    means = run.promote()["contenders"]["sft"]
    registry = Registry(uri, "codekiln")
    version = registry.client.get_model_version(MODEL, "1")
    (decision,) = decisions(uri)
    assert version.description.startswith("**Not promoted** on ")
    assert version.tags["verdict"] == "not promoted"
    assert version.tags["verdict_sentence"] == decision.sentence
    assert version.tags["report"] == f"runs:/{decision.run}/decisions/{decision.key}/report.html"
    logged = registry.client.get_logged_model(version.tags["model_id"])
    assert {metric.key: metric.value for metric in logged.metrics}["lines"] == pytest.approx(means["lines"]["mean"])


PLUS = ('evaluation.benchmark=[{name="plus", source="tiny", tolerance=0.1}]',)


def test_a_fallen_second_benchmark_refuses_and_an_equal_one_does_not(tmp_path, uri):
    kept = judged_run(tmp_path / "a", uri, b"a", settings=PLUS, benchmark=1.0).promote()
    assert kept["gate"]["promoted"]
    assert champion(uri) == 1
    fallen = judged_run(tmp_path / "b", uri, b"b", settings=(*PLUS, "promote_as=other"), benchmark=0.6).promote()
    assert not fallen["gate"]["promoted"]
    assert "against base, pass@1 on plus changes by -0.400" in fallen["gate"]["sentence"]
    (check,) = [check for check in fallen["gate"]["checks"] if check["benchmark"] == "plus"]
    assert (check["role"], check["ok"], check["tolerance"]) == ("critical", False, 0.1)
    assert fallen["benchmarks"]["plus"]["contenders"]["sft"]["pass@1"]["mean"] == 0.6
    assert Registry(uri, "codekiln").champion("other") is None


def test_asking_for_less_on_the_same_set_is_another_try(tmp_path, uri):
    refused = judged_run(tmp_path / "a", uri, b"a", settings=PLUS, benchmark=0.6).promote()["gate"]
    again = judged_run(tmp_path / "b", uri, b"a").promote()["gate"]
    assert (refused["number"], again["number"]) == (1, 2)
    assert again["level"] == level_of(2)


def test_mlflow_has_the_benchmark_of_every_contender(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a", settings=PLUS, benchmark=0.6).promote()
    (decision,) = decisions(uri)
    run = Registry(uri, "codekiln").client.get_run(decision.run)
    assert run.data.metrics["plus.pass_at_1"] == 0.6
    assert run.data.metrics["base.plus.pass_at_1"] == 1.0
    assert run.data.metrics["gain.plus.pass_at_1"] == -0.4
    assert "pass@1 on plus" in run.data.tags["mlflow.note.content"]
