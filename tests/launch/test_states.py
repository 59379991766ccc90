import dataclasses

import pytest

from codekiln.errors import ClusterError, InputError
from codekiln.launch.cluster.pool_run import run_on_pool
from tests.launch.steps import QUICK, complete, fail, request

KINDS = pytest.mark.parametrize("kind", ["trainjob", "pytorchjob"])


def told(said, *texts):
    """Return whether the states were said in this order, each once."""
    places = [[n for n, line in enumerate(said.lines) if text in line] for text in texts]
    assert all(len(each) == 1 for each in places), said.lines
    assert places == sorted(places), said.lines
    return True


@KINDS
def test_a_job_is_created_run_and_completed_and_its_log_arrives(api, said, kind):
    def play(api):
        job = api.wait_job()
        said.wait("created, no pods yet")
        pod = api.pod(job, phase="Pending")
        said.wait("starting, 0 of 1 pods run")
        api.set_pod(pod)
        api.log(pod, "step 1", "step 2")
        said.wait("running on gpu-0")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request({"api": kind}), said, QUICK)
    assert told(
        said, ": created in namespace kubeflow on pool 'a'", "no pods yet", "starting", "running on", "complete"
    )
    assert [line for line in said.lines if line.startswith("step")] == ["step 1", "step 2"]
    assert api.count("delete", f"{kind}s") == 0


def test_two_nodes_run_when_both_run(api, said):
    def play(api):
        job = api.wait_job()
        first, second = api.pod(job), api.pod(job, rank=1, phase="Pending")
        said.wait("starting, 1 of 2 pods run")
        api.set_pod(second)
        said.wait("running on gpu-0, gpu-1")
        complete(api, job, first, second)

    api.script(play)
    run_on_pool(request({"nodes": 2}), said, QUICK)


@KINDS
def test_a_job_queues_for_as_long_as_kueue_lets_it_and_says_why(api, said, kind):
    def play(api):
        job = api.wait_job()
        api.suspend(job, True)
        name = job["metadata"]["name"]
        said.wait("queued in LocalQueue 'gpu'")
        api.event("Workload", f"{kind}-{name}-0a1b2", "Pending", "insufficient unused quota for nvidia.com/gpu")
        said.wait("queued in LocalQueue 'gpu', Pending: insufficient unused quota for nvidia.com/gpu")
        api.event("Workload", f"{kind}-someone-else-0a1b2", "Pending", "another reason")
        said.wait(" minutes)", times=2)
        api.suspend(job, False)
        pod = api.pod(job)
        said.wait("running on")
        complete(api, job, pod)

    api.script(play)
    # Limits far shorter than the queue show that none of them ends it.
    timeouts = dataclasses.replace(QUICK, reminder=0.15, blocked=0.1, lost=1, start=0.1)
    run_on_pool(request({"api": kind, "queue": "gpu"}), said, timeouts)
    assert said.count("queued in LocalQueue 'gpu', Pending: insufficient") >= 3
    assert "another reason" not in said


@KINDS
@pytest.mark.parametrize("kueue", [True, False])
def test_a_job_that_kueue_does_not_manage_says_what_to_enable(api, said, kind, kueue):
    api.kueue = kueue

    def play(api):
        job = api.wait_job()
        api.suspend(job, False)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request({"api": kind, "queue": "gpu"}), said, QUICK)
    framework = {"trainjob": "trainer.kubeflow.org/trainjob", "pytorchjob": "kubeflow.org/pytorchjob"}[kind]
    assert said.count(f"enable '{framework}'") == said.count("outside the quota of LocalQueue 'gpu'") == (not kueue)


@KINDS
def test_a_preempted_job_is_queued_again_and_resumes(api, said, kind):
    def play(api):
        job = api.wait_job()
        api.suspend(job, True)
        said.wait("queued")
        api.suspend(job, False)
        pod = api.pod(job, suffix="first")
        api.log(pod, "step 1")
        said.wait("running on")
        said.wait("step 1")
        api.event(job["kind"], job["metadata"]["name"], "Stopped", "Preempted to accommodate a workload")
        api.suspend(job, True)
        said.wait("preempted, waits in LocalQueue 'gpu', Stopped: Preempted to accommodate")
        api.suspend(job, False)
        again = api.pod(job, suffix="second")
        api.log(again, "resumed at step 1", "step 2")
        said.wait("running again on")
        complete(api, job, again)

    api.script(play)
    run_on_pool(request({"api": kind, "queue": "gpu"}), said, QUICK)
    assert told(said, "queued", "running on", "preempted", "running again", "complete")
    assert [line for line in said.lines if "step" in line and "sft" not in line] == [
        "step 1",
        "resumed at step 1",
        "step 2",
    ]


def test_a_pod_without_a_node_says_what_the_scheduler_says(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job, phase="Pending", unschedulable="0/5 nodes are available: 5 Insufficient nvidia.com/gpu.")
        said.wait("waits for a node, 0/5 nodes are available: 5 Insufficient nvidia.com/gpu.")
        api.set_pod(pod)
        said.wait("running on")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)


def test_a_job_whose_pods_cannot_be_created_says_why(api, said):
    def play(api):
        job = api.wait_job()
        said.wait("created, no pods yet")
        name = f"{job['metadata']['name']}-node-0"
        api.event("Job", name, "FailedCreate", "violates PodSecurity restricted")
        said.wait("created, no pods yet, FailedCreate: violates PodSecurity restricted")
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)


