"""Events that a step records on its job, as ``kubectl describe`` finds and shows them."""

import dataclasses
import os
import signal

import pytest

from codekiln.errors import ClusterError, InputError
from codekiln.launch.cluster.api import ClusterApi, RequestRefused
from codekiln.launch.cluster.event_recorder import SIMILAR, EventRecorder
from codekiln.launch.cluster.job_kinds import JOB_KINDS
from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.objects.event import one_line
from codekiln.launch.objects.metadata import OWNER
from codekiln.launch.objects.trainjob import train_job
from tests.launch.fake_api import NAMESPACE
from tests.launch.steps import QUICK, complete, fail, request

KINDS = pytest.mark.parametrize("kind", ["trainjob", "pytorchjob"])
CREATE, PATCH = ("", "events", "create"), ("", "events", "patch")
NO_QUOTA = "couldn't assign flavors to pod set node: insufficient unused quota for nvidia.com/gpu, 2 more needed"


def reasons(api):
    return [(each["type"], each["reason"], each["count"]) for each in api.recorded()]


def said_of(api, reason):
    [found] = api.recorded(reason)
    return found["message"]


@KINDS
def test_a_job_that_waits_is_preempted_and_ends_has_an_event_of_each(api, said, kind):
    jobs = []

    def play(api):
        job = api.wait_job()
        jobs.append(job)
        api.event(job["kind"], job["metadata"]["name"], "Pending", NO_QUOTA)
        said.wait("2 more needed")
        api.suspend(job, False)
        pod = api.pod(job)
        said.wait("running on gpu-0")
        for times in (1, 2, 3):
            api.suspend(job, True)
            said.wait("preempted, waits", times=times)
            api.suspend(job, False)
            pod = api.pod(job)
            said.wait("running again on", times=times)
        complete(api, job, pod)

    api.script(play)
    # Long, so that no explanation of a preemption is read.
    run_on_pool(request({"api": kind, "queue": "gpu"}), said, dataclasses.replace(QUICK, repeat=0))
    found = [each for each in reasons(api) if each[:2] != ("Warning", "Preempted")]
    assert ("Normal", "Running", 1) in found
    assert ("Normal", "Running", 3) in found
    assert found[-1] == ("Normal", "Completed", 1)
    assert sum(each["count"] for each in api.recorded("Preempted")) >= 3
    assert any("2 more needed" in each["message"] for each in api.recorded("Queued"))
    # ``kubectl describe`` selects by these four.
    about = {(each["involvedObject"]["kind"], *(each["involvedObject"][key] for key in ("name", "namespace", "uid")))
             for each in api.recorded()}  # fmt: skip
    metadata = jobs[0]["metadata"]
    assert about == {(jobs[0]["kind"], metadata["name"], "kubeflow", metadata["uid"])}


@KINDS
def test_own_events_explain_nothing_to_the_step(api, said, kind):
    def play(api):
        job = api.wait_job()
        said.wait("queued")
        api.wait(lambda: api.recorded("Queued"))
        asked = api.count("list", "events")
        api.wait(lambda: api.count("list", "events") > asked + 3)
        api.suspend(job, False)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request({"api": kind, "queue": "gpu"}), said, dataclasses.replace(QUICK, repeat=0, reminder=0.05))
    assert said_of(api, "Queued") == "queued in LocalQueue 'gpu'"
    assert "Queued: " not in said
    assert api.recorded("Queued")[0]["count"] > 1
    assert api.count("create", "events") == len(api.recorded())


def test_a_job_that_is_given_up_says_so_with_the_fix(api, said):
    def play(api):
        api.pod(api.wait_job(), phase="Pending", waiting="ImagePullBackOff", message="no such image")

    api.script(play)
    with pytest.raises(ClusterError):
        run_on_pool(request(), said, dataclasses.replace(QUICK, blocked=0.1))
    assert [each[:2] for each in reasons(api)] == [
        ("Warning", "CannotStart"),
        ("Warning", "GivenUp"),
        ("Normal", "Deleted"),
    ]
    assert "no such image; given up after" in said_of(api, "GivenUp")
    assert "fix: correct gpuPools.a.image" in said_of(api, "GivenUp")
    assert not api.jobs()


