import json
import threading

import pytest

from codekiln.data.files import write_atomic
from codekiln.evaluation import decide, results
from codekiln.settings.resolve import resolve
from codekiln.stages import benchmarks
from codekiln.stages.evaluate import read_evaluation
from codekiln.stages.monitoring import outbox, webhook
from codekiln.stages.run_folder import Tracking, write_settings, write_tracking
from tests.stages import judged_runs
from tests.stages.monitoring.receivers import Gateway, Webhook, running


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch):
    for name in (
        "CODEKILN_WORKDIR", "CODEKILN_PIPELINE", "CODEKILN_RETRIES", "CODEKILN_KFP_RUN", "CODEKILN_NAMESPACE",
        "CODEKILN_PUSHGATEWAY_URL", "CODEKILN_METRICS_FOLDER", "CODEKILN_NOTIFY_URL", "KFP_RETRY_INDEX",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(webhook, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(webhook, "LONGEST_WAIT_SECONDS", 0.02)
    outbox.said.clear()


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """Wait for what a test left undelivered on purpose, which would be pushed, and speak, in the next one."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name == "outbox":
            thread.join(30)
            assert not thread.is_alive(), "an outbox was never closed"


@pytest.fixture
def gateway(monkeypatch):
    with running(Gateway()) as found:
        monkeypatch.setenv("CODEKILN_PUSHGATEWAY_URL", found.url)
        yield found


@pytest.fixture
def hook(monkeypatch):
    with running(Webhook()) as found:
        monkeypatch.setenv("CODEKILN_NOTIFY_URL", found.url + found.path)
        yield found


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A run that has ended, without what monitoring does not read: check, evaluate with a benchmark, and promote."""
    workdir = tmp_path_factory.mktemp("monitored") / "run"
    settings = resolve("laptop", {}, ['evaluation.benchmark=[{name="plus", source="tiny"}]', "evaluation.k=[1]"])
    write_settings(workdir / "check", settings)
    write_tracking(workdir / "check", Tracking("http://me:hunter2@mlflow:5000", "codekiln", "0a1b2c", "tiny 2026"))
    judged_runs._adapter(workdir / judged_runs.STEP, b"w")
    plus = {"plus": judged_runs._benchmark([judged_runs.problem(number) for number in range(100, 112)], 0.5)}
    rows = [judged_runs.problem(number) for number in range(12)]
    judged_runs._evaluation(workdir / "evaluate", rows, 4.0, b"", None, plus)
    evaluation = read_evaluation(workdir / "evaluate")
    gate = decide(evaluation, judged_runs.STEP, metric=settings.metric, criteria=benchmarks.criteria(settings))
    found = results(evaluation, gate.model_copy(update={"number": 1}))
    write_atomic(workdir / "promote" / "results.json", json.dumps(found))
    return workdir
