import dataclasses
import time

import pytest

from codekiln.errors import ClusterError
from codekiln.launch.cluster.forbidden import ForbiddenCalls
from codekiln.launch.cluster.pool_run import run_on_pool
from tests.launch.fake_api import SERVED
from tests.launch.steps import QUICK, complete, request

TROUBLE = {
    "a server error": lambda api: api.fail("watch", "trainjobs", 503, times=4),
    "dropped connections": lambda api: api.fail("watch", "trainjobs", 0, times=4),
    "too many requests": lambda api: api.fail("watch", "trainjobs", 429, times=2),
    "an expired version": lambda api: api.forget(),
    "an expired version as a status": lambda api: api.fail("watch", "trainjobs", 410),
    "streams that break": lambda api: None,
    "streams that break inside a line": lambda api: None,
    "lists that fail": lambda api: (api.forget(), api.fail("list", "trainjobs", 500, times=3)),
    "a moment without permission": lambda api: api.fail("watch", "trainjobs", 403, times=3),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_a_job_is_followed_through(api, said, what):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        TROUBLE[what](api)
        watches = api.count("watch", "trainjobs")
        api.break_streams(mid_line="inside" in what)
        api.wait(lambda: api.count("watch", "trainjobs") > watches and not any(fault.times for fault in api.faults))
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert said.count("running on") == 1
    assert api.count("delete", "trainjobs") == 0


def test_a_job_is_followed_through_a_restart_of_the_api_server(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        with api.outage():
            complete(api, job, pod)
            said.wait("no contact, no answer from the API server")
        said.wait("complete")

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert "the job keeps running" in said


def test_contact_that_comes_back_is_said(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        with api.outage():
            said.wait("no contact")
        said.wait("in contact again")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)


def test_a_token_that_is_replaced_is_read_anew(api, said):
    api.token = "first"

    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        api.write_kubeconfig("second")
        api.token = "second"
        watches = api.count("watch", "trainjobs")
        api.break_streams()
        api.wait(lambda: api.count("watch", "trainjobs") > watches)
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)


def test_a_watch_that_ends_as_it_should_is_followed_by_another(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.wait(lambda: api.count("watch", "trainjobs") >= 3)
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert api.count("list", "trainjobs") == 1


def test_contact_that_is_lost_for_good_ends_the_step_and_leaves_the_job(api, said):
    def play(api):
        api.pod(api.wait_job())
        said.wait("running on")
        api.down = True
        api.break_streams()

    api.script(play)
    with pytest.raises(ClusterError) as error:
        run_on_pool(request(), said, dataclasses.replace(QUICK, lost=0.4))
    assert "no contact with the API server" in str(error.value)
    assert "run the step again once the cluster answers; it finds the job" in str(error.value)
    assert len(api.jobs()) == 1
    assert api.count("delete", "trainjobs") == 0


def test_a_permission_that_is_taken_away_for_good_ends_the_step_and_the_job(api, said):
    def play(api):
        api.pod(api.wait_job())
        said.wait("running on")
        api.denied |= {("trainer.kubeflow.org", "trainjobs", verb) for verb in ("watch", "list", "get")}
        api.break_streams()

    api.script(play)
    with pytest.raises(ClusterError, match="can no longer be watched: .* is forbidden"):
        run_on_pool(request(), said, dataclasses.replace(QUICK, lost=0.4))
    assert api.jobs() == []


@pytest.mark.parametrize("status", [0, 500, 503, 429, 408])
def test_a_create_that_cannot_be_served_now_is_asked_again(api, said, status):
    api.fail("create", "trainjobs", status, times=3)

    def play(api):
        job = api.wait_job()
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert said.count("trying again") == 1


def test_an_api_server_that_never_answers_ends_the_step_before_there_is_a_job(api, said):
    with api.outage(), pytest.raises(ClusterError, match="run the step again once the cluster answers"):
        run_on_pool(request(), said, dataclasses.replace(QUICK, start=0.2))


def test_a_create_that_never_succeeds_leaves_nothing(api, said):
    api.fail("create", "trainjobs", 500, times=1000)
    with pytest.raises(ClusterError, match="scripted 500"):
        run_on_pool(request(), said, dataclasses.replace(QUICK, start=0.2))
    assert api.jobs() == []


@pytest.mark.parametrize(
    ("status", "message", "fix"),
    [
        (403, 'trainjobs is forbidden: User "s" cannot create resource "trainjobs" in API group', "Role 'codekiln'"),
        (403, 'trainjobs.trainer.kubeflow.org "sft" is forbidden: exceeded quota: jobs, requested: '
         "count/trainjobs.trainer.kubeflow.org=1, used: count/trainjobs.trainer.kubeflow.org=5, limited: "
         "count/trainjobs.trainer.kubeflow.org=5", "or raise the ResourceQuota of namespace kubeflow"),
        (403, 'admission webhook "validator.trainjob.trainer.kubeflow.org" denied the request: spec.RuntimeRef: '
         'Invalid value: TrainingRuntime.trainer.kubeflow.org "codekiln-a" not found: specified trainingRuntime must '
         "be created before the TrainJob is created", "release, which makes TrainingRuntime 'codekiln-a'"),
        (422, "spec.trainer: Invalid value", "correct gpuPools.a in"),
        (400, 'admission webhook "validator.trainjob" denied the request', "correct gpuPools.a in"),
    ],
)  # fmt: skip
def test_a_job_that_the_cluster_refuses_ends_the_step_with_the_reason_and_a_fix(api, said, status, message, fix):
    api.fail("create", "trainjobs", status, times=1000, message=message)
    with pytest.raises(ClusterError) as error:
        run_on_pool(request(), said, QUICK)
    assert message in str(error.value)
    assert fix in str(error.value)
    assert api.count("delete", "trainjobs") == 0


def test_a_cluster_without_the_controller_says_what_to_install(api, said):
    api.unserved |= {each for each in SERVED if each[2] == "trainjobs"}
    with pytest.raises(ClusterError, match="install the controller of TrainJob, or set api to 'pytorchjob'"):
        run_on_pool(request(), said, QUICK)


def test_an_invalid_job_is_refused_by_the_api_server(api, said):
    with pytest.raises(ClusterError, match="HTTP 422"):
        run_on_pool(request(name="Sft_1"), said, QUICK)


def test_no_cluster_at_all_is_said_with_what_to_do(tmp_path, monkeypatch, said):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    with pytest.raises(ClusterError, match="KUBECONFIG"):
        run_on_pool(request(), said, QUICK)


def test_a_watch_that_ends_in_an_error_of_our_own_ends_the_step_and_the_job(api, said, monkeypatch):
    def play(api):
        api.pod(api.wait_job())
        said.wait("running on")
        monkeypatch.setattr("codekiln.launch.cluster.informer.Informer._handle", lambda *_: {}["missing"])
        api.break_streams()
        api.pod(api.wait_job(), rank=1)

    api.script(play)
    with pytest.raises(KeyError):
        run_on_pool(request(), said, QUICK)
    assert api.jobs() == []


def test_an_api_server_that_has_just_started_forbids_nothing_for_good(api, said):
    pace = dataclasses.replace(QUICK, forbidden=60)
    api.start_again(0.25)

    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        api.start_again(0.25)
        asked = len(api.calls)
        api.wait(lambda: len(api.calls) > asked + 4)
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, pace)
    assert said.count("trying again for 60 s") == 1
    assert api.count("delete", "trainjobs") == 0


def test_a_create_that_contradicts_what_worked_before_is_asked_again(api, said):
    refused = 'trainjobs.trainer.kubeflow.org is forbidden: User "s" cannot create resource "trainjobs" in API group'
    api.fail("create", "trainjobs", 403, times=3, message=refused)

    def play(api):
        job = api.wait_job()
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, dataclasses.replace(QUICK, forbidden=60))
    assert api.count("create", "trainjobs") == 4


