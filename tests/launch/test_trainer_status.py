import itertools
import json
import ssl
import threading
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kubeflow_trainer_api.models import TrainerV1alpha1TrainerStatus

from codekiln.launch import trainer_status as module
from codekiln.launch.trainer_status import DISABLE, TOKEN, URL, status, trainer_status
from tests.launch.fake_status_server import SECRET, _certificate, _Handler, _violation, running
from tests.stages.monitoring.hostile import hostile


@pytest.fixture
def server(tmp_path, monkeypatch):
    yield from running(tmp_path, monkeypatch, 0.01)


def _wait_for_failure(reporter):
    end = time.monotonic() + 20
    while not reporter._failures:
        assert time.monotonic() < end
        time.sleep(0.002)


def test_progress_arrives_with_share_time_left_and_figures(server):
    reporter = trainer_status()
    reporter.start(total=40)
    server.wait(1)
    reporter.reached(10, {"loss": 0.25, "current_step": 10})
    server.wait(2)
    reporter.finish({"loss": 0.125})
    first, second, last = server.received
    assert first["progressPercentage"] == 0
    assert "estimatedRemainingSeconds" not in first
    assert second["progressPercentage"] == 25
    assert second["metrics"] == [{"name": "loss", "value": "0.25"}, {"name": "current_step", "value": "10"}]
    assert (last["progressPercentage"], last["estimatedRemainingSeconds"]) == (100, 0)
    assert server.refused == []


def test_time_left_is_estimated_from_what_this_attempt_did(server):
    reporter = trainer_status()
    reporter.start(total=1000, before=900)
    reporter._begun = time.monotonic() - 20  # 20 s for ten units
    server.wait(1)
    reporter.reached(910)
    server.wait(2)
    reporter.finish()
    first, second, _ = server.received
    assert (first["progressPercentage"], second["progressPercentage"]) == (90, 91)
    assert second["estimatedRemainingSeconds"] == pytest.approx(180, abs=2)


def test_only_the_newest_of_many_is_sent(server, monkeypatch):
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 30.0)
    reporter = trainer_status()
    reporter.start(total=100)
    server.wait(1)
    for step in range(100):
        reporter.reached(step, {"current_step": step})
    assert len(server.received) == 1
    reporter.finish({"train_loss": 1.0})  # it does not wait for the interval to end
    assert [each["progressPercentage"] for each in server.received] == [0, 100]


def test_a_token_that_the_kubelet_replaces_is_read_again(server):
    server.token_file.write_text("expired")
    reporter = trainer_status()
    reporter.start(total=10)
    server.wait(1)
    server.token_file.write_text(SECRET + "\n")
    reporter.reached(5)
    server.wait(2)
    assert server.refused == [(403, "Forbidden")]
    assert server.trainer_status["progressPercentage"] == 50


@pytest.mark.parametrize("fault", ["refused", "unreachable", "not trusted", "no token", "no file", "not https"])
def test_a_failure_is_said_once_and_without_the_token(server, monkeypatch, tmp_path, capsys, fault):
    if fault == "refused":
        server.job_exists = False
    elif fault == "unreachable":
        monkeypatch.setenv(URL, "https://127.0.0.1:9/status")
    elif fault == "not trusted":
        server.ca_file.write_bytes(_certificate.__wrapped__()[0])
    elif fault == "no token":
        server.token_file.write_text(f"{SECRET}\nX-Other: 1")
    elif fault == "no file":
        monkeypatch.setenv(TOKEN, str(tmp_path / "nothing"))
    else:
        monkeypatch.setenv(URL, server.environment[URL].replace("https", "http"))
    reporter = trainer_status()
    reporter.start(total=10)
    _wait_for_failure(reporter)
    for step in range(10):
        reporter.reached(step)
    reporter.finish()
    reporter._thread.join(10)
    said = capsys.readouterr().err
    assert said.count("cannot be reported to Kubeflow Trainer") == 1
    assert SECRET not in said
    assert server.received == []


