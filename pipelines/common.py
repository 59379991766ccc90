"""What the pipelines share: how a task is placed, and the runs of stages that recur."""

from collections.abc import Mapping

from kfp.dsl import PipelineTask
from kfp.dsl.pipeline_channel import PipelineArtifactChannel

from components.check import check
from components.evaluate import evaluate
from components.filter import filter
from components.generate import generate
from components.promote import promote


def placed(task: PipelineTask, title: str, image: str, cached: bool = True) -> PipelineTask:
    """Give a task its title and image, and say whether Kubeflow may reuse an earlier result."""
    task.set_display_name(title)
    task.set_container_image(image)
    task.set_caching_options(cached)
    return task


def checked(image: str, **form: str) -> PipelineArtifactChannel:
    """Start with check, which is never reused: it looks at the world as it is now; returns the checked run."""
    return placed(check(**form), "check", image, cached=False).outputs["run"]


def filtered(
    run: PipelineArtifactChannel, samples: PipelineTask, image: str, step: str = "filter"
) -> PipelineArtifactChannel:
    """Filter the candidate programs of ``samples``; returns the training rows."""
    task = filter(run=run, samples=samples.outputs["data"], step=step)
    return placed(task, step.replace("_", " "), image).outputs["data"]


def generated(run: PipelineArtifactChannel, image: str) -> PipelineArtifactChannel:
    """Let the teacher write candidate programs and filter them; returns the training rows."""
    return filtered(run, placed(generate(run=run, step="generate"), "generate", image), image)


def judged(run: PipelineArtifactChannel, adapters: Mapping[str, PipelineArtifactChannel], image: str) -> None:
    """Evaluate adapters, in the order of the stages, and put the last one through the gate; neither is ever reused."""
    found = placed(evaluate(run=run, step="evaluate", **adapters), "evaluate", image, cached=False)
    *_, last = adapters.values()
    task = promote(run=run, evaluation=found.outputs["evaluation"], adapter=last, step="promote")
    placed(task, "promote", image, cached=False)
