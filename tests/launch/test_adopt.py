import dataclasses

import pytest

from codekiln.errors import ClusterError, InputError
from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.objects.trainjob import train_job
from tests.launch.fake_api import NAMESPACE, now
from tests.launch.steps import QUICK, complete, fail, request

STEP_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "align-x-sft",
        "ownerReferences": [
            {"apiVersion": "v1", "kind": "Other", "name": "other", "uid": "2"},
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Workflow",
                "name": "align-x",
                "uid": "1",
                "controller": True,
            },
        ],
    },
}


def existing(api, **values):
    return api.put(train_job(request(**values), NAMESPACE))


def finish(api, said):
    def play(api):
        said.wait("running on")
        complete(api, *api.jobs(), *api.pods_of(api.jobs()[0]))

    api.script(play)


def replaced(api, said, uid):
    """Play the controller for the job that comes after the one with this uid."""

    def play(api):
        job = api.wait(lambda: next((each for each in api.jobs() if each["metadata"]["uid"] != uid), None))
        complete(api, job, api.pod(job))

    api.script(play)


def test_a_running_job_of_the_same_work_is_adopted(api, said):
    job = existing(api)
    api.pod(job)
    finish(api, said)
    run_on_pool(request(), said, QUICK)
    assert "continues from an earlier attempt of this step" in said
    assert api.count("create", "trainjobs") == api.count("delete", "trainjobs") == 0


def test_a_complete_job_of_the_same_work_is_adopted_with_its_log(api, said):
    job = existing(api)
    pod = api.pod(job)
    api.log(pod, "all done")
    complete(api, job, pod)
    run_on_pool(request(), said, QUICK)
    assert said.count("all done") == 1
    assert api.count("create", "trainjobs") == 0


@pytest.mark.parametrize("how", ["failed", "other identity"])
def test_a_job_that_failed_or_computes_something_else_is_replaced_when_it_is_gone(api, said, how):
    job = existing(api, **({"identity": "other"} if how == "other identity" else {}))
    api.pod(job, phase="Failed", code=1)
    if how == "failed":
        fail(api, job)
    replaced(api, said, job["metadata"]["uid"])
    run_on_pool(request(), said, QUICK)
    options = next(body for verb, path, _, body in api.requests if verb == "delete")
    assert options == {"propagationPolicy": "Foreground", "preconditions": {"uid": job["metadata"]["uid"]}}
    assert "waits until it is gone" in said
    assert api.count("create", "trainjobs") == api.count("delete", "trainjobs") == 1


def failed_before(api, code):
    job = existing(api)
    pod = api.pod(job, phase="Failed", code=code)
    api.log(pod, "error: data/train.jsonl:7.code: is empty", "  fix: remove the row")
    fail(api, job)
    return job


@pytest.mark.parametrize("how", ["variable", "annotation"])
def test_a_retry_does_not_train_again_for_a_mistake_of_the_user(api, said, monkeypatch, how):
    if how == "variable":
        monkeypatch.setenv("KFP_RETRY_INDEX", "1")
    else:
        node = {"workflows.argoproj.io/node-name": "align-x.root.sft.executor(1)"}
        api.put({**STEP_POD, "metadata": {**STEP_POD["metadata"], "annotations": node}})
        monkeypatch.setenv("CODEKILN_POD", "align-x-sft")
    failed_before(api, 2)
    api.denied.add(("trainer.kubeflow.org", "trainjobs", "delete"))
    with pytest.raises(InputError, match=r"(?s)data/train.jsonl:7.code: is empty\n  fix: remove the row"):
        run_on_pool(request(), said, QUICK)
    assert "a mistake that a retry does not correct" in said
    assert len(api.jobs()) == 1


@pytest.mark.parametrize(("index", "code"), [("0", 2), ("", 2), ("1", 1)])
def test_a_first_attempt_and_a_retry_after_a_crash_train_again(api, said, monkeypatch, index, code):
    monkeypatch.setenv("KFP_RETRY_INDEX", index)
    replaced(api, said, failed_before(api, code)["metadata"]["uid"])
    run_on_pool(request(), said, QUICK)
    assert api.count("create", "trainjobs") == api.count("delete", "trainjobs") == 1


def test_a_job_that_is_being_deleted_is_waited_for_and_replaced(api, said):
    job = existing(api)
    api.update(job, lambda each: each["metadata"].update(deletionTimestamp=now()))

    def play(api):
        said.wait("is being deleted; waits until it is gone")
        api.remove(job)

    api.script(play)
    replaced(api, said, job["metadata"]["uid"])
    run_on_pool(request(), said, QUICK)
    assert api.count("delete", "trainjobs") == 0
    assert api.count("create", "trainjobs") == 1


