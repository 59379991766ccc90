import dataclasses

import pytest

from codekiln.errors import ClusterError
from codekiln.launch.cluster.pool_run import run_on_pool
from tests.launch.steps import QUICK, complete, request


def test_a_volume_that_does_not_come_is_said_and_may_come_later(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job, phase="Pending")
        name = pod["metadata"]["name"]
        api.event("Pod", name, "FailedAttachVolume", "of the pod before", later=1, uid="another")
        api.event("Pod", name, "FailedScheduling", "0/2 nodes are available", later=1)
        said.wait("starting, 0 of 1 pods run")
        api.event("Pod", name, "FailedMount", "timed out waiting for the condition")
        said.wait(f"pod {name} cannot start, FailedMount: timed out waiting for the condition")
        api.event("Pod", name, "Pulling", "Pulling image", type="Normal", later=1)
        said.wait("starting, 0 of 1 pods run", times=2)
        api.set_pod(pod)
        said.wait("running on")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert "of the pod before" not in said
    assert "0/2 nodes" not in said


def test_any_other_warning_about_a_pod_that_starts_is_said_too(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job, phase="Pending")
        api.event("Pod", pod["metadata"]["name"], "FailedCreatePodSandBox", "no IP address")
        said.wait("starting, 0 of 1 pods run, FailedCreatePodSandBox: no IP address")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)


@pytest.mark.parametrize(
    ("reason", "message", "fix"),
    [
        ("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"', "give storage.sharedVolume"),
        ("FailedMount", 'secret "hub" not found', "create what is missing in namespace kubeflow"),
        ("FailedMount", "mount failed: exit status 32", "correct what the warnings say about the volume"),
        ("", 'persistentvolumeclaim "models" not found', "create what is missing in namespace kubeflow"),
        ("", "pod has unbound immediate PersistentVolumeClaims.", "correct what the warnings say about the volume"),
    ],
)
def test_a_volume_that_never_comes_ends_the_step_and_deletes_the_job(api, said, reason, message, fix):
    def play(api):
        pod = api.pod(api.wait_job(), phase="Pending", unschedulable="" if reason else f"0/5 nodes: {message}")
        if reason:
            api.event("Pod", pod["metadata"]["name"], reason, message)
        said.wait("cannot start, ")
        api.wait(lambda: not api.jobs())

    api.script(play)
    with pytest.raises(ClusterError) as error:
        run_on_pool(request(), said, dataclasses.replace(QUICK, blocked=0.3))
    assert f"{message}; given up after" in str(error.value)
    assert f"  fix: {fix}" in str(error.value)
    assert api.count("delete", "trainjobs") == 1
