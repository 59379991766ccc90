from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output

from components.base import component


@component
def self_generate(
    run: Input[Dataset],
    adapter: Input[Model],
    data: Output[Dataset],
    metrics: Output[Metrics],
    page: Output[Markdown],
    step: str,
):
    """Let the trained model write candidate programs for the training problems.

    Args:
        run: Output of check.
        adapter: The adapter that writes.
        data: Folder with samples/.
        metrics: Counts.
        page: Summary.
        step: Name of this step in the run.
    """
    from codekiln.stages.step import stage_step

    stage_step("self_generate", step, data, metrics, page, run=run, adapter=adapter)
