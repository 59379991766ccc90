import pytest

from codekiln.errors import ClusterError
from codekiln.launch.pool_run import run_on_pool
from tests.launch.steps import QUICK, request

KINDS = pytest.mark.parametrize("kind", ["trainjob", "pytorchjob"])
COMPLETE = {"TrainJob": "Complete", "PyTorchJob": "Succeeded"}


def succeed(api, job, pod):
    api.set_pod(pod, phase="Succeeded", code=0)
    api.condition(job, COMPLETE[job["kind"]], "AllJobsCompleted", "done")


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
        succeed(api, job, pod)

    api.script(play)
    run_on_pool(request({"api": kind}), said, QUICK)
    assert said.lines[-1].endswith("complete")
    assert [line for line in said.lines if line.startswith("step")] == ["step 1", "step 2"]
    assert api.count("delete", f"{kind}s") == 0


def test_a_failed_job_fails_the_step_with_the_explanation(api, said):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        api.log(pod, "loading", "CUDA out of memory")
        said.wait("CUDA")
        api.set_pod(pod, phase="Failed", code=137, reason="OOMKilled")
        api.event("Pod", pod["metadata"]["name"], "OOMKilling", "memory cgroup out of memory")
        api.condition(job, "Failed", "FailedJobs", "jobset failed due to one or more job failures")

    api.script(play)
    with pytest.raises(ClusterError) as error:
        run_on_pool(request(), said, QUICK)
    text = str(error.value)
    print(text)
    assert "FailedJobs: jobset failed" in text
