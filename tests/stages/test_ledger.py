"""What somebody may try who wants a promotion by trying again; the calls are those of promote and evaluate."""

import json
import multiprocessing
import os
import signal
import sqlite3
from datetime import UTC, datetime

import pytest

from codekiln.errors import InputError, RegistryError
from codekiln.evaluation.spending import level_of
from codekiln.registry import Registry
from codekiln.registry.decisions import DECISION
from codekiln.registry.runs import TEXT_LENGTH
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageContext
from codekiln.stages.evaluate import _charge, read_evaluation
from codekiln.stages.ledger import Decision, as_recorded, next_number, read_all, read_decisions
from codekiln.stages.run_folder import EVALUATION as PROBLEMS
from codekiln.stages.run_folder import read_settings
from codekiln.stages.runner import run_check
from tests.stages.judged_runs import judged_run, problem

MODEL = "codekiln-tiny"


def decisions(uri):
    return sorted(read_all(Registry(uri, "codekiln"))[0], key=lambda item: item.number)


def look(run):
    """Do what evaluate does with its results before it writes them."""
    check = run.workdir / "check"
    inputs = {"evaluation_problems": check / PROBLEMS, "sft": run.workdir / "sft"}
    context = StageContext(read_settings(check), inputs, run.workdir / "evaluate", "evaluate", check)
    _charge(context, read_evaluation(run.workdir / "evaluate"))


def number(run):
    return run.promote()["gate"]["number"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"problems": range(39)}, 2, id="one problem removed"),
        pytest.param({"problems": reversed(range(40))}, 2, id="another order"),
        pytest.param({"problems": range(39, 79)}, 2, id="one problem in common"),
        pytest.param({"problems": range(40, 80)}, 1, id="other problems"),
        pytest.param({"settings": ("metric=lines",)}, 2, id="another target"),
        pytest.param({"settings": ("promote_as=other",)}, 2, id="another registered name"),
        pytest.param({"settings": ("evaluation.minimum_problems=10",)}, 2, id="other terms"),
        pytest.param({"settings": ("experiment=other",)}, 2, id="another experiment"),
        pytest.param({"settings": ("base_model=qwen2.5-coder-1.5b",)}, 1, id="another base model"),
    ],
)
def test_what_shares_a_problem_and_the_base_is_charged(tmp_path, uri, changes, expected):
    assert number(judged_run(tmp_path / "a", uri, b"a", gain=0.0)) == 1
    assert number(judged_run(tmp_path / "b", uri, b"b", gain=0.0, **changes)) == expected


def test_a_benchmark_that_guards_many_runs_charges_only_who_makes_it_the_main_set(tmp_path, uri):
    plus = ('evaluation.benchmark=[{name="plus", source="tiny"}]',)
    guarded = {"gain": 0.0, "benchmark": 1.0, "settings": plus}
    assert number(judged_run(tmp_path / "a", uri, b"a", problems=range(40), **guarded)) == 1
    assert number(judged_run(tmp_path / "b", uri, b"b", problems=range(40, 80), **guarded)) == 1
    assert number(judged_run(tmp_path / "c", uri, b"c", gain=0.0, problems=range(100, 140))) == 3
    assert number(judged_run(tmp_path / "d", uri, b"a", gain=0.0, problems=range(40))) == 2


