import dataclasses
import time

import pytest

from codekiln.launch.cluster.logs import LogCursor
from codekiln.launch.cluster.pool_run import run_on_pool
from tests.launch.steps import QUICK, complete, request


def lines(said):
    return [line for line in said.lines if line.startswith("line")]


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("mid_line", [False, True])
def test_a_log_that_breaks_off_again_and_again_loses_and_repeats_nothing(api, said, mid_line, clean):
    written = [f"line {number}" for number in range(60)]

    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        for number, text in enumerate(written):
            api.log(pod, text)
            if number % 7 == 0:
                api.break_streams(mid_line, clean)
            time.sleep(0.002)
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert lines(said) == written


def test_lines_with_the_same_timestamp_are_told_apart(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.log(pod, "line 1", "line 1", stamp="2026-11-21T10:00:00.123456789Z")
        said.wait("line 1", times=2)
        api.break_streams()
        api.log(pod, "line 1", "line 2", stamp="2026-11-21T10:00:00.123456789Z")
        said.wait("line 2")
        api.break_streams()
        # Slightly out of order, as standard output and standard error can be.
        api.log(pod, "line 3", stamp="2026-11-21T10:00:00.9Z")
        api.log(pod, "line 4", stamp="2026-11-21T10:00:00.8Z")
        said.wait("line 4")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert lines(said) == ["line 1", "line 1", "line 1", "line 2", "line 3", "line 4"]


def test_only_the_rest_of_a_log_is_asked_for(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.log(pod, "line 1", stamp="2026-11-21T12:00:05.5+02:00")
        said.wait("line 1")
        api.break_streams()
        api.log(pod, "line 2", stamp="2026-11-21T12:00:06.5+02:00")
        said.wait("line 2")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    queries = [query for _, path, query, _ in api.requests if path.endswith("/log")]
    assert all(query["timestamps"] == "true" and query["container"] == "node" for query in queries)
    assert "sinceTime" not in queries[0]
    assert queries[1]["sinceTime"] == "2026-11-21T10:00:04Z"


def test_the_log_goes_on_with_the_pod_after_a_restart(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job, suffix="a")
        api.log(pod, "line 1")
        said.wait("line 1")
        with api.lock:
            api.log(pod, "line 2")
            api.set_pod(pod, phase="Failed", code=137)
        again = api.pod(job, suffix="b", phase="Pending")
        said.wait("line 2")
        api.remove(pod)
        api.set_pod(again)
        api.log(again, "line 3")
        said.wait("line 3")
        complete(api, job, again)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert lines(said) == ["line 1", "line 2", "line 3"]


@pytest.mark.parametrize("stamp", ["", "2026-11-21T10:00:00Z"], ids=["now", "a clock that is behind"])
def test_a_pod_that_keeps_its_name_over_a_restart_is_told_from_the_one_before(api, said, stamp):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.log(pod, "line 1")
        said.wait("line 1")
        with api.lock:
            api.remove(pod)
            again = api.pod(job)
            assert again["metadata"]["name"] == pod["metadata"]["name"]
            api.log(again, "line 2", "line 3", stamp=stamp)
        said.wait("line 3")
        complete(api, job, again)

    api.script(play)
    run_on_pool(request({"api": "pytorchjob"}), said, QUICK)
    assert lines(said) == ["line 1", "line 2", "line 3"]


def test_only_rank_0_is_logged(api, said):
    def play(api):
        job = api.wait_job()
        first, second = api.pod(job), api.pod(job, rank=1)
        api.log(second, "line of rank 1")
        api.log(first, "line of rank 0")
        complete(api, job, first, second)

    api.script(play)
    run_on_pool(request({"nodes": 2}), said, QUICK)
    assert lines(said) == ["line of rank 0"]


@pytest.mark.parametrize("status", [0, 400, 403, 404, 500])
def test_a_log_that_cannot_be_read_for_a_while_does_not_end_the_step(api, said, status):
    def play(api):
        job = api.wait_job()
        api.fail("get", "pods/log", status, times=3 if status != 404 else 0)
        pod = api.pod(job)
        api.log(pod, "line 1")
        said.wait("line 1")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert lines(said) == ["line 1"]


def test_a_log_that_can_never_be_read_does_not_hold_up_the_end(api, said):
    api.denied.add(("", "pods/log", "get"))

    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        complete(api, job, pod)

    api.script(play)
    started = time.monotonic()
    run_on_pool(request(), said, dataclasses.replace(QUICK, drain=0.2, forbidden=0))
    assert time.monotonic() - started < QUICK.drain
    assert "the log of rank 0 cannot be read" in said


def test_a_silent_log_is_asked_for_anew(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.log(pod, "line 1")
        api.wait(lambda: api.count("get", "pods/log") >= 3)
        api.log(pod, "line 2")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, dataclasses.replace(QUICK, log_silence=0.1))
    assert lines(said) == ["line 1", "line 2"]


def test_a_cursor_keeps_only_what_a_new_connection_can_repeat():
    cursor = LogCursor()
    assert all(cursor.is_new(f"2026-11-21T10:{number // 60:02}:{number % 60:02}Z") for number in range(600))
    assert cursor.reconnect() == {"sinceTime": "2026-11-21T10:09:58Z"}
    assert len(cursor._read) == 2
