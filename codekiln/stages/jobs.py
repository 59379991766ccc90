"""From a stage's work to a job: where it runs, under which name, and with which model."""

from pathlib import Path

from codekiln import launch
from codekiln.data.folders import Dataset
from codekiln.data.manifests import DataManifest
from codekiln.data.records import Sample
from codekiln.inference import Sampling
from codekiln.inference.sampling.job import SamplingJob
from codekiln.stages.base import Work, code_version, identity_of
from codekiln.stages.run_folder import read_tracking


def place(work: Work) -> launch.LaunchContext:
    """Return where the jobs of a stage run."""
    tracking = read_tracking(work.run)
    return launch.LaunchContext(
        pool=work.settings.pool,
        run=tracking.parent_run_id if tracking else "",
        step=work.step,
        identity=identity_of(work.output),
        task_config=work.task_config,
    )


def sample(
    work: Work, problems: Path, adapter: Path | None, sampling: Sampling, output: Path, label: str
) -> list[Sample]:
    """Let the run's model write programs, unless ``output`` has them already; returns them.

    Args:
        work: The stage's work.
        problems: Folder of Problem rows.
        adapter: Folder of an adapter; None: the base model alone.
        sampling: How programs are drawn; the run's seed is added.
        output: Folder that gets the Sample rows.
        label: What the samples call their model.
    """
    if not DataManifest.describes(output):
        job = SamplingJob(
            base=work.settings.base_model,
            adapter=adapter,
            problems=problems,
            output=output,
            sampling=sampling.model_copy(update={"seed": sampling.seed + work.settings.seed}),
            label=label,
            code_version=code_version(),
        )
        launch.run(job, place(work), "" if label == work.step else label)
    return Dataset(output, Sample).rows()
