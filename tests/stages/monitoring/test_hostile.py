"""Receivers that misbehave, and texts that somebody else has written, harm neither a step nor a secret."""

import json
import os
import stat
import threading
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from codekiln.registry.connection import registry_error
from codekiln.stages.monitoring import events, outbox, sinks, text_files, webhook
from codekiln.stages.monitoring.context import StepContext
from codekiln.stages.monitoring.families import Measurement
from codekiln.stages.monitoring.outbox import DeliveryError, Outbox
from codekiln.stages.run_folder import Tracking
from tests.stages.monitoring.hostile import ANSWERS, hostile
from tests.stages.monitoring.steps import fail

SECRET = "c0ffee-secret"
WELL = [Measurement("codekiln_stage_succeeded", 1)]


def context(text="codekiln"):
    settings = {"experiment": text, "pool": text}
    return StepContext("sft", "align", "team-a", "", settings, Tracking("http://mlflow", text, "0a1b", text))


def within(seconds, call):
    """Return what a call raises, or None; it must end in time."""
    raised = []

    def run():
        try:
            call()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive()
    return raised[0] if raised else None


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_answer_holds_up_a_notification_or_a_push(answer, monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT_SECONDS", 0.4)
    monkeypatch.setattr(sinks, "TIMEOUT_SECONDS", 0.4)
    is_taken = answer in ("body byte by byte", "gigabytes")
    with hostile(ANSWERS[answer]) as receiver:
        monkeypatch.setenv("CODEKILN_NOTIFY_URL", f"{receiver.url}/{SECRET}")
        monkeypatch.setenv("CODEKILN_PUSHGATEWAY_URL", receiver.url)
        event = events.stage_failed(context(), ValueError("bad"), 1)
        for call in (lambda: webhook.notify(event, 1), lambda: sinks._push(context().labels(), WELL)):
            error = within(5, call)
            assert error is None if is_taken else isinstance(error, DeliveryError)
            assert SECRET not in str(error)
        assert receiver.sent < 10_000_000


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_proxy_of_the_environment_holds_up_either(scheme, monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT_SECONDS", 0.4)
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with hostile(ANSWERS["headers byte by byte"]) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.url)
        monkeypatch.setenv("CODEKILN_NOTIFY_URL", f"{scheme}://receiver.invalid/{SECRET}")
        event = events.stage_failed(context(), ValueError("bad"), 1)
        assert "TimeoutError" in str(within(5, lambda: webhook.notify(event, 1)))
        assert proxy.asked == 1


def test_one_receiver_that_hangs_does_not_end_the_metrics_of_a_job(monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT_SECONDS", 0.2)
    with hostile(ANSWERS["headers byte by byte"]) as receiver:
        monkeypatch.setenv("CODEKILN_NOTIFY_URL", receiver.url)
        deliveries, done = Outbox(), threading.Event()
        deliveries.put(lambda: webhook.notify(events.stage_failed(context(), ValueError("bad"), 1)))
        deliveries.put(done.set)
        assert done.wait(10)
        deliveries.close()


@pytest.mark.parametrize(
    "url",
    [
        f"http://me:{SECRET}@127.0.0.1:9", f"http://{SECRET}@127.0.0.1:9", f"http://127.0.0.1:9/?token={SECRET}",
        f"http://127.0.0.1:9/{SECRET} é", f"http://127.0.0.1:{SECRET}/", f"http://127.0.0.1:9\n/{SECRET}",
        f"file:///{SECRET}",
    ],
)  # fmt: skip
def test_nothing_of_a_gateways_address_but_its_host_is_said(monkeypatch, url):
    monkeypatch.setenv("CODEKILN_PUSHGATEWAY_URL", url)
    with pytest.raises(DeliveryError) as raised:
        sinks._push(context().labels(), WELL)
    assert SECRET not in str(raised.value)


def test_a_gateway_with_a_password_gets_it(monkeypatch, gateway):
    seen = []
    take = gateway.take
    gateway.take = lambda method, path, headers, body: (
        seen.append(headers["authorization"]) or take(method, path, headers, body)
    )
    monkeypatch.setenv("CODEKILN_PUSHGATEWAY_URL", gateway.url.replace("//", "//me:hunter2@"))
    sinks._push(context().labels(), WELL)
    assert seen == ["Basic bWU6aHVudGVyMg=="]
    assert gateway.pushes == 1


def test_no_log_has_the_path_of_a_gateways_address(monkeypatch, gateway, caplog):
    caplog.set_level("DEBUG")
    monkeypatch.setenv("CODEKILN_PUSHGATEWAY_URL", f"{gateway.url}/{SECRET}")
    gateway.take = lambda *request: (200, {})
    sinks._push(context().labels(), WELL)
    assert SECRET not in caplog.text


def test_a_redirect_of_a_gateway_is_a_failure(monkeypatch, gateway):
    gateway.take = lambda *request: (302, {"location": f"{gateway.url}/-/ready"})
    with pytest.raises(DeliveryError, match="answers 302"):
        sinks._push(context().labels(), WELL)


TEXTS = [
    "a\ud800b",
    "a\0b",
    "x" * 1_000_000,
    "\x1b[31m\n\"'\\",
    "a\rb",
    "a\u2028b",
    "a\x85b",
    "",
    'x"} 1\ny',
    "a\\",
    "/",
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_is_a_label_in_files_and_on_a_gateway(text, tmp_path, monkeypatch, gateway):
    monkeypatch.setenv("CODEKILN_METRICS_FOLDER", str(tmp_path))
    first, second = (Measurement("codekiln_stage_rejected_rows", 1, (reason,)) for reason in (text, text + "!"))
    labels = context(text).labels()
    for sink in (text_files.write, sinks._push):
        sink(labels, [first, second])
        sink(labels, WELL)
    (file,) = tmp_path.glob("*.prom")
    written = file.read_bytes().decode()
    assert len(written) < 5000
    assert "\r" not in written
    found = {each.name: each.samples for each in text_string_to_metric_families(written)}
    assert len({sample.labels["reason"] for sample in found["codekiln_stage_rejected_rows"]}) == 2
    assert len(found["codekiln_stage_succeeded"]) == 1
    assert len(gateway.samples("codekiln_stage_rejected_rows")) == 2


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_is_told_in_an_event_of_a_few_kilobytes(text, hook):
    for event in (
        events.stage_failed(context(text), RuntimeError(text), 1),
        events.run_finished(context(text), "failed", reason=text),
    ):
        webhook.notify(event)
    assert len(hook.events) == 2
    assert max(map(len, hook.bodies)) < 40_000


def test_no_event_holds_a_password_or_a_secret_of_the_environment(hook, run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789\n")
    url = os.environ["CODEKILN_NOTIFY_URL"]
    text = f"401 for key sk-0123456789 at http://me:hunter2@mlflow, and {url} too\n  fix: postgresql://me:hunter2@db/a"
    fail("sft", run, RuntimeError(text))
    (event,) = hook.events
    told = json.dumps(event)
    assert "401 for key *** at http://me:***@mlflow" in told
    assert not any(secret in told for secret in ("sk-0123", "hunter2", url))


def test_an_error_of_mlflow_names_no_password():
    uri = "http://me:hunter2@mlflow:5000"
    for text in (f"API request to {uri}/api failed: Max retries exceeded", "out-of-date database schema"):
        assert "hunter2" not in str(registry_error("cannot log", uri, OSError(text)))


class _Closed:
    def write(self, text):
        raise BrokenPipeError

    def flush(self):
        raise BrokenPipeError


def test_a_lost_output_changes_neither_the_error_of_a_step_nor_what_is_delivered(run, hook, monkeypatch):
    monkeypatch.setattr("sys.stdout", _Closed())
    monkeypatch.setattr(threading, "excepthook", lambda hooked: pytest.fail(str(hooked)))
    done, deliveries = threading.Event(), Outbox()
    deliveries.put(lambda: int(SECRET))
    deliveries.put(done.set)
    assert done.wait(5)
    deliveries.close()
    monkeypatch.setattr("codekiln.stages.monitoring.step_watch.CLOSE_SECONDS", 0.01)
    hook.take = lambda *request: time.sleep(0.2) or (204, {})
    fail("sft", run, KeyError("the step's own"))


def test_a_system_without_threads_does_not_fail_a_step(run, hook, monkeypatch, capsys):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    fail("sft", run, KeyError("the step's own"))
    assert capsys.readouterr().out.count("can't start new thread") == 1


def test_what_receivers_answer_neither_floods_nor_forges_the_log(monkeypatch, capsys):
    for number in range(1000):
        outbox.say_once(f"monitoring: answer {number}\ncodekiln| error in sft: \x1b[31mforged")
    shown = capsys.readouterr().out
    assert shown.count("\n") <= 20
    assert "\ncodekiln|" not in shown
    assert "\x1b" not in shown


def test_two_writers_of_a_file_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("CODEKILN_METRICS_FOLDER", str(tmp_path))
    names = [
        name
        for name in ("succeeded", "duration_seconds", "last_start_timestamp_seconds", "last_success_timestamp_seconds")
    ]
    slow = text_files.generate_latest
    monkeypatch.setattr(text_files, "generate_latest", lambda *made: time.sleep(0.02) or slow(*made))
    threads = [
        threading.Thread(target=text_files.write, args=(context().labels(), [Measurement(f"codekiln_stage_{name}", 1)]))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (file,) = tmp_path.glob("*.prom")
    assert len(text_files.read(file)) == len(names)


@pytest.mark.parametrize("kind", ["link", "endless link", "pipe", "folder", "garbage"])
def test_what_somebody_else_put_into_the_folder_is_neither_read_nor_followed(tmp_path, monkeypatch, kind):
    folder = tmp_path / "metrics"
    monkeypatch.setenv("CODEKILN_METRICS_FOLDER", str(folder))
    text_files.write(context().labels(), WELL)
    (file,) = folder.iterdir()
    file.unlink()
    other = tmp_path / "other"
    other.write_text("# HELP codekiln_other a\n# TYPE codekiln_other gauge\ncodekiln_other 1\n")
    if kind == "link":
        file.symlink_to(other)
    elif kind == "endless link":
        file.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.write_text('# H"LP a x\na{b="c", ="e"} 1.0 5\n')
    error = within(5, lambda: text_files.write(context().labels(), WELL))
    assert isinstance(error, DeliveryError) if kind == "folder" else error is None
    assert "codekiln_other 1" in other.read_text()
    if kind != "folder":
        assert stat.S_ISREG(file.lstat().st_mode)
        assert stat.S_IMODE(file.lstat().st_mode) == 0o644
        assert "codekiln_other" not in file.read_text()
    assert list(folder.iterdir()) == [file]


def test_a_folder_that_is_locked_is_a_failure_and_no_hang(tmp_path, monkeypatch):
    monkeypatch.setenv("CODEKILN_METRICS_FOLDER", str(tmp_path))
    monkeypatch.setattr(text_files, "LOCK_SECONDS", 0.1)
    with text_files._locked(tmp_path):
        assert isinstance(within(5, lambda: text_files.write(context().labels(), WELL)), DeliveryError)
