# mypy: disable-error-code="no-untyped-def"
from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output, TaskConfig

from components.base import job_component


@job_component
def self_generate(
    run: Input[Dataset],
    adapter: Input[Model],
    data: Output[Dataset],
    metrics: Output[Metrics],
    page: Output[Markdown],
    step: str,
    task_config: TaskConfig,
):
    """Let the trained model write candidate programs for the training problems.

    Args:
        run: Output of check.
        adapter: The adapter that writes.
        data: Folder with samples/.
        metrics: Counts.
        page: Summary.
        step: Name of this step in the run.
        task_config: What is set on the task, for the job that it starts.
    """
    from codekiln.stages.step import stage_step

    stage_step("self_generate", step, data, metrics, page, task_config=task_config, run=run, adapter=adapter)