@pytest.mark.parametrize(
    "reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"]
)
def test_what_keeps_a_pod_from_starting_is_said_at_once_and_may_be_mended(api, said, reason):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job, phase="Pending", waiting=reason, message="no such thing")
        said.wait(f"cannot start, {reason}: no such thing")
        api.set_pod(pod)
        said.wait("running on")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)


def test_an_image_that_never_comes_ends_the_step_and_deletes_the_job(api, said):
    def play(api):
        pod = api.pod(api.wait_job(), phase="Pending", waiting="ErrImagePull", message="not found")
        said.wait("cannot start")
        api.event("Pod", pod["metadata"]["name"], "Failed", "Failed to pull image codekiln/train:1")
        api.set_pod(pod, phase="Pending", waiting="ImagePullBackOff", message="not found")
        said.wait("cannot start, ImagePullBackOff")
        # Only now may the limit pass, or a slow script would come too late.
        object.__setattr__(pace, "blocked", 0)

    api.script(play)
    pace = dataclasses.replace(QUICK)
    with pytest.raises(ClusterError) as error:
        run_on_pool(request(), said, pace)
    assert "ImagePullBackOff: not found; given up after" in str(error.value)
    assert "Failed to pull image codekiln/train:1" in str(error.value)
    assert "fix: correct gpuPools.a.image" in str(error.value)
    # The step has deleted the job: there is nothing to describe and no log to read.
    assert [line.split()[3] for line in str(error.value).splitlines() if "kubectl -n" in line] == ["get"]
    assert api.jobs() == []
    assert api.count("delete", "trainjobs") == 1


@KINDS
def test_a_restart_says_how_the_pod_ended_and_goes_on(api, said, kind):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job, suffix="a")
        said.wait("running on")
        api.set_pod(pod, phase="Failed", code=137, reason="OOMKilled")
        said.wait(f"restarting unless no attempt is left, pod {pod['metadata']['name']}: exit code 137, OOMKilled")
        api.remove(pod)
        again = api.pod(job, suffix="b")
        said.wait("running again on")
        complete(api, job, again)

    api.script(play)
    run_on_pool(request({"api": kind}), said, QUICK)


def test_a_mistake_of_the_user_is_not_called_a_restart(api, said):
    def play(api):
        job = api.wait_job()
        api.pod(job, phase="Failed", code=2)
        said.wait("fails, pod")
        fail(api, job)

    api.script(play)
    with pytest.raises(InputError):
        run_on_pool(request(), said, QUICK)
    assert "restarting" not in said


def test_pods_that_vanish_are_a_restart(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        api.remove(pod)
        said.wait("restarting, its pods are gone")
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)


@pytest.mark.parametrize(
    ("kind", "reason", "message"),
    [
        ("trainjob", "DeadlineExceeded", "TrainJob exceeded its active deadline"),
        ("pytorchjob", "PyTorchJobFailed", "failed because it was active longer than specified deadline"),
    ],
)
def test_a_job_that_exceeds_its_deadline_says_which(api, said, kind, reason, message):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        api.remove(pod)
        fail(api, job, reason, message)

    api.script(play)
    with pytest.raises(ClusterError, match=r"gpuPools\.a\.deadlineSeconds .*\(172800 s\)"):
        run_on_pool(request({"api": kind}), said, QUICK)


@pytest.mark.parametrize("foreground", [False, True])
def test_a_job_that_somebody_else_deletes_fails_the_step(api, said, foreground):
    def play(api):
        job = api.wait_job()
        api.pod(job)
        said.wait("running on")
        key = ("trainer.kubeflow.org", "trainjobs")
        api.delete(key, job["metadata"]["name"], {"propagationPolicy": "Foreground" if foreground else "Background"})

    api.script(play)
    with pytest.raises(ClusterError, match="it was deleted by someone else") as error:
        run_on_pool(request(), said, QUICK)
    assert api.count("delete", "trainjobs") == 0
    assert "fix: run the step again, which continues from the last checkpoint" in str(error.value)
    (command,) = [line for line in str(error.value).splitlines() if "kubectl" in line]
    assert command.startswith("    kubectl -n kubeflow get events ")


def test_a_job_that_is_deleted_and_made_anew_by_somebody_else_is_not_taken_for_ours(api, said):
    def play(api):
        job = api.wait_job()
        api.pod(job)
        said.wait("running on")
        api.remove(job)
        job["metadata"].pop("uid")
        complete(api, api.put(job))

    api.script(play)
    with pytest.raises(ClusterError, match="it was deleted by someone else"):
        run_on_pool(request(), said, QUICK)


def test_a_job_that_is_deleted_after_it_was_completed_is_complete(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        with api.lock:
            complete(api, job, pod)
            api.remove(job)

    api.script(play)
    run_on_pool(request(), said, QUICK)


def test_a_job_that_is_both_complete_and_failed_is_failed(api, said):
    def play(api):
        job = api.wait_job()
        both = [
            {"type": "Complete", "status": "True"},
            {"type": "Failed", "status": "True", "message": "some jobs failed"},
        ]
        api.update(job, lambda each: each.update(status={"conditions": both}))

    api.script(play)
    with pytest.raises(ClusterError, match="some jobs failed"):
        run_on_pool(request(), said, QUICK)


def test_a_job_so_short_that_nobody_saw_it_run_still_brings_its_log(api, said):
    def play(api):
        job = api.wait_job()
        with api.lock:
            pod = api.pod(job)
            api.log(pod, "all done")
            complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert said.count("all done") == 1
