"""What lines of progress call the jobs of stages."""

from dataclasses import replace
from pathlib import Path

import pytest

from codekiln import launch, stages
from codekiln.launch import LaunchContext
from codekiln.settings.resolve import resolve
from codekiln.stages import evaluate, jobs, train
from codekiln.stages.base import StageContext
from codekiln.training.job import TrainingJob


class Launched(Exception):
    """Carries the job that a stage would run."""


@pytest.fixture
def context(tmp_path, monkeypatch) -> StageContext:
    def run(job, *_):
        raise Launched(job.title)

    monkeypatch.setattr(launch, "run", run)
    monkeypatch.setattr(train, "_require_rows", lambda *_: None)
    for module in (train, jobs):
        monkeypatch.setattr(module, "launch_context", lambda *_: LaunchContext())
    inputs = {name: tmp_path / name for name in ("data", "start", "adapter", "train_problems", "evaluation_problems")}
    return StageContext(resolve("laptop"), inputs, tmp_path / "out", "", tmp_path)


@pytest.mark.parametrize("step", ["sft", "dpo", "dpo_further", "dpo_further_2", "self_generate", "self_generate_2"])
def test_a_stage_shows_progress_under_the_name_of_its_step(context, step):
    with pytest.raises(Launched, match=f"^{step}$"):
        stages.get(step.removesuffix("_2")).run(replace(context, step=step))


@pytest.mark.parametrize("contender", ["base", "dpo_further", "champion"])
def test_an_evaluation_names_the_contender_that_writes(context, contender):
    with pytest.raises(Launched, match=f"^evaluate: {contender}$"):
        evaluate._sample(replace(context, step="evaluate"), contender, None)


def test_nothing_depends_on_the_title():
    job = TrainingJob(kind="dpo", base="tiny", data=Path("data"), output=Path("out"))
    titled = job.model_copy(update={"title": "dpo_further"})
    assert titled.digest("x") == job.digest("x")
    assert launch._identity(titled, LaunchContext()) == launch._identity(job, LaunchContext())
    assert (job.name, titled.name) == ("dpo", "dpo_further")
