"""A run that a signal ends, in every stage: nothing of it is left, and the next run goes on with what was done."""

import contextlib
import ctypes
import fcntl
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from codekiln.cli import local_runner
from codekiln.errors import InputError
from codekiln.stages.process_tree import STEPS_LOCK
from tests.launch.fake_api import FakeApi
from tests.running import codekiln, command
from tests.stages.monitoring.receivers import Webhook, running
from tests.stand_in import write
from tests.test_quickstart import STEPS

pytestmark = pytest.mark.usefixtures("heeded_signals")
ROOT = Path(__file__).parents[1]
SECONDS = 10.0
SUBREAPER = 36
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129, signal.SIGKILL: -signal.SIGKILL}


def some(*fast: signal.Signals) -> list:
    """Return all signals, of which only some are tried in the fast tests."""
    return [pytest.param(number, marks=[] if number in fast else pytest.mark.slow, id=number.name) for number in CODES]


@pytest.fixture(autouse=True)
def _orphans_come_here() -> Iterator[None]:
    """Let orphans become children of this process, so that none is missed, whatever its group or environment."""
    prctl = ctypes.CDLL(None).prctl
    assert prctl(SUBREAPER, 1, 0, 0, 0) == 0
    yield
    prctl(SUBREAPER, 0, 0, 0, 0)


def processes() -> set[psutil.Process]:
    """Return the processes below this one that have not ended."""
    found = set()
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if each.status() != psutil.STATUS_ZOMBIE:
                found.add(each)
    return found


def start(workdir: Path, pipeline: str | Path = "align", *, preexec_fn=None, own_session=False, **variables: str):
    return subprocess.Popen(
        command("run", str(pipeline), "--workdir", str(workdir)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1", **variables}, preexec_fn=preexec_fn,
        start_new_session=own_session,
    )  # fmt: skip


def reach(run: subprocess.Popen, text: str) -> str:
    """Read what a run says until it has said a text, and return it."""
    said = ""
    while text not in said:
        line = run.stdout.readline()
        assert line, f"the run ended before '{text}':\n{said}"
        said += line
    return said


def stopped(run: subprocess.Popen, before: set[psutil.Process]) -> tuple[int, str]:
    """Check that a run and all its processes end in time; returns its exit code and the rest of what it said."""
    end = time.monotonic() + SECONDS
    while left := processes() - before:
        assert time.monotonic() < end, f"left after {SECONDS} s: {[each.as_dict(['pid', 'cmdline']) for each in left]}"
        time.sleep(0.05)
    rest = run.communicate(timeout=SECONDS)[0]
    return run.returncode, rest


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("pipeline") / "stand_in.yaml")


@pytest.mark.parametrize("number", some(signal.SIGTERM, signal.SIGKILL))
def test_a_signal_ends_a_run_with_its_steps(tmp_path, stand_in, number):
    before = processes()
    with running(Webhook()) as hook:
        run = start(tmp_path / "run", stand_in, CODEKILN_NOTIFY_URL=hook.url + hook.path)
        reach(run, "is at work")
        run.send_signal(number)
        code, said = stopped(run, before)
    # Of SIGKILL nobody can tell.
    told = [(event["data"]["status"], event["data"]["pipeline"]) for event in hook.events]
    assert told == ([("stopped", "stand_in")] if number != signal.SIGKILL else [])
    assert code == CODES[number], said
    assert "Traceback" not in said
    assert (tmp_path / "run" / "cleaned").exists()
    if number != signal.SIGKILL:
        assert "has cleaned up" in said
        assert "repeat the command to continue" in said


def test_ctrl_c_twice_in_a_terminal_does_not_break_the_cleanup(tmp_path, stand_in):
    before = processes()
    run = start(tmp_path / "run", stand_in, own_session=True)
    reach(run, "is at work")
    for _ in range(20):
        os.killpg(run.pid, signal.SIGINT)
        time.sleep(0.01)
    code, said = stopped(run, before)
    assert code == 130, said
    assert said.count("has cleaned up") == 1
    assert "Traceback" not in said


def test_a_run_whose_reader_is_gone_ends_with_its_steps_as_by_sigpipe(tmp_path, stand_in):
    before = processes()
    run = start(tmp_path / "run", stand_in, CODEKILN_TEST_LINES="yes")
    reach(run, "is at work")
    run.stdout.close()
    run.stdout = None
    code, _ = stopped(run, before)
    assert code == 141
    assert (tmp_path / "run" / "cleaned").exists()


def test_a_run_that_nohup_started_survives_its_terminal(tmp_path, stand_in):
    before = processes()
    run = start(tmp_path / "run", stand_in, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    reach(run, "is at work")
    os.kill(run.pid, signal.SIGHUP)
    time.sleep(0.3)
    assert run.poll() is None
    run.terminate()
    assert stopped(run, before)[0] == 143


@pytest.mark.parametrize("number", some(signal.SIGHUP, signal.SIGKILL))
def test_a_signal_ends_the_job_that_a_step_waits_for(tmp_path, monkeypatch, stand_in, number):
    before = processes()
    with FakeApi(tmp_path) as api:
        run = start(tmp_path / "run", stand_in, KUBECONFIG=str(api.kubeconfig))
        api.pod(api.wait_job())
        reach(run, "running on")
        run.send_signal(number)
        code, said = stopped(run, before)
        assert code == CODES[number], said
        assert api.jobs() == []
        assert api.count("delete", "trainjobs") == 1


def test_a_run_waits_for_the_steps_of_one_that_was_killed(tmp_path):
    workdir, waiting = tmp_path / "run", threading.Event()
    workdir.mkdir()
    with (workdir / STEPS_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        threading.Timer(0.3, lambda: (waiting.set(), fcntl.flock(lock, fcntl.LOCK_UN))).start()
        local_runner._wait_for_steps(workdir)
        assert waiting.is_set()


def test_a_step_that_does_not_end_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(local_runner, "GRACE_SECONDS", 0.1)
    with (tmp_path / STEPS_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with pytest.raises(InputError, match="a step of an earlier run is at work"):
            local_runner._wait_for_steps(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", CODES)
def test_a_run_that_ends_in_every_stage_leaves_nothing_and_goes_on(tmp_path, number):
    """The steps are those of the whole flow; each run goes on with what the one before has done."""
    workdir, before = tmp_path / "run", processes()
    for place, step in enumerate(STEPS):
        run = start(workdir)
        said = reach(run, f"== {step}\n")
        for earlier in STEPS[1 : max(place - 1, 1)]:
            assert f"{earlier}: was done already" in said
        time.sleep(random.uniform(0, 2))
        run.send_signal(number)
        code, rest = stopped(run, before)
        assert code == CODES[number] or (step == STEPS[-1] and code in (0, 4)), (step, rest)
        assert "Traceback" not in rest, step
    done = codekiln("run", "align", "--workdir", str(workdir))
    assert done.returncode in (0, 4), done.stdout + done.stderr
