"""A job on a pool: seconds by state, and notifications of long waits."""

import dataclasses

from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.cluster.status import JobState
from codekiln.launch.observer import JobObserver
from codekiln.launch.pools import Pool
from codekiln.stages.monitoring import sinks
from codekiln.stages.monitoring.context import step_context
from codekiln.stages.monitoring.job_observer import job_observer
from codekiln.stages.monitoring.job_watch import JobWatch
from tests.launch.conftest import api, said  # noqa: F401
from tests.launch.steps import QUICK, complete, request

QUEUED, BLOCKED = JobState("queued", "queued in LocalQueue 'gpu'"), JobState("blocked", "no image")
RUNNING, STARTING = JobState("running", "running on gpu-0"), JobState("starting", "starting, 0 of 1")
PREEMPTED, RESTARTING = JobState("preempted", "preempted"), JobState("restarting", "restarting")


class Watched:
    """A watch whose clock a test moves."""

    def __init__(self, run, patience=1800.0):
        self.now = 0.0
        self.watch = JobWatch(step_context("sft", run / "check"), sinks.sinks(), patience, clock=lambda: self.now)
        self.watch.started("sft-0a", Pool(image="i", nodes=2, accelerators=4), "h200")

    def see(self, *states, seconds=0.0):
        for state in states:
            self.watch.seen(state)
            self.now += seconds


def test_seconds_are_counted_by_state_and_accelerators_only_while_it_runs(run, gateway):
    it = Watched(run)
    it.see(QUEUED, seconds=100)
    it.see(STARTING, seconds=5)
    it.see(RUNNING, seconds=60)
    it.see(PREEMPTED, seconds=30)
    it.see(RUNNING, RESTARTING, RUNNING, seconds=10)
    it.watch.ended()
    assert gateway.samples("codekiln_job_accelerators") == {(): 8}
    assert gateway.samples("codekiln_job_running_seconds_total") == {(): 80}
    assert gateway.samples("codekiln_job_accelerator_seconds_total") == {(): 640}
    waited = gateway.samples("codekiln_job_waiting_seconds_total")
    assert {reason: value for (reason,), value in waited.items() if value} == {
        "queued": 100, "starting": 5, "preempted": 30, "restarting": 10,
    }  # fmt: skip
    assert gateway.samples("codekiln_job_preemptions_total") == {(): 1}
    assert gateway.samples("codekiln_job_restarts_total") == {(): 1}
    assert not any(gateway.samples("codekiln_job_state").values())


def test_counters_begin_at_0_with_each_job_and_are_pushed_now_and_then(run, gateway):
    it = Watched(run)
    it.see(QUEUED)
    it.see(*[RUNNING] * 100, seconds=2)
    it.watch.outbox.close()
    assert gateway.samples("codekiln_job_state")["running",] == 1
    # At the start, at both changes, and every 30 of 200 seconds.
    assert gateway.pushes == 3 + 6
    it.watch.started("sft-0b", Pool(image="i"), "h200")
    it.watch.outbox.close()
    assert gateway.samples("codekiln_job_running_seconds_total") == {(): 0}


def test_a_long_wait_is_told_once_again_when_it_is_another_and_when_it_is_over(run, hook):
    it = Watched(run)
    it.see(*[QUEUED] * 40, seconds=60)
    it.see(*[BLOCKED] * 40, seconds=60)
    it.see(STARTING, RUNNING, RUNNING, seconds=1)
    it.see(*[PREEMPTED] * 31, seconds=60)
    it.see(RUNNING)
    it.watch.ended()
    told = [
        (event["type"].rpartition(".")[2], event["data"]["state"], event["data"]["waited_seconds"])
        for event in hook.events
    ]
    assert told == [
        ("waiting", "queued", 1800), ("waiting", "blocked", 4200), ("running", "running", 4801),
        ("waiting", "preempted", 1800), ("running", "running", 1860),
    ]  # fmt: skip
    assert len({event["id"] for event in hook.events}) == 5
    data = hook.events[0]["data"]
    assert (data["job"], data["pool"], data["stage"]) == ("sft-0a", "h200", "sft")
    assert data["reason"] == "queued in LocalQueue 'gpu'"


def test_states_that_alternate_are_one_wait(run, hook):
    it = Watched(run)
    for _ in range(100):
        it.see(STARTING, BLOCKED, seconds=30)
    it.watch.ended()
    assert len(hook.bodies) == 1


def test_a_short_wait_is_not_told(run, hook):
    it = Watched(run)
    it.see(QUEUED, seconds=1799)
    it.see(RUNNING, RESTARTING, seconds=9000)
    it.watch.ended()
    assert not hook.bodies


def test_a_job_on_a_pool_is_watched_through_a_queue(api, said, run, gateway, hook):  # noqa: F811
    def play(api):
        job = api.wait_job()
        api.suspend(job, True)
        said.wait("queued in LocalQueue 'gpu'")
        said.wait(" minutes)")
        api.suspend(job, False)
        pod = api.pod(job)
        said.wait("running on")
        complete(api, job, pod)

    watch = JobWatch(step_context("sft", run / "check"), sinks.sinks(), 0.001)
    made = request({"queue": "gpu"}, observer=watch)
    watch.started(made.name, made.pool, "a")
    api.script(play)
    run_on_pool(made, said, dataclasses.replace(QUICK, reminder=0.05))
    watch.ended()
    assert gateway.samples("codekiln_job_running_seconds_total")[()] > 0
    assert gateway.samples("codekiln_job_waiting_seconds_total")["queued",] > 0
    assert [event["data"]["state"] for event in hook.events][-1] == "running"


def test_nobody_watches_where_nobody_is_told(run, monkeypatch):
    assert type(job_observer("sft", run / "check", 60)) is JobObserver
    monkeypatch.setenv("CODEKILN_NOTIFY_URL", "http://a")
    watch = job_observer("sft", run / "check", 60)
    assert isinstance(watch, JobWatch)
    assert (watch.patience, watch.sinks) == (60, [])
