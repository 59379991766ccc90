"""Jobs whose pods, or which themselves, the cluster refuses: what mends itself is waited for, what does not is not."""

import dataclasses
import time

import pytest

from codekiln.errors import ClusterError
from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.cluster.quota import never_fits
from tests.launch.fake_kueue import Kueue
from tests.launch.steps import QUICK, complete, request

KINDS = pytest.mark.parametrize("kind", ["trainjob", "pytorchjob"])
POD_SECURITY = (
    'Error creating: pods "{pod}" is forbidden: violates PodSecurity "restricted:latest": '
    'allowPrivilegeEscalation != false (container "node" must set securityContext.allowPrivilegeEscalation=false)'
)
QUOTA = (
    'Error creating: pods "{pod}" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu={asked}, '
    "used: requests.nvidia.com/gpu=4, limited: requests.nvidia.com/gpu=8"
)


def refuse(api, job, message, suffix, later=0):
    """Record what the Job controller or the v1 operator records when a pod is refused, with the pod's own new name."""
    name = job["metadata"]["name"]
    if job["kind"] == "TrainJob":
        pod = f"{name}-node-0-0-{suffix}"
        api.event("Job", f"{name}-node-0", "FailedCreate", message.replace("{pod}", pod), later=later)
    else:
        pod = f"{name}-master-0"
        api.event("PyTorchJob", name, "FailedCreatePod", message.replace("{pod}", pod), later=later)


@KINDS
@pytest.mark.parametrize("again", [False, True], ids=["from the start", "after a restart"])
def test_pods_that_pod_security_refuses_are_given_up(api, said, kind, again):
    pace = dataclasses.replace(QUICK, repeat=0)

    def play(api):
        job = api.wait_job()
        if again:
            pod = api.pod(job)
            said.wait("running on")
            api.remove(pod)
        for number in range(5):
            refuse(api, job, POD_SECURITY, f"abcd{number}", later=number + 1)
            said.wait("its pods cannot be created, FailedCreate")
            asked = api.count("list", "events")
            api.wait(lambda asked=asked: api.count("list", "events") >= asked + 2)
        object.__setattr__(pace, "blocked", 0)

    api.script(play)
    with pytest.raises(ClusterError) as error:
        run_on_pool(request({"api": kind}), said, pace)
    # However many names the pods have had.
    assert said.count("its pods cannot be created") == 1
    text = str(error.value)
    assert "given up after" in text
    assert 'violates PodSecurity "restricted:latest"' in text
    assert text.count("FailedCreate") == 2
    assert "label pod-security.kubernetes.io/enforce of namespace kubeflow; then run the step again" in text
    assert api.jobs() == []


@pytest.mark.parametrize(
    "message",
    [
        'Error creating: pods "{pod}" is forbidden: unable to validate against any security context constraint: []',
        'Error creating: pods "{pod}" is forbidden: error looking up service account kubeflow/codekiln-job: '
        'serviceaccount "codekiln-job" not found',
        'Error creating: admission webhook "policy.example.org" denied the request: image not signed',
        QUOTA.replace("{asked}", "16"),
    ],
)
def test_other_refusals_that_no_time_mends_are_given_up_too(api, said, message):
    pace = dataclasses.replace(QUICK)

    def play(api):
        refuse(api, api.wait_job(), message, "abcde")
        said.wait("its pods cannot be created")
        object.__setattr__(pace, "blocked", 0)

    api.script(play)
    with pytest.raises(ClusterError, match=r"(?s)given up after.*fix: "):
        run_on_pool(request(), said, pace)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (QUOTA.replace("{asked}", "8"), "waits for room in the namespace's ResourceQuota, FailedCreate"),
        ('Internal error occurred: failed calling webhook "x": connection refused', "no pods yet, FailedCreate"),
    ],
)
def test_what_others_may_mend_is_waited_for(api, said, message, says):
    pace = dataclasses.replace(QUICK, blocked=0, reminder=0.1)

    def play(api):
        job = api.wait_job()
        refuse(api, job, message, "abcde")
        said.wait(says)
        said.wait(" minutes)")
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, pace)


def test_one_node_of_two_without_room_in_the_quota_says_so(api, said):
    def play(api):
        job = api.wait_job()
        pods = [api.pod(job)]
        said.wait("starting, 1 of 2 pods run")
        refuse(api, job, QUOTA.replace("{asked}", "8"), "abcde", later=1)
        said.wait("waits for room in the namespace's ResourceQuota")
        pods.append(api.pod(job, rank=1))
        said.wait("running on gpu-0, gpu-1")
        complete(api, job, *pods)

    api.script(play)
    run_on_pool(request({"nodes": 2}), said, QUICK)


