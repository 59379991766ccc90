import pytest

from codekiln.errors import ClusterError, InputError
from codekiln.launch.cluster.pool_run import run_on_pool
from tests.launch.steps import QUICK, fail, request


def failed(api, said, play, **values):
    """Return the error of a step whose job ends as ``play`` says."""

    def all_of_it(api):
        job = api.wait_job()
        play(job)
        fail(api, job, "FailedJobs", "jobset failed due to one or more job failures")

    api.script(all_of_it)
    with pytest.raises((ClusterError, InputError)) as error:
        run_on_pool(request(**values), said, QUICK)
    return error.value


def test_a_failure_is_explained_in_full(api, said):
    def play(job):
        pod = api.pod(job, suffix="x")
        api.log(pod, *(f"line {number}" for number in range(30)))
        said.wait("line 29")
        api.set_pod(pod, phase="Failed", code=137, reason="OOMKilled")
        api.event("Pod", pod["metadata"]["name"], "OOMKilling", "Memory cgroup out of memory")
        api.event("Pod", pod["metadata"]["name"], "Pulled", "Container image present", type="Normal")
        api.event("Pod", "another-pod", "BackOff", "not ours")

    error = failed(api, said, play)
    assert isinstance(error, ClusterError)
    assert str(error).splitlines() == [
        "TrainJob sft-0a1b2c3d4e of step 'sft' on pool 'a' failed: "
        "FailedJobs: jobset failed due to one or more job failures",
        "  pod sft-0a1b2c3d4e-node-0-0-x: exit code 137, OOMKilled",
        "  exit code 137: it was killed (SIGKILL), as a rule because it used more memory than its limit",
        "  last lines of its log:",
        *(f"    line {number}" for number in range(17, 30)),
        "  warnings of the cluster:",
        "    OOMKilling Pod sft-0a1b2c3d4e-node-0-0-x: Memory cgroup out of memory",
        "  to look further:",
        "    kubectl -n kubeflow describe trainjob sft-0a1b2c3d4e",
        "    kubectl -n kubeflow get pods -l jobset.sigs.k8s.io/jobset-name=sft-0a1b2c3d4e -o wide",
        "    kubectl -n kubeflow logs sft-0a1b2c3d4e-node-0-0-x -c node --tail=200",
        "    kubectl -n kubeflow logs sft-0a1b2c3d4e-node-0-0-x -c node --previous",
        "    kubectl -n kubeflow get events --sort-by=.lastTimestamp "
        "--field-selector involvedObject.name=sft-0a1b2c3d4e-node-0-0-x",
    ]


def test_an_evicted_pod_is_named_with_the_reason(api, said):
    def play(job):
        api.pod(job, phase="Failed", pod_reason="Evicted", message="The node was low on resource: ephemeral-storage.")

    error = failed(api, said, play)
    assert "no exit code, Evicted: The node was low on resource: ephemeral-storage." in str(error)


def test_the_pod_that_failed_first_is_named_first_and_its_log_is_shown(api, said):
    def play(job):
        first, second = api.pod(job, suffix="x"), api.pod(job, rank=1, suffix="y")
        api.log(second, "CUDA error: uncorrectable ECC error")
        api.log(first, "connection closed by peer")
        # The node that is stopped may be the quicker one to end.
        api.set_pod(first, phase="Failed", code=143)
        api.set_pod(second, phase="Failed", code=1)

    text = str(failed(api, said, play, pool_values={"nodes": 2}))
    assert text.index("node-0-1-y: exit code 1") < text.index("node-0-0-x: exit code 143")
    assert "    CUDA error: uncorrectable ECC error" in text
    assert "kubectl -n kubeflow logs sft-0a1b2c3d4e-node-0-1-y" in text
    assert "143: it was asked to end" in text


def test_the_last_attempt_counts_not_one_that_was_made_good(api, said):
    def play(job):
        pod = api.pod(job, suffix="x")
        said.wait("running on")
        api.set_pod(pod, phase="Failed", code=137)
        said.wait("restarting")
        api.remove(pod)
        again = api.pod(job, suffix="y")
        said.wait("running again")
        api.set_pod(again, phase="Failed", code=1)

    text = str(failed(api, said, play))
    assert "y: exit code 1" in text
    assert "x: exit code 137" not in text


def test_pods_that_are_gone_are_explained_from_what_was_seen(api, said):
    def play(job):
        pod = api.pod(job, suffix="x")
        api.log(pod, "the last line")
        said.wait("the last line")
        api.set_pod(pod, phase="Failed", code=139)
        said.wait("restarting")
        api.remove(pod)

    text = str(failed(api, said, play))
    assert "x: exit code 139" in text
    assert "    the last line" in text


@pytest.mark.parametrize("nodes", [1, 2])
def test_a_mistake_of_the_user_is_an_input_error_with_the_words_of_the_job(api, said, nodes):
    def play(job):
        pod = api.pod(job)
        others = [api.pod(job, rank=rank) for rank in range(1, nodes)]
        api.log(pod, "loading", "error: data/train.jsonl:7.code: is empty", "  fix: remove the row")
        said.wait("remove the row")
        for other in others:
            api.set_pod(other, phase="Failed", code=1)
        api.set_pod(pod, phase="Failed", code=2)

    error = failed(api, said, play, pool_values={"nodes": nodes})
    assert isinstance(error, InputError)
    assert str(error) == ("job sft-0a1b2c3d4e of step 'sft': data/train.jsonl:7.code: is empty\n  fix: remove the row")


def test_several_mistakes_stay_together(api, said):
    def play(job):
        pod = api.pod(job)
        api.log(pod, "error: a: is empty", "  fix: fill a", "b: is empty", "  fix: fill b")
        said.wait("fill b")
        api.set_pod(pod, phase="Failed", code=2)

    error = failed(api, said, play)
    assert "a: is empty\n  fix: fill a\nb: is empty\n  fix: fill b" in str(error)


def test_a_mistake_without_words_shows_the_last_lines_and_the_command(api, said):
    def play(job):
        pod = api.pod(job, suffix="x")
        api.log(pod, "usage: worker")
        said.wait("usage")
        api.set_pod(pod, phase="Failed", code=2)

    error = failed(api, said, play)
    assert isinstance(error, InputError)
    assert "usage: worker" in str(error)
    assert "kubectl -n kubeflow logs sft-0a1b2c3d4e-node-0-0-x -c node" in error.fix


def test_a_failure_is_explained_where_events_may_not_be_read(api, said):
    api.denied.add(("", "events", "list"))

    def play(job):
        api.pod(job, phase="Failed", code=1)

    assert "exit code 1" in str(failed(api, said, play))
