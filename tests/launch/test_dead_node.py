"""A node whose kubelet is gone: its object stays, its pods stay Terminating, and a Job waits for them to end."""

import dataclasses

import pytest

from codekiln.errors import ClusterError
from codekiln.launch.cluster.pool_run import run_on_pool
from tests.launch.fake_objects import now
from tests.launch.steps import QUICK, complete, request

NODE_GONE = "2026-11-29T17:01:02Z"
KINDS = pytest.mark.parametrize("kind", ["trainjob", "pytorchjob"])


def stop_answering(stored):
    """Let the node controller see that a node is gone: its pods are no longer ready, and nothing else changes."""
    stored["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": NODE_GONE}]


def evict(stored, ago=60):
    """Let the node controller delete a pod of the node, whose grace period ended ``ago`` seconds ago."""
    stop_answering(stored)
    stored["metadata"] |= {"deletionTimestamp": now(-ago), "deletionGracePeriodSeconds": 120}


@KINDS
def test_a_node_that_does_not_answer_is_named_with_the_time_and_the_way_out(api, said, kind):
    said_to_be_gone = []

    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on gpu-0")
        api.update(pod, stop_answering)
        said.wait(f"node gpu-0 does not answer since {NODE_GONE}")
        # For its grace period, and half a minute more, a pod may still end: nobody is asked to do anything.
        api.update(pod, lambda stored: evict(stored, ago=-110))
        said.wait(f"does not answer since {NODE_GONE}: pod {pod['metadata']['name']} is deleted, but cannot end there")
        api.update(pod, evict)
        said.wait(f"does not answer since {NODE_GONE}: pod {pod['metadata']['name']} does not end there")
        said.wait("kubectl taint node gpu-0 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
        said.wait(" minutes)", times=2)
        said_to_be_gone.append("its pods are gone" in said)
        # The pod garbage collector does this once the node has the taint.
        api.remove(pod)
        again = api.pod(job, suffix="again")
        said.wait("running again on")
        complete(api, job, again)

    api.script(play)
    run_on_pool(request({"api": kind}), said, dataclasses.replace(QUICK, reminder=0.1, repeat=0))
    assert api.count("delete", "pods") == api.count("patch", "pods/status") == 0
    assert said_to_be_gone == [False]


@KINDS
def test_a_pool_may_let_the_step_delete_such_a_pod_after_a_time(api, said, kind):
    def play(api):
        job = api.wait_job()
        pods = [api.pod(job), api.pod(job, rank=1)]
        said.wait("running on gpu-0, gpu-1")
        api.update(pods[1], lambda stored: evict(stored, ago=-100))
        said.wait(f"pod {pods[1]['metadata']['name']} is deleted, but cannot end there")
        api.update(pods[1], lambda stored: evict(stored, ago=100))
        said.wait("it is deleted by force 200 s after")
        assert api.count("delete", "pods") == 0
        api.update(pods[1], lambda stored: evict(stored, ago=201))
        said.wait("is deleted by force, because node gpu-1 does not answer")
        # Only now does a Job count the pod: it has failed.
        api.wait(lambda: len(api.pods_of(job)) == 1)
        api.remove(pods[0])
        pods = [api.pod(job, suffix="x"), api.pod(job, rank=1, suffix="y")]
        said.wait("running again on")
        complete(api, job, *pods)

    api.script(play)
    pool = {"api": kind, "nodes": 2, "dead_node_seconds": 200}
    run_on_pool(request(pool), said, dataclasses.replace(QUICK, repeat=0))
    assert api.count("delete", "pods") == 1
    assert api.count("patch", "pods/status") == (kind == "trainjob")
    assert {"NodeNotResponding", "ForcedDeletion"} <= {each["reason"] for each in api.recorded()}


def test_a_forced_deletion_that_is_forbidden_is_said_and_tried_again(api, said):
    api.denied.add(("", "pods/status", "patch"))

    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        api.update(pod, lambda stored: evict(stored, ago=100))
        said.wait("could not be deleted by force", times=2)
        api.denied.clear()
        said.wait("is deleted by force, because")
        complete(api, job, api.pod(job, suffix="again"))

    api.script(play)
    run_on_pool(request({"dead_node_seconds": 50}), said, dataclasses.replace(QUICK, events=0.02))


@pytest.mark.parametrize("node", ["slow to end", "answers"])
def test_a_pod_that_ends_in_its_own_time_is_on_no_dead_node(api, said, node):
    def play(api):
        job = api.wait_job()
        pod = api.pod(job)
        said.wait("running on")
        api.update(pod, lambda stored: stored["metadata"].update(deletionTimestamp=now(-5 if "slow" in node else 60)))
        said.wait("restarting")
        api.remove(pod)
        complete(api, job, api.pod(job, suffix="again"))

    api.script(play)
    run_on_pool(request({"dead_node_seconds": 1}), said, QUICK)
    assert "does not answer" not in said
    assert api.count("delete", "pods") == 0


def test_pods_of_an_earlier_job_on_a_dead_node_are_named(api, said):
    job = api.put({"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "metadata": {"name": "x"}})
    job["metadata"]["name"] = request().name
    api.update(api.pod(job), evict)
    match = r"gave up after .* node gpu-0 does not answer since [^`]*fix: .*`kubectl taint.*then run the step again"
    with pytest.raises(ClusterError, match=f"(?s){match}"):
        run_on_pool(request({"grace_seconds": 0}), said, dataclasses.replace(QUICK, deletion=0.1))