def test_a_refusal_that_is_over_explains_no_later_restart(api, said):
    def play(api):
        job = api.wait_job()
        refuse(api, job, POD_SECURITY, "abcde", later=-1)
        pod = api.pod(job)
        said.wait("running on")
        api.remove(pod)
        said.wait("restarting, its pods are gone")
        asked = api.count("list", "events")
        api.wait(lambda: api.count("list", "events") >= asked + 2)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert "cannot be created" not in said


def test_a_warning_about_the_service_of_a_job_explains_no_missing_pods(api, said):
    def play(api):
        job = api.wait_job()
        # A JobSet has a headless Service of its own name.
        api.event("Endpoints", job["metadata"]["name"], "FailedToUpdateEndpoint", "the object has been modified")
        asked = api.count("list", "events")
        api.wait(lambda: api.count("list", "events") >= asked + 2)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert "FailedToUpdateEndpoint" not in said


@KINDS
@pytest.mark.parametrize(
    ("version", "words"),
    [("v1beta1", "doesn't exist"), ("v1beta2", "doesn't exist"), ("v1beta2", "is terminating or missing")],
)
def test_a_queue_that_was_removed_is_named_and_given_up(api, said, kind, version, words):
    pace = dataclasses.replace(QUICK)
    if version == "v1beta1":
        api.unserved.add(("kueue.x-k8s.io", "v1beta2", "workloads"))

    def play(api):
        Kueue(api, version).lose_queue(api.wait_job(), "gpu", words)
        said.wait(f"queued in LocalQueue 'gpu', Inadmissible: LocalQueue gpu {words}")
        object.__setattr__(pace, "blocked", 0)

    api.script(play)
    with pytest.raises(ClusterError, match=r"(?s)given up after.*fix: create the queue again, or correct gpuPools\.a"):
        run_on_pool(request({"api": kind, "queue": "gpu"}), said, pace)


def test_a_queue_that_comes_back_is_waited_for(api, said):
    def play(api):
        job, kueue = api.wait_job(), Kueue(api)
        kueue.lose_queue(job, "gpu")
        said.wait("doesn't exist")
        kueue.wait_for_quota(job, "insufficient unused quota")
        said.wait("queued in LocalQueue 'gpu', Pending: insufficient unused quota")
        kueue.admit(job)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request({"queue": "gpu"}), said, QUICK)


def test_the_reason_to_wait_is_said_as_soon_as_it_is_known(api, said):
    def play(api):
        job, kueue = api.wait_job(), Kueue(api)
        said.wait("queued in LocalQueue 'gpu'")
        kueue.wait_for_quota(job, "insufficient unused quota")
        said.wait("queued in LocalQueue 'gpu', Pending: insufficient unused quota")
        kueue.wait_for_quota(job, "another reason")
        asked = api.count("list", "workloads")
        api.wait(lambda: api.count("list", "workloads") >= asked + 3)
        kueue.admit(job)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request({"queue": "gpu"}), said, dataclasses.replace(QUICK, repeat=600))
    assert "another reason" not in said


def test_that_kueue_admits_a_job_is_no_reason_to_wait(api, said):
    def play(api):
        job = api.wait_job()
        for reason in ("QuotaReserved", "Admitted"):
            api.event("Workload", f"trainjob-{job['metadata']['name']}-0a1b2", reason, "wait time 0s", type="Normal")
        asked = api.count("list", "events")
        api.wait(lambda: api.count("list", "events") >= asked + 4)
        api.suspend(job, False)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request({"queue": "gpu"}), said, QUICK)
    assert "wait time" not in said


def test_workloads_that_may_not_be_read_leave_the_events(api, said):
    api.denied.add(("kueue.x-k8s.io", "workloads", "list"))

    def play(api):
        job = api.wait_job()
        api.event("Workload", f"trainjob-{job['metadata']['name']}-0a1b2", "Pending", "insufficient quota")
        said.wait("queued in LocalQueue 'gpu', Pending: insufficient quota")
        api.suspend(job, False)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request({"queue": "gpu"}), said, QUICK)


@pytest.mark.parametrize(
    ("requested", "limited", "never"),
    [
        ("count/jobs=1", "count/jobs=5", False),
        ("requests.memory=2Ti,requests.cpu=1", "requests.memory=1500Gi,requests.cpu=4", True),
        ("requests.cpu=900m", "requests.cpu=1", False),
    ],
)
def test_what_never_fits_is_told_from_what_does_not_fit_now(requested, limited, never):
    assert never_fits(f"exceeded quota: q, requested: {requested}, used: {limited}, limited: {limited}") is never


def test_a_healthy_run_is_not_said_to_run_again(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        # Several looks at it: a look comes every ``QUICK.poll`` seconds.
        time.sleep(10 * QUICK.poll)
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, dataclasses.replace(QUICK, repeat=0))
    assert said.count("running on") == 1
    assert "running again" not in said
