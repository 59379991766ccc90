"""Notifications: which events there are, what they say, and how they reach a webhook."""

import contextlib
import json
import logging
import os
import re
from pathlib import Path

import pytest

from codekiln.errors import ClusterError, InputError
from codekiln.stages.base import Summary
from codekiln.stages.monitoring import events, webhook
from codekiln.stages.monitoring.context import step_context
from codekiln.stages.monitoring.outbox import attempt as deliver
from codekiln.stages.monitoring.run_watch import notified
from tests.stages.monitoring.steps import end, fail

ERROR = InputError("there are no pairs to train on", where="filter/pairs", fix="use the pipeline instruct")


@pytest.fixture
def on_kubeflow(monkeypatch):
    for name, value in {
        "CODEKILN_PIPELINE": "align", "CODEKILN_NAMESPACE": "team-a", "CODEKILN_KFP_RUN": "5f6e-7a8b",
        "CODEKILN_RETRIES": "2", "KFP_RETRY_INDEX": "0",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


def finished(run, once=""):
    gate = json.loads((run / "promote" / "results.json").read_bytes())["gate"]
    report = {"mlflow_run_id": "3d4e5f", "artifact": "report.html"}
    return events.run_finished(step_context("promote", run / "check"), "succeeded", gate=gate, report=report, once=once)


def test_a_run_ends_with_promote_and_says_what_the_gate_decided(run, hook, on_kubeflow):
    end("evaluate", run)
    assert not hook.bodies
    end("promote", run)
    (event,) = hook.events
    assert hook.types == {"application/cloudevents+json; charset=utf-8"}
    assert (event["specversion"], event["type"]) == ("1.0", "dev.codekiln.run.finished")
    assert (event["source"], event["subject"]) == ("/codekiln/team-a", "5f6e-7a8b")
    data = event["data"]
    assert (data["status"], data["pipeline"], data["run"]) == ("succeeded", "align", "tiny 2026")
    assert data["gate"]["sentence"].startswith("not promoted: sft")
    assert data["gate"]["checks"][0]["difference"] == pytest.approx(4, abs=1)
    assert data["report"] == {"mlflow_run_id": "3d4e5f", "artifact": "report.html"}
    assert data["mlflow"]["uri"] == "http://me:***@mlflow:5000"


def test_data_ends_with_filter(run, hook, on_kubeflow, monkeypatch):
    monkeypatch.setenv("CODEKILN_PIPELINE", "data")
    end("filter", run, Summary())
    (event,) = hook.events
    assert event["data"]["status"] == "succeeded"
    assert event["data"]["gate"] is None


def test_a_failed_stage_is_told_with_its_fix_once_no_attempt_is_left(run, hook, on_kubeflow, monkeypatch):
    fail("dpo", run, ERROR)
    assert not hook.bodies
    monkeypatch.setenv("KFP_RETRY_INDEX", "2")
    fail("dpo", run, ERROR)
    failed, ended = hook.events
    assert failed["type"] == "dev.codekiln.stage.failed"
    assert failed["subject"] == "5f6e-7a8b/dpo"
    assert failed["data"]["reason"] == "filter/pairs: there are no pairs to train on"
    assert failed["data"]["fix"] == "use the pipeline instruct"
    assert (failed["data"]["stage"], failed["data"]["attempt"]) == ("dpo", 3)
    assert (ended["type"], ended["data"]["status"]) == ("dev.codekiln.run.finished", "failed")
    assert ended["data"]["reason"].startswith("dpo: filter/pairs: there are no pairs")
    # A run that somebody repeats fails once more.
    fail("dpo", run, ERROR)
    assert len({event["id"] for event in hook.events}) == 4


def test_check_has_one_attempt_and_no_run_yet(tmp_path, hook, on_kubeflow, monkeypatch):
    monkeypatch.setenv("CODEKILN_RETRIES", "0")
    monkeypatch.delenv("KFP_RETRY_INDEX")
    fail("check", tmp_path, ERROR)
    assert [event["type"] for event in hook.events] == [events.STAGE_FAILED, events.RUN_FINISHED]
    assert hook.events[0]["data"]["mlflow"] is None


def test_where_nobody_counts_attempts_each_tells_the_same_event(run, hook, on_kubeflow, monkeypatch):
    monkeypatch.delenv("KFP_RETRY_INDEX")
    for _ in range(2):
        fail("dpo", run, ClusterError("job sft-0a: OOMKilled\n  fix: raise the pool's memory"))
    fail("dpo", run, ClusterError("another"))
    first, second, third = hook.events
    assert first["id"] == second["id"] != third["id"]
    assert {event["type"] for event in hook.events} == {events.STAGE_FAILED}
    assert first["data"]["fix"] == "raise the pool's memory"


def test_an_unexpected_error_is_named_with_its_type(run, hook, monkeypatch):
    monkeypatch.setenv("CODEKILN_WORKDIR", str(run))
    fail("sft", run, ZeroDivisionError("division by zero"))
    assert [event["data"]["reason"] for event in hook.events] == ["ZeroDivisionError: division by zero"]


@pytest.mark.parametrize("signal", [SystemExit(143), KeyboardInterrupt()])
def test_a_step_that_is_told_to_end_has_not_failed(run, hook, on_kubeflow, monkeypatch, signal):
    monkeypatch.setenv("KFP_RETRY_INDEX", "2")
    fail("sft", run, signal)
    assert not hook.bodies


def test_the_id_is_that_of_what_is_told(run, on_kubeflow, monkeypatch):
    assert finished(run).get_id() == finished(run).get_id() != finished(run, once="1").get_id()
    first = finished(run).get_id()
    monkeypatch.setenv("CODEKILN_KFP_RUN", "another-run")
    assert finished(run).get_id() != first


@pytest.mark.parametrize(
    ("ends", "status", "reason"),
    [
        (True, "succeeded", None),
        (False, "failed", "a stage has failed"),
        (SystemExit(143), "stopped", "ended by signal 15"),
        (OSError("disk full"), "failed", "OSError: disk full"),
    ],
)
def test_a_run_on_this_machine_tells_its_end_in_whichever_way(run, hook, monkeypatch, ends, status, reason):
    monkeypatch.setenv("CODEKILN_PIPELINE", "align")
    is_raised = isinstance(ends, BaseException)
    with pytest.raises(type(ends)) if is_raised else contextlib.nullcontext(), notified(run) as result:
        if is_raised:
            raise ends
        (run / "results.json").write_bytes((run / "promote" / "results.json").read_bytes())
        result.ok = ends
    (event,) = hook.events
    assert (event["data"]["status"], event["data"]["reason"]) == (status, reason)
    assert event["source"] == "/codekiln/local"
    if status == "succeeded":
        assert event["data"]["report"] == {"path": str(run / "report.html")}
        assert event["data"]["gate"]["promoted"] is False


def test_what_an_earlier_run_left_is_not_told_and_a_run_that_cannot_begin_has_no_end(run, tmp_path, hook):
    (tmp_path / "results.json").write_bytes((run / "promote" / "results.json").read_bytes())
    os.utime(tmp_path / "results.json", (0, 0))
    with notified(tmp_path):
        pass
    assert hook.events[0]["data"]["gate"] is None
    with pytest.raises(InputError), notified(tmp_path):
        raise ERROR
    assert len(hook.bodies) == 1


def test_a_receiver_that_is_busy_or_broken_is_asked_again_with_the_same_body(run, hook):
    hook.answers = [(503, {}), (429, {})]
    webhook.notify(finished(run))
    assert len(hook.bodies) == 3
    assert len(set(hook.bodies)) == 1


@pytest.mark.parametrize("answer", [(503, {}), (404, {}), (302, {"location": "http://127.0.0.1:9/elsewhere"})])
def test_a_failure_is_said_once_and_no_redirect_is_followed(run, hook, capsys, answer):
    hook.answers = [answer] * 9
    for _ in range(2):
        deliver(lambda: webhook.notify(finished(run)))
    assert len(hook.bodies) == (6 if answer[0] == 503 else 2)
    said = capsys.readouterr().out
    assert said.count("monitoring:") == 1
    assert f"answers {answer[0]}" in said


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/s3cret", "ftp://a/s3cret", "file:///s3cret", "s3cret", "http://[s3cret", "http://a:b/s3cret"],
)
def test_the_address_is_in_no_message(run, monkeypatch, capsys, caplog, url):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CODEKILN_NOTIFY_URL", url)
    deliver(lambda: webhook.notify(finished(run)))
    said = capsys.readouterr()
    assert said.out.count("monitoring:") == 1
    assert "s3cret" not in said.out + said.err + caplog.text


def test_the_address_is_in_no_log_of_the_client_and_in_no_body(run, hook, caplog):
    caplog.set_level(logging.DEBUG)
    webhook.notify(finished(run))
    assert hook.bodies
    assert "c0ffee" not in caplog.text + hook.bodies[0].decode()


def test_the_example_of_the_documentation_is_such_an_event(run, on_kubeflow):
    page = (Path(__file__).parents[3] / "docs" / "observability.md").read_text()
    (example,) = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL))
    written = json.loads(events.body(finished(run)))
    assert shape(example) == shape(written)
    assert {key: example[key] for key in ("id", "source", "type", "subject")} == {
        key: written[key] for key in ("id", "source", "type", "subject")
    }


def shape(value):
    """Return a JSON value with types in place of values, and of a list the first."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(value[0])] if isinstance(value, list) else type(value).__name__
