"""Jobs that stages launch: where they run, and the sampling job that two stages share."""

from pathlib import Path

from codekiln import launch
from codekiln.data.folders import Dataset
from codekiln.data.manifests import DataManifest
from codekiln.data.records import Sample
from codekiln.inference import Sampling
from codekiln.inference.sampling.job import SamplingJob
from codekiln.stages.base import StageContext, code_version, identity_of
from codekiln.stages.engine import engine_of
from codekiln.stages.monitoring.job_observer import job_observer
from codekiln.stages.run_folder import find_tracking


def launch_context(context: StageContext) -> launch.LaunchContext:
    """Return where the jobs of a stage run, and the run and step that they belong to."""
    tracking = find_tracking(context.run_folder)
    return launch.LaunchContext(
        pool=context.settings.pool,
        run=tracking.parent_run_id if tracking else "",
        step=context.step,
        identity=identity_of(context.output),
        task_config=context.task_config,
        base_model=context.settings.base_model,
        recipe=context.settings.recipe,
        observer=job_observer(context.step, context.run_folder, context.settings.notify_after_seconds),
    )


def sample(
    context: StageContext, problems: Path, adapter: Path | None, sampling: Sampling, output: Path, label: str
) -> Dataset[Sample]:
    """Return the programs that the run's model writes, in files; those that ``output`` has already are not drawn again.

    Args:
        context: Settings and folders of the stage.
        problems: Folder of Problem rows.
        adapter: Folder of an adapter; None: the base model alone.
        sampling: How programs are drawn; the run's seed is added.
        output: Folder that gets the Sample rows.
        label: Name of the model in the samples.
    """
    # A step that is retried after its job has ended must not sample again.
    if not DataManifest.describes(output):
        job = SamplingJob(
            base=context.settings.base_model,
            adapter=adapter,
            problems=problems,
            output=output,
            sampling=sampling.model_copy(update={"seed": sampling.seed + context.settings.seed}),
            engine=engine_of(context.settings)[0],
            vllm=context.settings.vllm,
            label=label,
            title=context.step if label == context.step else f"{context.step}: {label}",
            code_version=code_version(),
        )
        launch.run(job, launch_context(context), "" if label == context.step else label)
    return Dataset(output, Sample)
