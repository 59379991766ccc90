"""Metrics of steps, as a Pushgateway and node_exporter's textfile collector get them."""

import re
import threading
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from codekiln.launch.cluster.status import JobState
from codekiln.launch.pools import Pool
from codekiln.stages.base import Summary
from codekiln.stages.monitoring import families, sinks
from codekiln.stages.monitoring.context import step_context
from codekiln.stages.monitoring.job_watch import JobWatch
from tests.stages.monitoring.steps import end, fail

FILTERED = Summary(figures={"samples": 8, "kept": 3, "pairs_easy": 2, "x": 9}, rejected={"length": 4, "duplicate": 1})


def everything(run):
    """Let every kind of step end, and a job with it, so that every metric is there."""
    end("promote", run)
    end("evaluate", run)
    end("filter", run, FILTERED)
    end("sft", run, Summary(figures={"tokens": 100, "prompt_tokens": 7}))
    fail("generate", run, RuntimeError("x"))
    watch = JobWatch(step_context("sft", run / "check"), sinks.sinks(), 60)
    watch.started("sft-0a", Pool(image="i"), "a")
    watch.seen(JobState("running", "running"))
    watch.ended()


def test_a_run_exports_every_metric_of_the_table_and_no_other(run, gateway):
    everything(run)
    assert set(gateway.exported()) == set(families.FAMILIES)
    for name, labels in gateway.exported().items():
        assert labels == {"job", *families.COMMON, *families.FAMILIES[name].labels}


def test_names_follow_the_naming_rules_of_prometheus():
    for name, family in families.FAMILIES.items():
        assert re.fullmatch(r"codekiln_[a-z]+(_[a-z]+)*", name)
        assert name.endswith("_total") == (family.kind == "counter")
        assert not re.search(r"_(milliseconds|minutes|hours|ms|percent|count|sum|bucket)(_|$)", name)
        assert family.help.endswith((".", "1.", "from 0 on."))
        assert not set(family.labels) & set(families.COMMON)


def test_a_group_is_what_administrators_name_and_no_run(run, gateway, monkeypatch):
    monkeypatch.setenv("CODEKILN_PIPELINE", "align")
    monkeypatch.setenv("CODEKILN_NAMESPACE", "team-a")
    for number in range(3):
        monkeypatch.setenv("CODEKILN_KFP_RUN", f"run-{number}")
        end("filter", run)
    (group,) = gateway.groups
    common = {"run_namespace": "team-a", "experiment": "codekiln", "pipeline": "align", "stage": "filter"}
    assert dict(group) == {"job": "codekiln", **common, "pool": "none"}


def test_rows_tokens_and_rejections_are_counted_and_other_figures_left_out(run, gateway):
    end("filter", run, FILTERED)
    assert gateway.samples("codekiln_stage_rows") == {("samples",): 8, ("kept",): 3, ("pairs_easy",): 2}
    assert gateway.samples("codekiln_stage_rejected_rows") == {("length",): 4, ("duplicate",): 1}
    end("sft", run, Summary(figures={"tokens": 100, "prompt_tokens": 7}))
    assert gateway.samples("codekiln_stage_tokens") == {("all",): 100, ("prompt",): 7}


def test_reasons_without_end_become_one(run, gateway):
    end("filter", run, Summary(rejected={f"reason-{number}": 1 for number in range(50)}))
    found = gateway.samples("codekiln_stage_rejected_rows")
    assert len(found) == 31
    assert found["other",] == 20


def test_the_evaluation_and_the_gate_are_exported_with_their_intervals(run, gateway):
    end("evaluate", run)
    means = gateway.samples("codekiln_evaluation_mean")
    assert means["main", "base", "pass@1"] == means["main", "sft", "pass@1"] == 1
    assert means["plus", "sft", "pass@1"] == 0.5
    assert gateway.samples("codekiln_evaluation_mean_low")["plus", "sft", "pass@1"] < 0.5
    end("promote", run)
    assert gateway.samples("codekiln_gate_promoted") == {(): 0}
    checks = gateway.samples("codekiln_gate_check_holds")
    assert checks["base", "plus", "pass@1", "critical"] == 0
    assert gateway.samples("codekiln_gate_difference")["base", "plus", "pass@1", "critical"] == -0.5


def test_a_failure_leaves_the_last_success_and_the_next_success_ends_it(run, gateway):
    end("filter", run, FILTERED)
    before = gateway.samples("codekiln_stage_last_success_timestamp_seconds")
    assert abs(before[()] - time.time()) < 60
    fail("filter", run, RuntimeError("x"))
    assert gateway.samples("codekiln_stage_succeeded") == {(): 0}
    assert gateway.samples("codekiln_stage_last_failure_timestamp_seconds")[()] >= before[()]
    assert gateway.samples("codekiln_stage_last_success_timestamp_seconds") == before
    assert gateway.samples("codekiln_stage_duration_seconds") == {(): 12.5}
    end("filter", run)
    assert gateway.samples("codekiln_stage_succeeded") == {(): 1}


def test_a_signal_is_no_failure(run, gateway):
    fail("filter", run, SystemExit(143))
    assert not gateway.samples("codekiln_stage_succeeded")


def test_files_for_the_textfile_collector_say_the_same(run, tmp_path, gateway, monkeypatch):
    folder = tmp_path / "textfile"
    monkeypatch.setenv("CODEKILN_METRICS_FOLDER", str(folder))
    everything(run)
    fail("sft", run, RuntimeError("x"))
    files = sorted(folder.iterdir())
    assert [path.name.split("-")[1] for path in files] == ["evaluate", "filter", "generate", "promote", "sft"]
    assert {path.suffix for path in files} == {".prom"}
    written = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for path in files
        for metric in text_string_to_metric_families(path.read_text())
        for sample in metric.samples
    }
    pushed = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for found in gateway.groups.values()
        for metric in found.values()
        for sample in metric.samples
    }
    assert written == pushed


@pytest.mark.parametrize("status", [400, 503])
def test_a_gateway_that_refuses_is_said_once_and_nothing_else_happens(run, gateway, capsys, status):
    gateway.status = status
    for _ in range(3):
        end("filter", run)
    said = capsys.readouterr().out
    assert gateway.pushes == 6
    assert said.count("monitoring:") == 1
    assert f"answers {status}" in said


@pytest.mark.parametrize("url", ["http://user:hunter2@127.0.0.1:9/", "ftp://a", "nonsense"])
def test_a_gateway_that_is_not_there_is_said_once_without_a_password(run, monkeypatch, capsys, url):
    monkeypatch.setenv("CODEKILN_PUSHGATEWAY_URL", url)
    for _ in range(2):
        end("filter", run)
    said = capsys.readouterr().out
    assert said.count("monitoring:") == 1
    assert "hunter2" not in said


def test_what_hangs_is_left_behind(run, gateway, monkeypatch, capsys):
    monkeypatch.setattr("codekiln.stages.monitoring.step_watch.CLOSE_SECONDS", 0.05)
    released = threading.Event()
    monkeypatch.setattr(sinks, "pushadd_to_gateway", lambda *args, **options: released.wait(60))
    end("filter", run)
    assert "not everything was delivered" in capsys.readouterr().out
    released.set()


def test_a_mistake_of_the_monitoring_does_not_end_a_step(run, gateway, monkeypatch, capsys):
    monkeypatch.setattr("codekiln.stages.monitoring.measurements._counts", lambda summary: 1 / 0)
    end("filter", run)
    assert "monitoring: ZeroDivisionError" in capsys.readouterr().out