def test_a_server_that_never_answers_delays_neither_work_nor_end(server, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(module.TrainerStatus, "_post", lambda self, body: done.wait(60))
    reporter = trainer_status()
    reporter.start(total=10)
    reporter.reached(5)
    reporter.finish()
    assert reporter._thread.is_alive()
    done.set()


@pytest.mark.parametrize("when", ["in the handshake", "in the answer"])
def test_a_server_that_answers_byte_by_byte_is_given_up(server, monkeypatch, when):
    over = threading.Event()

    def answer(handler, status, content):
        while not over.wait(0.05):
            handler.wfile.write(b"H")

    # A TLS record with a ServerHello that is long in coming.
    hello = itertools.chain([b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03"], itertools.repeat(b"H"))
    monkeypatch.setattr(_Handler, "_answer", answer)
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.4)
    with hostile(lambda: hello) as slow:
        if when == "in the handshake":
            monkeypatch.setenv(URL, slow.url.replace("http:", "https:"))
        reporter = trainer_status()
        reporter.start(total=10)
        _wait_for_failure(reporter)
        reporter.finish()
    over.set()


@pytest.mark.parametrize("url", ["https://[half", "https://host:port/", "https://127.0.0.1:9/a\nb"])
def test_an_address_that_is_none_is_no_error_of_the_job(server, monkeypatch, capsys, url):
    monkeypatch.setenv(URL, url)
    reporter = trainer_status()
    reporter.start(total=10)
    _wait_for_failure(reporter)
    reporter.finish()
    assert capsys.readouterr().err.count("cannot be reported to Kubeflow Trainer") == 1


def test_what_the_server_answers_forges_no_line_of_the_log(server, monkeypatch, capsys):
    monkeypatch.setattr(
        _Handler,
        "_answer",
        lambda handler, *_: handler.wfile.write(b"HTTP/1.1 500 No\r\ncontent-length: 11\r\n\r\n\nforged\x1b[1m"),
    )
    reporter = trainer_status()
    reporter.start(total=10)
    _wait_for_failure(reporter)
    reporter.finish()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b" not in said


def test_pauses_are_trainers_and_grow_while_the_server_refuses():
    assert [module.pause(failures) for failures in (0, 1, 2, 3, 4, 10)] == [5, 10, 20, 40, 60, 60]


@pytest.mark.parametrize("name", [URL, module.CA, TOKEN])
def test_without_a_variable_nothing_is_reported(server, monkeypatch, name):
    monkeypatch.delenv(name)
    assert trainer_status() is None


def test_the_switch_of_transformers_counts(server, monkeypatch):
    monkeypatch.setenv(DISABLE, "true")
    assert trainer_status() is None


def test_no_proxy_of_the_environment_sees_the_token(server, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    reporter = trainer_status()
    reporter.start(total=1)
    reporter.finish()
    assert server.trainer_status["progressPercentage"] == 100


@settings(max_examples=50, deadline=None)
@example(100, 1e12, {f"metric {number}": "1" * number for number in range(300)})
@given(
    st.integers(-10, 1000),
    st.none() | st.floats(allow_nan=False),
    st.dictionaries(st.text(max_size=100), st.floats() | st.text(max_size=100), max_size=4),
)
def test_every_status_is_within_the_limits_of_the_api(percentage, remaining, metrics):
    made = json.loads(json.dumps(status(percentage, remaining, metrics)))
    TrainerV1alpha1TrainerStatus.model_validate(made)
    assert not _violation(made)


def test_the_fake_refuses_what_the_real_server_refuses(server):
    def post(body, token=SECRET, path=""):
        trust = ssl.create_default_context(cafile=server.ca_file)
        request = Request(server.environment[URL] + path, body, {"Authorization": f"bearer  {token}"}, method="POST")
        try:
            return urlopen(request, context=trust, timeout=10).status
        except HTTPError as error:
            return error.code

    good = {"progressPercentage": 42, "lastUpdatedTime": "2026-11-29T20:00:00.5+00:00"}

    def body(**changes):
        return json.dumps({"trainerStatus": good | changes}).encode()

    assert post(body()) == 200
    assert post(b"{}") == 200
    assert post(body(), token="other") == 403
    assert post(body(), path="/more") == 404
    assert post(b"{") == post(body(progressPercentage=42.5)) == post(body(progressPercentage=101)) == 422
    assert post(body(metrics=[{"name": "", "value": "1"}])) == post(body(lastUpdatedTime="today")) == 422
    assert post(b" " * (1 << 16) + body()) == 413
    server.job_exists = False
    assert post(body()) == 404
    assert len(server.received) == 1
