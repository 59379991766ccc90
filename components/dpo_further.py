from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output

from components.base import component


@component
def dpo_further(
    run: Input[Dataset],
    data: Input[Dataset],
    start: Input[Model],
    adapter: Output[Model],
    metrics: Output[Metrics],
    page: Output[Markdown],
    step: str,
):
    """Train an adapter on pairs of programs it wrote itself.

    Args:
        run: Output of check.
        data: Output of filter.
        start: The adapter to continue.
        adapter: The trained adapter.
        metrics: Losses, margins and counts.
        page: Summary.
        step: Name of this step in the run.
    """
    from codekiln.stages.step import stage_step

    stage_step("dpo_further", step, adapter, metrics, page, run=run, data=data, start=start)