def test_a_set_whose_problems_are_not_recorded_counts_as_shared(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()
    client = Registry(uri, "codekiln").client
    for key in client.get_registered_model(MODEL).tags:
        if key.startswith("codekiln.problems."):
            client.delete_registered_model_tag(MODEL, key)
    assert number(judged_run(tmp_path / "b", uri, b"b", gain=0.0, problems=range(40, 80))) == 2


def test_looking_at_results_is_charged_whether_or_not_they_are_judged(tmp_path, uri):
    look(judged_run(tmp_path / "a", uri, b"a", gain=0.0))
    look(judged_run(tmp_path / "b", uri, b"a", gain=0.0, luck=b"other samples of the same adapter"))
    third = judged_run(tmp_path / "c", uri, b"c", gain=0.0)
    look(third)
    look(third)
    assert [item.verdict for item in decisions(uri)] == ["open"] * 3
    assert number(third) == 3


def test_a_candidate_keeps_the_number_it_was_evaluated_under(tmp_path, uri):
    first, second = (judged_run(tmp_path / name, uri, name.encode(), gain=0.0) for name in "ab")
    look(first)
    look(second)
    assert (number(second), number(first)) == (2, 1)


def test_looking_again_after_the_decision_is_free(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a", gain=0.0)
    run.promote()
    look(judged_run(tmp_path / "b", uri, b"a", gain=4.0, luck=b"other samples"))
    assert [item.verdict for item in decisions(uri)] == ["not promoted"]


def _promote_and_die(run):
    # The verdict can be read in results.json by then, and is not in the ledger yet.
    Registry.keep_files = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    run.promote()


def test_to_be_killed_between_deciding_and_recording_gains_nothing(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a", gain=0.0)
    process = multiprocessing.get_context("spawn").Process(target=_promote_and_die, args=(run,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not json.loads((run.workdir / "promote" / "results.json").read_bytes())["gate"]["promoted"]
    assert [item.verdict for item in decisions(uri)] == ["open"]
    # The same results are the same try; samples that were drawn anew are another.
    assert number(judged_run(tmp_path / "b", uri, b"a", gain=0.0, luck=b"a better seed")) == 2
    assert run.promote()["gate"]["recorded"]


def test_a_killed_process_leaves_a_try_that_counts_and_goes_on(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a", gain=0.0)
    process = multiprocessing.get_context("spawn").Process(target=_promote_and_die, args=(run,))
    process.start()
    process.join()
    assert number(judged_run(tmp_path / "b", uri, b"b", gain=0.0)) == 2
    assert number(run) == 1


def test_a_try_whose_count_was_cut_off_is_counted_late_and_not_early(tmp_path, uri, monkeypatch):
    run = judged_run(tmp_path / "a", uri, b"a", gain=0.0)
    with monkeypatch.context() as patch:
        patch.setattr("codekiln.stages.ledger.read_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run.promote()
    assert [item.number for item in decisions(uri)] == [0]
    assert number(judged_run(tmp_path / "b", uri, b"b", gain=0.0)) == 2
    assert number(run) == 2


def test_another_name_does_not_hide_tries_that_were_renamed(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()
    Registry(uri, "codekiln").client.rename_registered_model(MODEL, "put-away")
    assert number(judged_run(tmp_path / "b", uri, b"b", gain=0.0)) == 2


@pytest.mark.parametrize("content", [None, b"", b'{"model": "codekiln-t'])
def test_the_file_beside_a_run_counts_nothing(tmp_path, uri, content):
    run = judged_run(tmp_path / "a", uri, b"a", gain=0.0)
    run.promote()
    file = run.workdir / "ledger.jsonl"
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    assert run.promote()["gate"]["recorded"]
    (line,) = [line for line in file.read_text().splitlines() if line.endswith("}")]
    assert [Decision.model_validate_json(line)] == decisions(uri)
    assert number(judged_run(tmp_path / "b", uri, b"b", gain=0.0)) == 2


def test_a_clock_that_was_set_back_changes_no_number(tmp_path, uri, monkeypatch):
    judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()

    class Earlier:
        @staticmethod
        def now(_zone):
            return datetime(1999, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("codekiln.stages.ledger.datetime", Earlier)
    assert number(judged_run(tmp_path / "b", uri, b"b", gain=0.0)) == 2


def test_results_that_were_forged_in_mlflow_do_not_come_back(tmp_path, uri):
    run = judged_run(tmp_path / "a", uri, b"a", gain=0.0)
    run.promote()
    (path,) = (tmp_path / "mlartifacts").glob("*/artifacts/decisions/*/results.json")
    path.write_text(path.read_text().replace('"promoted": false', '"promoted": true'))
    with pytest.raises(RegistryError, match=r"results.json of run \w+ was changed after the decision"):
        run.promote()


def test_an_adapter_whose_configuration_was_changed_is_another_candidate(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()
    assert number(judged_run(tmp_path / "b", uri, b"a", gain=0.0, config={"lora_alpha": 64})) == 2
    assert Registry(uri, "codekiln").client.get_model_version(MODEL, "2")


@pytest.mark.parametrize("sentence", ["x" * 9000, '"' * 9000])
def test_a_long_sentence_is_cut_to_what_a_tag_holds(sentence):
    made = Decision(model="m", set="s", target="t", adapter="a", sentence=sentence)
    assert len(as_recorded(made).model_dump_json()) <= TEXT_LENGTH
    assert as_recorded(made).sentence.endswith("...")
    fits = made.model_copy(update={"sentence": "x" * 3000})
    assert as_recorded(fits) is fits


@pytest.mark.slow
def test_ten_thousand_decisions_are_counted(tmp_path, uri):
    judged_run(tmp_path / "a", uri, b"a", gain=0.0).promote()
    (known,) = decisions(uri)
    others = (known.model_copy(update={"adapter": str(number)}) for number in range(10_000))
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.executemany(
            "insert into registered_model_tags (name, key, value) values (?, ?, ?)",
            ((MODEL, DECISION + item.attempt, item.model_dump_json()) for item in others),
        )
    found = judged_run(tmp_path / "b", uri, b"b", gain=4.0).promote()["gate"]
    assert (found["number"], found["level"]) == (10_002, level_of(10_002))
    assert "for the 10002nd candidate judged on these problems" in found["sentence"]


def test_a_decision_that_cannot_be_read_stops_the_count_and_is_named(tmp_path, uri):
    registry = Registry(uri, "codekiln")
    registry.record_decision("broken", "a", "{")
    with pytest.raises(InputError, match="a decision that cannot be read") as error:
        judged_run(tmp_path / "a", uri, b"a").promote()
    assert error.value.where == "broken"
    assert not read_decisions(registry, MODEL) or read_decisions(registry, MODEL)[0].verdict == "open"
    assert registry.champion(MODEL) is None


def test_check_says_how_strictly_the_next_candidate_is_judged(tmp_path, uri):
    evaluated = [problem(number) for number in range(40)]
    files = {"train": [problem(number) for number in range(200, 204)], "evaluation": evaluated}
    for name, rows in files.items():
        (tmp_path / name).with_suffix(".jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    sources = (f"source={tmp_path / 'train.jsonl'}", f"evaluation_source={tmp_path / 'evaluation.jsonl'}")
    settings = resolve("laptop", {}, [f"tracking_uri={uri}", *(f"problems.{item}" for item in sources)])
    before = run_check(settings, tmp_path / "before").summary.notes["evaluation"]
    assert "judged on these problems" not in before
    judged_run(tmp_path / "a", uri, b"a").promote()
    assert next_number(Registry(uri, "codekiln"), settings, evaluated) == 2
    after = run_check(settings, tmp_path / "after").summary.notes["evaluation"]
    assert "with intervals at 99.950 % for the second candidate judged on these problems" in after