def test_a_job_that_is_never_gone_ends_the_step_with_what_to_do(api, said):
    job = existing(api)
    api.update(job, lambda each: each["metadata"].update(deletionTimestamp=now()))
    timeouts = dataclasses.replace(QUICK, deletion=0.1)
    with pytest.raises(ClusterError, match="gave up after waiting .* until the job is deleted"):
        run_on_pool(request({"grace_seconds": 0}), said, timeouts)


def test_pods_of_a_job_that_is_gone_are_waited_for(api, said):
    job = train_job(request(), NAMESPACE)
    old = api.pod(job)

    def play(api):
        said.wait("waits for the pods of an earlier attempt to end")
        assert api.jobs() == []
        api.remove(old)
        new = api.wait_job()
        complete(api, new, api.pod(new))

    api.script(play)
    run_on_pool(request(), said, QUICK)


def test_a_job_of_the_same_name_that_is_not_ours_is_left_alone(api, said):
    job = train_job(request(), NAMESPACE)
    del job["metadata"]["labels"]
    api.put(job)
    with pytest.raises(ClusterError, match="is not codekiln's"):
        run_on_pool(request(), said, QUICK)
    assert api.count("delete", "trainjobs") == 0


def test_a_create_whose_answer_is_lost_finds_the_job_it_made(api, said):
    api.fail("create", "trainjobs", 0, done=True)

    def play(api):
        job = api.wait_job()
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert api.count("create", "trainjobs") == 2
    assert "continues from an earlier attempt" in said
    assert api.count("delete", "trainjobs") == 0


def test_a_job_belongs_to_the_workflow_of_its_step(api, said, monkeypatch):
    api.put(STEP_POD)
    monkeypatch.setenv("CODEKILN_POD", "align-x-sft")

    def play(api):
        job = api.wait_job()
        assert job["metadata"]["ownerReferences"] == [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "align-x", "uid": "1"}
        ]
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert "nothing owns it" not in said


def test_a_job_of_a_pod_without_a_controller_belongs_to_the_pod(api, said, monkeypatch):
    pod = api.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "notebook"}})
    monkeypatch.setenv("CODEKILN_POD", "notebook")

    def play(api):
        job = api.wait_job()
        (owner,) = job["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("Pod", pod["metadata"]["uid"])
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)


def test_a_step_whose_pod_is_gone_starts_nothing(api, said, monkeypatch):
    monkeypatch.setenv("CODEKILN_POD", "align-x-sft")
    with pytest.raises(ClusterError, match="no longer exists"):
        run_on_pool(request(), said, QUICK)
    assert api.count("create", "trainjobs") == 0


def test_a_job_from_a_terminal_says_that_nothing_owns_it_and_how_to_delete_it(api, said):
    def play(api):
        job = api.wait_job()
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert "nothing owns it; to delete it later: kubectl -n kubeflow delete trainjob sft-0a1b2c3d4e" in said


def test_a_secret_in_plain_text_is_said_to_be_left_out(api, said):
    def play(api):
        job = api.wait_job()
        assert "env" not in job["spec"]["trainer"]
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(task_config={"env": [{"name": "MLFLOW_TRACKING_TOKEN", "value": "abc"}]}), said, QUICK)
    assert "variable MLFLOW_TRACKING_TOKEN holds a secret in plain text" in said
    assert "abc" not in "".join(line for line in said.lines if "MLFLOW" in line).replace("sft-0a1b2c3d4e", "")


@pytest.mark.parametrize("source", ["variable", "ServiceAccount", "kubeconfig"])
def test_the_job_is_made_in_the_namespace_of_the_step(api, said, monkeypatch, tmp_path, source):
    namespace = "" if source == "kubeconfig" else "profile-a"
    if source == "variable":
        monkeypatch.setenv("CODEKILN_NAMESPACE", namespace)
    if source == "ServiceAccount":
        (tmp_path / "namespace").write_text(namespace)
        monkeypatch.setattr("codekiln.launch.cluster.api._NAMESPACE_FILE", tmp_path / "namespace")

    def play(api):
        job = api.wait_job()
        assert job["metadata"]["namespace"] == (namespace or NAMESPACE)
        complete(api, job, api.pod(job))

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert all(f"/namespaces/{namespace or NAMESPACE}/" in path for _, path, _, _ in api.requests)
