"""What the pipelines share: how a task is placed, and a checked run with its problems."""

from kfp.dsl import PipelineTask

from components.check import check
from components.filter import filter
from components.generate import generate


def placed(task: PipelineTask, title: str, image: str, cached: bool = True) -> PipelineTask:
    """Give a task its title and image, and say whether Kubeflow may reuse an earlier result."""
    task.set_display_name(title)
    task.set_container_image(image)
    task.set_caching_options(cached)
    return task


def checked(form: dict, image: str) -> PipelineTask:
    """Start with check, which is never reused: it looks at the world as it is now."""
    return placed(check(**form), "check", image, cached=False)


def filtered(run: PipelineTask, samples: PipelineTask, image: str, step: str) -> PipelineTask:
    """Filter the candidate programs of ``samples``."""
    return placed(
        filter(run=run.outputs["run"], samples=samples.outputs["data"], step=step), step.replace("_", " "), image
    )


def generated(run: PipelineTask, image: str) -> PipelineTask:
    """Let the teacher write candidate programs and filter them."""
    task = placed(generate(run=run.outputs["run"], step="generate"), "generate", image)
    return filtered(run, task, image, "filter")
