"""What a job's pods report in its status, in the log of the step: only where the job's own log does not say it."""

import dataclasses
import time

import pytest

from codekiln.launch.cluster.logs import LogCursor, LogFollower
from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.cluster.trainer_progress import trainer_progress
from tests.launch.steps import QUICK, complete, request

STATUS = {"progressPercentage": 43, "estimatedRemainingSeconds": 1200, "lastUpdatedTime": "2026-11-29T20:15:00Z"}
TEXT = "43 % done, about 20 minutes left at 2026-11-29T20:15:00Z"


def report(api, job):
    api.update(job, lambda stored: stored.setdefault("status", {}).update(trainerStatus=STATUS))


def test_a_reminder_of_a_job_that_waits_again_says_how_far_it_was(api, said):
    def play(api):
        job = api.wait_job()
        said.wait("queued in LocalQueue 'gpu' (for 0 minutes)")
        api.suspend(job, False)
        pod = api.pod(job)
        said.wait("running on")
        report(api, job)
        api.suspend(job, True)
        said.wait(f"preempted, waits in LocalQueue 'gpu' (for 0 minutes; {TEXT})")
        api.suspend(job, False)
        pod = api.pod(job)
        said.wait("running again on")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request({"queue": "gpu"}), said, dataclasses.replace(QUICK, reminder=0.1))


def test_the_status_of_a_running_job_is_said_only_while_its_log_is_silent(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        report(api, job)
        said.wait(f"running on gpu-0 (for 0 minutes; {TEXT})", times=2)
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, dataclasses.replace(QUICK, reminder=0.1))


@pytest.mark.parametrize("silent", [0.0, 100.0])
def test_a_job_whose_log_goes_on_or_that_reports_nothing_gets_no_such_line(api, said, monkeypatch, silent):
    monkeypatch.setattr(LogFollower, "silent_seconds", silent)

    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        if not silent:
            report(api, job)
        end = time.monotonic() + 0.3
        api.wait(lambda: time.monotonic() > end)
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, dataclasses.replace(QUICK, reminder=0.05))
    assert "% done" not in said
    assert said.count("running on") == 1


def test_a_line_of_the_log_ends_its_silence(said):
    follower = LogFollower(None, None, None, said, QUICK)
    follower._last_line -= 700
    assert follower.silent_seconds > 699
    follower._emit("2026-11-29T20:15:00.123Z step 1", LogCursor())
    assert follower.silent_seconds < 60


def test_words_for_a_status():
    def words(**status):
        return trainer_progress({"status": {"trainerStatus": status}})

    assert words(progressPercentage=0) == "0 % done"
    assert words(progressPercentage=99, estimatedRemainingSeconds=0) == "99 % done"
    assert words(progressPercentage=5, estimatedRemainingSeconds=90) == "5 % done, about 90 s left"
    assert words(progressPercentage=5, estimatedRemainingSeconds=9000) == "5 % done, about 2.5 hours left"
    assert words(metrics=[]) == trainer_progress({}) == trainer_progress({"status": {"trainerStatus": None}}) == ""
