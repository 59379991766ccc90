"""Parts that several pipelines share: each adds one or more stages to the pipeline being built."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl, kubernetes
from kfp.dsl import PipelineTask
from kfp.dsl.pipeline_channel import PipelineArtifactChannel

from codekiln.settings.form import describe, describe_all
from components.check import check
from components.evaluate import evaluate
from components.filter import filter
from components.generate import generate
from components.promote import promote
from pipelines.task_settings import (
    MODELS,
    NOTIFICATIONS,
    PROFILES,
    SIGNING,
    STORAGE,
    TEACHER,
    TRACKING,
    CheckedRun,
    configure,
    configure_for_pool,
    reach_kubeflow_registry,
    set_resources,
)


def pipeline(name: str, summary: str | None) -> Callable[[Callable[..., None]], Any]:
    """Return the decorator of a pipeline that Kubeflow shows as ``codekiln NAME``.

    Kubeflow's run form shows no descriptions of inputs, so the description of the pipeline says what each takes.
    """

    def decorate(function: Callable[..., None]) -> Any:
        fields = list(inspect.signature(function).parameters)
        # KFP takes the descriptions of inputs from here.
        lines = [f"    {field}: {describe(field)}" for field in fields]
        function.__doc__ = "\n".join([f"{summary}", "", "Args:", *lines])
        description = f"{summary}\n\nInputs:\n\n{describe_all(sorted(fields))}\n"
        return dsl.pipeline(name=name, display_name=f"codekiln {name}", description=description)(function)

    return decorate


def add_check(image: str, *, gate: bool = True, **form: str | dict[str, Any]) -> CheckedRun:
    """Add check, the first stage of every pipeline; returns its outputs. ``gate``: whether a gate ends the pipeline."""
    task = set_resources(check(**form, gate=gate), "1", "8G")
    secrets = (*TRACKING, *STORAGE, *MODELS, *TEACHER, *NOTIFICATIONS)
    # Never cached: it checks the state of the world at the time of the run. runs_code: the programs are the problems'
    # own references; the chart still lets this step reach the Hub and a teacher.
    configure(task, "check", image, cached=False, hours=4, retries=0, secrets=secrets, runs_code=True)
    reach_kubeflow_registry(task)
    kubernetes.use_config_map_as_volume(task, PROFILES, "/etc/codekiln/profiles", optional=True)
    outputs = task.outputs
    return CheckedRun(
        outputs["run"],
        outputs["accelerator"],
        outputs["accelerators"],
        outputs["node_selector"],
        outputs["tolerations"],
    )


def add_filter(run: CheckedRun, samples: PipelineTask, image: str, step: str = "filter") -> PipelineArtifactChannel:
    """Add filter for the candidate programs of ``samples``; returns the training rows."""
    task = set_resources(filter(run=run.folder, samples=samples.outputs["data"], step=step), "2", "16G")
    return configure(task, step.replace("_", " "), image, runs_code=True).outputs["data"]


def add_generation(run: CheckedRun, image: str) -> PipelineArtifactChannel:
    """Add generate, in which the teacher writes candidate programs, and filter; returns the training rows."""
    task = set_resources(generate(run=run.folder, step="generate"), "1", "8G")
    configure(task, "generate", image, hours=7 * 24, secrets=(*TRACKING, *MODELS, *TEACHER))
    return add_filter(run, task, image)


def add_evaluation(run: CheckedRun, adapters: Mapping[str, PipelineArtifactChannel], image: str) -> None:
    """Add evaluate for the adapters, in the order of the stages, and promote for the last one.

    Neither is cached: their result depends on the champion, which is no input of theirs.
    """
    task = evaluate(run=run.folder, step="evaluate", **adapters)
    evaluation = configure_for_pool(task, "evaluate", image, run, cached=False, runs_code=True)
    *_, last = adapters.values()
    task = promote(run=run.folder, evaluation=evaluation.outputs["evaluation"], adapter=last, step="promote")
    secrets = (*TRACKING, *SIGNING)
    configure(set_resources(task, "1", "8G"), "promote", image, cached=False, secrets=secrets)
    reach_kubeflow_registry(task)
