import pytest

from codekiln.errors import ClusterError
from codekiln.launch.cluster.api import ClusterApi
from codekiln.launch.cluster.cancellation import Cancellation
from codekiln.launch.cluster.job_kinds import JOB_KINDS
from codekiln.launch.cluster.job_ownership import JobOwnership
from codekiln.launch.cluster.pool_run import run_on_pool
from codekiln.launch.objects.metadata import OWNER, PART_OF
from codekiln.launch.objects.trainjob import train_job
from tests.launch.fake_api import NAMESPACE, now
from tests.launch.steps import QUICK, Said, Step, complete, request


@pytest.fixture
def ownership(api):
    made = []

    def make(said, cancelled=0) -> JobOwnership:
        cancellation = Cancellation()
        cancellation.number = cancelled
        made.append(JobOwnership(ClusterApi(), JOB_KINDS["trainjob"], request().name, cancellation, said, QUICK))
        return made[-1]

    yield make
    for each in made:
        each.events.close()


def stored(api, owner="") -> dict:
    job = train_job(request(), NAMESPACE)
    if owner:
        job["metadata"]["annotations"][OWNER] = owner
    return api.put(job)


def owner_of(api) -> str:
    [job] = api.jobs()
    return job["metadata"]["annotations"][OWNER]


def test_an_attempt_takes_a_job_over_and_the_one_before_ends_and_leaves_it_alone(api, said):
    old = Step(api, request())
    job = api.wait_job()
    pod = api.pod(job)
    old.wait("running on")
    first = owner_of(api)

    def play(api):
        said.wait("running on")
        assert old.end() == 1
        assert owner_of(api) not in ("", first)
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert api.count("create", "trainjobs") == api.count("patch", "trainjobs") == 1
    assert api.count("delete", "trainjobs") == 0


def test_the_attempt_before_says_why_it_ends(api, said):
    def play(api):
        job = api.wait_job()
        api.pod(job)
        said.wait("running on")
        api.update(job, lambda each: each["metadata"]["annotations"].update({OWNER: "another"}))

    api.script(play)
    with pytest.raises(ClusterError, match="another attempt of this step has taken it over"):
        run_on_pool(request(), said, QUICK)
    assert api.count("delete", "trainjobs") == 0


def test_an_owner_that_has_not_noticed_the_takeover_does_not_delete_the_job(api, said, ownership):
    old = ownership(said)
    old.claim()
    old.seen = stored(api, old.token)
    new = ownership(Said())
    assert new.take_over(old.seen)
    old.release()
    assert owner_of(api) == new.token
    assert "is not this attempt's, and is left alone" in said


def test_a_job_that_changes_while_it_is_deleted_is_deleted(api, said, ownership):
    mine = ownership(said)
    mine.claim()
    mine.seen = stored(api, mine.token)
    api.condition(mine.seen, "Suspended")
    mine.release()
    assert api.jobs() == []
    assert api.count("delete", "trainjobs") == 2


def test_of_two_attempts_that_take_a_job_over_at_once_one_does(api, said, ownership):
    job = stored(api, "old")
    attempts = ownership(said), ownership(said)
    taken = [attempt.take_over(job) for attempt in attempts]
    assert taken[1] is None
    assert owner_of(api) == attempts[0].token


@pytest.mark.parametrize("status", [409, 503, 0])
def test_a_takeover_that_fails_for_now_is_tried_again(api, said, status):
    job = stored(api, "old")
    pod = api.pod(job)
    api.fail("patch", "trainjobs", status, done=status == 0)

    def play(api):
        said.wait("running on")
        complete(api, job, pod)

    api.script(play)
    run_on_pool(request(), said, QUICK)
    assert owner_of(api) != "old"


def test_a_takeover_that_is_forbidden_says_what_to_allow(api, said):
    stored(api, "old")
    api.denied.add(("trainer.kubeflow.org", "trainjobs", "patch"))
    with pytest.raises(ClusterError, match=r"(?s)cannot patch.*allow 'patch trainjobs.trainer.kubeflow.org'"):
        run_on_pool(request(), said, QUICK)
    assert owner_of(api) == "old"


def test_a_cancelled_step_deletes_the_job_that_it_would_have_taken_over(api, said, ownership):
    stored(api, "old")
    ownership(said, cancelled=15).release()
    assert api.jobs() == []


@pytest.mark.parametrize("whose", ["somebody else's", "complete", "failed"])
def test_a_cancelled_step_leaves_a_job_that_it_would_not_have_taken_over(api, said, whose, ownership):
    job = stored(api, "old")
    if whose == "somebody else's":
        api.update(job, lambda each: each["metadata"]["labels"].pop(PART_OF))
    else:
        api.condition(job, {"complete": "Complete", "failed": "Failed"}[whose], message=now())
    ownership(said, cancelled=15).release()
    assert len(api.jobs()) == 1
