import pytest

from codekiln.errors import ClusterError
from codekiln.launch.cluster.pool_run import run_on_pool
from tests.launch.fake_objects import now, pod_status
from tests.launch.steps import QUICK, complete, request

PYTORCH = {"api": "pytorchjob", "restarts": 1}


def lose(api, said, pod, times):
    """Let a running pod be killed, and the operator delete it."""
    said.wait("running", times=times)
    api.set_pod(pod, phase="Failed", code=137, reason="OOMKilled")
    said.wait("restarting", times=times)
    api.remove(pod)


def test_a_pytorch_job_whose_pod_dies_again_and_again_is_given_up(api, said):
    def play(api):
        job = api.wait_job()
        for times in (1, 2):
            lose(api, said, api.pod(job), times)
        api.wait(lambda: not api.jobs())

    api.script(play)
    with pytest.raises(ClusterError) as error:
        run_on_pool(request(PYTORCH), said, QUICK)
    assert "failed: master-0 has failed more often than the pool's restarts allow: 2 > 1" in str(error.value)
    assert "raise gpuPools.a.restarts" in str(error.value)
    assert "exit code 137: it was killed" in str(error.value)
    assert api.count("delete", "pytorchjobs") == 1


def test_each_node_of_a_pytorch_job_has_its_own_restarts(api, said):
    def play(api):
        job = api.wait_job()
        pods = [api.pod(job), api.pod(job, rank=1)]
        for rank in (0, 1):
            lose(api, said, pods[rank], rank + 1)
            pods[rank] = api.pod(job, rank=rank)
        said.wait("running", times=3)
        complete(api, job, *pods)

    api.script(play)
    run_on_pool(request({**PYTORCH, "nodes": 2}), said, QUICK)


def test_the_controller_of_a_train_job_counts_for_itself(api, said):
    def play(api):
        job = api.wait_job()
        lose(api, said, api.pod(job), 1)
        again = api.pod(job)
        said.wait("running", times=2)
        complete(api, job, again)

    api.script(play)
    run_on_pool(request({"restarts": 0}), said, QUICK)


@pytest.mark.parametrize(
    ("code", "asked", "counts"),
    [(143, -5, False), (137, -5, False), (137, 5, True)],
    ids=["stopped by the deletion", "killed after the grace period", "deleted after it had failed"],
)
def test_a_pod_that_is_deleted_counts_only_if_it_had_failed_before(api, said, code, asked, counts):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        end = {"deletionTimestamp": now(asked + 120), "deletionGracePeriodSeconds": 120}
        status = pod_status("pytorch", phase="Failed", code=code)
        # In one change, as after a lost connection.
        api.update(pod, lambda each: each.update(status=status, metadata=each["metadata"] | end))
        api.remove(pod)
        if counts:
            api.wait(lambda: not api.jobs())
        else:
            complete(api, job, api.pod(job))

    api.script(play)
    if counts:
        with pytest.raises(ClusterError, match="1 > 0"):
            run_on_pool(request({**PYTORCH, "restarts": 0}), said, QUICK)
    else:
        run_on_pool(request({**PYTORCH, "restarts": 0}), said, QUICK)
