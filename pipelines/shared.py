"""The runs of stages that recur in the pipelines."""

from collections.abc import Mapping

from kfp import kubernetes
from kfp.dsl import PipelineTask
from kfp.dsl.pipeline_channel import PipelineArtifactChannel

from components.check import check
from components.evaluate import evaluate
from components.filter import filter
from components.generate import generate
from components.promote import promote
from pipelines.placing import MODELS, PROFILES, STORAGE, TEACHER, TRACKING, Run, placed, pooled, sized


def checked(image: str, **form: str) -> Run:
    """Start with check, which is never reused: it looks at the world as it is now; returns the checked run."""
    task = sized(check(**form), "1", "8G")
    secrets = (*TRACKING, *STORAGE, *MODELS, *TEACHER)
    # The programs are the problems' own references; the chart lets this step reach the Hub and a teacher all the same.
    placed(task, "check", image, cached=False, hours=4, retries=0, secrets=secrets, runs_code=True)
    kubernetes.use_config_map_as_volume(task, PROFILES, "/etc/codekiln/profiles", optional=True)
    found = task.outputs
    return Run(found["run"], found["accelerator"], found["accelerators"], found["node_selector"], found["tolerations"])


def filtered(run: Run, samples: PipelineTask, image: str, step: str = "filter") -> PipelineArtifactChannel:
    """Filter the candidate programs of ``samples``; returns the training rows."""
    task = sized(filter(run=run.folder, samples=samples.outputs["data"], step=step), "2", "16G")
    return placed(task, step.replace("_", " "), image, runs_code=True).outputs["data"]


def generated(run: Run, image: str) -> PipelineArtifactChannel:
    """Let the teacher write candidate programs and filter them; returns the training rows."""
    task = sized(generate(run=run.folder, step="generate"), "1", "8G")
    return filtered(run, placed(task, "generate", image, hours=7 * 24, secrets=(*TRACKING, *MODELS, *TEACHER)), image)


def judged(run: Run, adapters: Mapping[str, PipelineArtifactChannel], image: str) -> None:
    """Evaluate adapters, in the order of the stages, and put the last one through the gate; neither is ever reused."""
    task = evaluate(run=run.folder, step="evaluate", **adapters)
    found = pooled(task, "evaluate", image, run, cached=False, runs_code=True)
    *_, last = adapters.values()
    task = promote(run=run.folder, evaluation=found.outputs["evaluation"], adapter=last, step="promote")
    placed(sized(task, "1", "8G"), "promote", image, cached=False)
