from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output

from components.base import component


@component
def sft(
    run: Input[Dataset],
    data: Input[Dataset],
    adapter: Output[Model],
    metrics: Output[Metrics],
    page: Output[Markdown],
    step: str,
):
    """Fine-tune the base model on verified examples.

    Args:
        run: Output of check.
        data: Output of filter.
        adapter: The trained adapter.
        metrics: Losses and counts.
        page: Summary.
        step: Name of this step in the run.
    """
    from codekiln.stages.step import stage_step

    stage_step("sft", step, adapter, metrics, page, run=run, data=data)
