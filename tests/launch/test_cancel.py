import contextlib
import dataclasses
import errno
import signal
import threading

import pytest

from codekiln.launch.cluster.cancellation import Cancelled, cancellable
from codekiln.launch.cluster.pool_run import run_on_pool
from tests.launch.fake_objects import PATIENCE
from tests.launch.steps import QUICK, complete, request

pytestmark = pytest.mark.usefixtures("hangups")
NUMBERS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


def interrupted(api, said, number):
    """Send this process a signal as soon as the job runs."""

    def play(api):
        api.pod(api.wait_job())
        said.wait("running on")
        signal.pthread_kill(threading.main_thread().ident, number)

    api.script(play)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", ["trainjob", "pytorchjob"])
def test_a_signal_deletes_the_job_in_one_call_and_ends_the_step_with_its_code(api, said, kind, number):
    interrupted(api, said, number)
    before = [signal.getsignal(each) for each in NUMBERS]
    with pytest.raises(SystemExit) as error:
        run_on_pool(request({"api": kind}), said, QUICK)
    assert error.value.code == 128 + number
    added = [each for _, _, change, each in api.history if change == "ADDED"]
    [created] = [each for each in added if each["kind"] not in ("Pod", "Event")]
    unchanged = {field: created["metadata"][field] for field in ("uid", "resourceVersion")}
    [deletion] = [body for verb, _, _, body in api.requests if verb == "delete"]
    assert deletion == {"propagationPolicy": "Background", "preconditions": unchanged}
    assert api.jobs() == []
    assert [signal.getsignal(each) for each in NUMBERS] == before


@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, "no reader"), OSError(errno.EIO, "no terminal")])
def test_a_step_whose_output_nobody_reads_ends_its_job(api, error):
    said = []

    def play(api):
        api.pod(api.wait_job())

    def say(line):
        said.append(line)
        if len(said) > 1:
            raise error

    api.script(play)
    api.fail("delete", "trainjobs", 503, times=2)
    with pytest.raises(SystemExit) as ended:
        run_on_pool(request(), say, QUICK)
    assert ended.value.code == 128 + signal.SIGPIPE
    assert api.jobs() == []


def test_a_step_that_nohup_started_survives_its_terminal():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cancellable() as guard:
            signal.raise_signal(signal.SIGHUP)
        assert not guard.requested
    finally:
        signal.signal(signal.SIGHUP, before)


def all_at_once():
    signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
    for number in NUMBERS:
        signal.raise_signal(number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)


def test_signals_that_arrive_at_once_cancel_once():
    with cancellable() as guard:
        with pytest.raises(Cancelled):
            all_at_once()
        all_at_once()
    assert guard.number in NUMBERS


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, OSError, SystemExit])
def test_whatever_ends_the_step_ends_its_job(api, said, error):
    def play(api):
        api.pod(api.wait_job())

    def say(line):
        said(line)
        if "running on" in line:
            raise error

    api.script(play)
    with pytest.raises(error):
        run_on_pool(request(), say, QUICK)
    assert api.jobs() == []
    assert api.count("delete", "trainjobs") == 1


def test_a_delete_that_does_not_succeed_says_what_to_do(api, said):
    interrupted(api, said, signal.SIGTERM)
    api.fail("delete", "trainjobs", 500, times=1000)
    with pytest.raises(SystemExit):
        run_on_pool(request(), said, dataclasses.replace(QUICK, cleanup=0.2))
    assert "could not delete TrainJob" in said
    assert "fix: kubectl -n kubeflow delete trainjob sft-0a1b2c3d4e" in said


def test_a_delete_that_cannot_be_served_now_is_asked_again(api, said):
    interrupted(api, said, signal.SIGTERM)
    api.fail("delete", "trainjobs", 503, times=2)
    with pytest.raises(SystemExit):
        run_on_pool(request(), said, QUICK)
    assert api.jobs() == []
    assert "deleted TrainJob sft-0a1b2c3d4e, because this step ends before it" in said


def test_a_step_in_another_thread_runs_without_handlers(api, said):
    before = signal.getsignal(signal.SIGTERM)

    def play(api):
        job = api.wait_job()
        assert signal.getsignal(signal.SIGTERM) == before
        complete(api, job, api.pod(job))

    api.script(play)
    thread = threading.Thread(target=run_on_pool, args=(request(), said, QUICK))
    thread.start()
    thread.join(PATIENCE)
    assert said.lines[-1].endswith("complete")


def shielded(after):
    with cancellable() as guard, guard.shield():
        signal.raise_signal(signal.SIGTERM)
        after()


def test_a_signal_waits_for_the_end_of_a_call_that_must_not_be_cut():
    done = []
    with pytest.raises(Cancelled):
        shielded(lambda: done.append("the call"))
    assert done == ["the call"]


def test_a_signal_wins_over_the_error_of_a_call_that_must_not_be_cut():
    with pytest.raises(Cancelled):
        shielded(lambda: {}["missing"])


def test_a_signal_that_was_swallowed_is_found_at_the_next_look():
    with cancellable() as guard:
        with contextlib.suppress(Cancelled):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Cancelled):
            guard.check()
