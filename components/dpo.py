# mypy: disable-error-code="no-untyped-def"
from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output, TaskConfig

from components.base import job_component


@job_component
def dpo(
    run: Input[Dataset],
    data: Input[Dataset],
    start: Input[Model],
    adapter: Output[Model],
    metrics: Output[Metrics],
    page: Output[Markdown],
    step: str,
    task_config: TaskConfig,
):
    """Train an adapter further on preference pairs.

    Args:
        run: Output of check.
        data: Output of filter.
        start: The adapter to continue.
        adapter: The trained adapter.
        metrics: Losses, margins and counts.
        page: Summary.
        step: Name of this step in the run.
        task_config: What is set on the task, for the job that it starts.
    """
    from codekiln.stages.step import stage_step

    stage_step("dpo", step, adapter, metrics, page, task_config=task_config, run=run, data=data, start=start)
