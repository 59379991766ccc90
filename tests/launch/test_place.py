from pathlib import Path

import pytest

from codekiln.inference import Sampling
from codekiln.inference.sampling.job import SamplingJob
from codekiln.launch import NAME_LENGTH, LaunchContext, _identity, job_name

PLACE = LaunchContext(pool="h200", run="run-1", step="dpo_further_2", identity="abc")


def job(**changes) -> SamplingJob:
    values = {"base": "tiny", "problems": Path("/a/problems"), "output": Path("/a/out"), "label": "base"}
    return SamplingJob(**values | changes)


def test_the_same_work_has_the_same_name_and_other_work_another():
    names = {job_name(PLACE), job_name(PLACE, "base"), job_name(PLACE, "sft")}
    for changes in ({"run": "run-2"}, {"step": "dpo"}, {"identity": "abd"}):
        names.add(job_name(LaunchContext(**vars(PLACE) | changes)))
    assert len(names) == 6
    assert job_name(PLACE) == job_name(LaunchContext(**vars(PLACE) | {"pool": "a100", "task_config": {"env": []}}))


@pytest.mark.parametrize("step", ["sft", "self_generate_2", "a-step-with-a-name-that-is-far-too-long-for-a-pod-name"])
def test_a_name_leaves_room_for_what_the_operators_add(step):
    name = job_name(LaunchContext(run="r", step=step), "dpo_further_3")
    assert len(name) <= NAME_LENGTH
    assert name.replace("-", "").isalnum()
    assert name == name.lower()
    assert name[0].isalpha()


def test_a_job_that_is_planned_otherwise_replaces_the_old_one_and_a_moved_one_does_not():
    assert _identity(job(), PLACE) == _identity(job(problems=Path("/b/problems"), output=Path("/b/out")), PLACE)
    assert _identity(job(), PLACE) != _identity(job(sampling=Sampling(n=3)), PLACE)
    assert _identity(job(), PLACE) != _identity(job(), LaunchContext(**vars(PLACE) | {"identity": "abd"}))