def test_a_failure_says_reason_and_exit_code_and_nothing_of_the_log(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.log(pod, "password=hunter2")
        said.wait("hunter2")
        api.set_pod(pod, phase="Failed", code=137, reason="OOMKilled")
        fail(api, job)

    api.script(play)
    with pytest.raises(ClusterError, match="hunter2"):
        run_on_pool(request(), said, QUICK)
    assert "FailedJobs: some jobs have failed; pod sft" in said_of(api, "Failed")
    assert "exit code 137, OOMKilled" in said_of(api, "Failed")
    assert "hunter2" not in str(api.recorded())


def test_of_a_mistake_of_the_user_the_event_says_where_it_is_told(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.log(pod, "error: hunter2 is no learning rate")
        said.wait("hunter2")
        api.set_pod(pod, phase="Failed", code=2)
        fail(api, job)

    api.script(play)
    with pytest.raises(InputError, match="hunter2"):
        run_on_pool(request(), said, QUICK)
    assert said_of(api, "Failed").endswith("something that the user has to correct, as its log says")
    assert "exit code 2" in said_of(api, "Failed")
    assert "hunter2" not in str(api.recorded())


def test_a_signal_while_the_last_event_is_recorded_ends_the_step_as_ever_and_deletes_nothing(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.wait(lambda: api.recorded("Running"))
        held = api.hold("create", "events")
        complete(api, job, pod)
        held.wait()
        said.wait(": complete")
        os.kill(os.getpid(), signal.SIGTERM)
        held.release()

    api.script(play)
    with pytest.raises(SystemExit) as error:
        run_on_pool(request(), said, QUICK)
    assert error.value.code == 143
    assert api.count("delete", "trainjobs") == 0


def test_a_takeover_is_an_event_of_the_attempt_that_owns_the_job_now(api, said):
    job = train_job(request(), NAMESPACE)
    job["metadata"]["annotations"][OWNER] = "the attempt before"
    pod = api.pod(api.put(job))
    api.script(lambda api: (said.wait("running on"), complete(api, job, pod)))
    run_on_pool(request(), said, QUICK)
    assert reasons(api)[0] == ("Normal", "TakenOver", 1)


@KINDS
def test_a_role_without_events_is_said_once_and_changes_nothing_else(api, said, kind):
    api.denied = {CREATE, PATCH}

    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("events about this job cannot be recorded")
        api.remove(pod)
        said.wait("restarting")
        again = api.pod(job, suffix="again")
        said.wait("running again")
        complete(api, job, again)

    api.script(play)
    run_on_pool(request({"api": kind}), said, QUICK)
    assert said.count("cannot be recorded") == 1
    assert "`helm upgrade`" in next(line for line in said.lines if "cannot be recorded" in line)
    assert api.recorded() == []


@pytest.fixture
def recorder(api, said):
    made = EventRecorder(ClusterApi(forbidden_seconds=0.1), JOB_KINDS["trainjob"], said, QUICK)
    yield made
    made.close()


@pytest.fixture
def job(api):
    return api.put(train_job(request(), NAMESPACE))


def test_what_repeats_is_one_event_and_similar_ones_are_few(api, recorder, job):
    for number in range(SIMILAR + 5):
        recorder.record(job, "Warning", "Restarting", f"pod {number}")
        recorder.record(job, "Normal", "Queued", "queued")
    recorder.close()
    assert [each["count"] for each in api.recorded("Queued")] == [SIMILAR + 5]
    found = api.recorded("Restarting")
    assert [each["count"] for each in found] == [1] * (SIMILAR - 1) + [6]
    assert found[-1]["message"] == f"(combined from similar events): pod {SIMILAR + 4}"


def test_an_event_that_has_expired_is_recorded_anew(api, recorder, job):
    recorder.record(job, "Normal", "Queued", "queued")
    api.wait(lambda: api.recorded())
    api.remove(api.recorded()[0])
    recorder.record(job, "Normal", "Queued", "queued")
    recorder.close()
    assert reasons(api) == [("Normal", "Queued", 1)]


def test_an_event_whose_answer_is_lost_is_not_recorded_twice(api, recorder, job, said):
    api.fail("create", "events", 500, times=1, done=True)
    api.fail("create", "events", 0, times=1)
    recorder.record(job, "Normal", "Queued", "queued")
    recorder.record(job, "Normal", "Running", "running")
    api.wait(lambda: len(api.recorded()) == 2)
    recorder.close()
    assert reasons(api) == [("Normal", "Queued", 1), ("Normal", "Running", 1)]
    assert said.lines == []


def test_an_outage_delays_no_one_and_the_newest_events_follow(api, recorder, job):
    with api.outage():
        for number in range(200):
            recorder.record(job, "Normal", f"Reason{number}", "text")
    api.wait(lambda: api.recorded("Reason199"))
    assert len(api.recorded()) <= 101


def test_the_end_waits_for_no_api_server_that_does_not_answer(api, recorder, job):
    with api.outage():
        recorder.record(job, "Normal", "Queued", "queued")
        recorder.close()
        assert not recorder.is_alive()


def test_one_that_is_refused_does_not_stop_the_others(api, recorder, job, said):
    api.fail("create", "events", 422, message="scripted")
    recorder.record(job, "Normal", "Queued", "queued")
    recorder.record(job, "Normal", "Running", "running")
    recorder.close()
    assert reasons(api) == [("Normal", "Running", 1)]
    assert said.count("cannot be recorded") == 1


def test_a_message_is_one_line_within_the_limit():
    assert one_line("no queue\n  fix: make it\n") == "no queue fix: make it"
    for text in ("x" * 5000, "é" * 5000, "\U0001f600" * 5000):
        assert 1018 <= len(one_line(text).encode()) <= 1024
        assert one_line(text).endswith("...")
    assert one_line("x" * 1024) == "x" * 1024


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"name": "", "namespace": NAMESPACE}},
        {"involvedObject": {"kind": "TrainJob", "name": "x"}},
        {"involvedObject": {"kind": "TrainJob", "name": "x", "namespace": "default"}},
        {"count": "2"},
        {"lastTimestamp": "now"},
        {"regarding": {}},
        {"eventTime": "2026-11-29T20:00:00.000000Z"},  # without action
    ],
)
def test_the_api_server_refuses_what_a_real_one_refuses_or_drops(api, recorder, job, change):
    recorder.record(job, "Normal", "Queued", "queued")
    recorder.close()
    [good] = api.recorded()
    del good["metadata"]["uid"], good["metadata"]["resourceVersion"], good["metadata"]["creationTimestamp"]
    good["metadata"]["name"] += "1"
    with pytest.raises(RequestRefused):
        ClusterApi().create_event(good | change)
    ClusterApi().create_event(good)
