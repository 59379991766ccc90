import signal

import pytest

from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.objects.trainjob import train_job
from tests.launch.fake_api import NAMESPACE
from tests.launch.steps import QUICK, Step, complete, request

SIGNALS = pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
QUEUED = {"queue": "gpu"}


def retried(api, said, job):
    """Run the step again; the job of the attempt before, if there is one, then ends well."""

    def play(api):
        job = api.wait_job()
        api.suspend(job, False)
        said.wait("created" if not api.pods_of(job) else "running")
        complete(api, job, *(api.pods_of(job) or [api.pod(job)]))

    api.script(play)
    run_on_pool(request(QUEUED), said, QUICK)
    assert (job is None) == ("continues from an earlier attempt" not in said)
    assert api.jobs()[0]["status"]["conditions"][-1]["type"] == "Complete"
    if job is not None:
        assert api.jobs()[0]["metadata"]["uid"] == job["metadata"]["uid"]


def ended(api, said, step, number, job):
    """Check what the end of a step has left, and that a retry makes good what is missing."""
    if number == signal.SIGTERM:
        assert step.end() == 143
        assert api.count("delete", "trainjobs") == (job is not None)
        assert api.jobs() == []
        job = None
    else:
        assert step.end() == -signal.SIGKILL
        assert api.count("delete", "trainjobs") == 0
    retried(api, said, job)


@SIGNALS
def test_a_step_that_ends_before_it_creates_the_job(api, said, number):
    held = api.hold("get", "trainjobs")
    step = Step(api, request(QUEUED))
    held.wait()
    step.kill(number)
    ended(api, said, step, number, None)
    held.release()


@SIGNALS
def test_a_step_that_ends_before_it_knows_that_the_job_is_created(api, said, number):
    held = api.hold("create", "trainjobs", done=True)
    step = Step(api, request(QUEUED))
    held.wait()
    (job,) = api.jobs()
    step.kill(number)
    held.release()
    ended(api, said, step, number, job)


def test_a_step_that_is_terminated_before_the_api_server_has_done_its_create_leaves_no_job(api):
    held = api.hold("create", "trainjobs")
    step = Step(api, request(QUEUED))
    held.wait()
    step.kill(signal.SIGTERM)
    held.release()
    assert step.end() == 143
    api.wait(lambda: api.count("delete", "trainjobs") == 1)
    assert api.jobs() == []
    assert [call[2] for call in api.calls if call[1] == "trainjobs"] == ["get", "create", "delete"]


@SIGNALS
def test_a_step_that_ends_while_its_job_is_queued(api, said, number):
    step = Step(api, request(QUEUED))
    job = api.wait_job()
    api.suspend(job, True)
    step.wait("queued in LocalQueue 'gpu'")
    step.kill(number)
    ended(api, said, step, number, job)


@SIGNALS
def test_a_step_that_ends_while_its_job_runs(api, said, number):
    step = Step(api, request(QUEUED))
    job = api.wait_job()
    api.suspend(job, False)
    pod = api.pod(job)
    api.log(pod, "step 1")
    step.wait("step 1")
    step.kill(number)
    ended(api, said, step, number, job)


@SIGNALS
def test_a_step_that_ends_while_it_adopts_a_job(api, said, number):
    job = api.put(train_job(request(QUEUED), NAMESPACE))
    held = api.hold("get", "trainjobs", done=True)
    step = Step(api, request(QUEUED))
    held.wait()
    step.kill(number)
    ended(api, said, step, number, job)
    held.release()


@SIGNALS
def test_a_step_that_ends_after_its_job_is_complete_leaves_it_to_the_retry(api, said, number):
    step = Step(api, request(QUEUED))
    job = api.wait_job()
    api.suspend(job, False)
    pod = api.pod(job)
    step.wait("running on")
    held = api.hold("list", "pods")
    complete(api, job, pod)
    held.wait()
    step.kill(number)
    assert step.end() == (143 if number == signal.SIGTERM else -signal.SIGKILL)
    held.release()
    assert api.count("delete", "trainjobs") == 0
    run_on_pool(request(QUEUED), said, QUICK)
    assert api.count("create", "trainjobs") == 1


def test_a_second_signal_changes_nothing(api):
    held = api.hold("delete", "trainjobs")
    step = Step(api, request(QUEUED))
    job = api.wait_job()
    api.suspend(job, False)
    api.pod(job)
    step.wait("running on")
    step.kill(signal.SIGTERM)
    held.wait()
    step.kill(signal.SIGINT)
    step.kill(signal.SIGTERM)
    held.release()
    assert step.end() == 143
    assert api.jobs() == []
    assert api.count("delete", "trainjobs") == 1