def test_a_job_that_has_to_be_deleted_is_deleted_by_a_server_that_has_just_started(api, said):
    pace = dataclasses.replace(QUICK, forbidden=60)

    def play(api):
        api.pod(api.wait_job(), phase="Pending", waiting="ErrImagePull")
        said.wait("cannot start")
        api.fail("delete", "trainjobs", 403, message='User "s" cannot delete resource "trainjobs" in API group')
        object.__setattr__(pace, "blocked", 0)

    api.script(play)
    with pytest.raises(ClusterError, match="given up"):
        run_on_pool(request(), said, pace)
    assert api.jobs() == []


def test_a_quota_that_refuses_is_asked_once(api, said):
    api.fail("create", "trainjobs", 403, message="exceeded quota: jobs")
    with pytest.raises(ClusterError, match="exceeded quota"):
        run_on_pool(request(), said, dataclasses.replace(QUICK, forbidden=60))
    assert api.count("create", "trainjobs") == 1


def test_what_stays_forbidden_is_final_after_a_time():
    calls = ForbiddenCalls(0.05)
    message = 'User "s" cannot get resource "pods"'
    assert not calls.is_final("GET", "/pods", message)
    time.sleep(0.06)
    assert calls.is_final("GET", "/pods", message)
    assert not calls.is_final("GET", "/events", message)
    calls.succeeded("GET", "/pods")
    assert not calls.is_final("GET", "/pods", message)
