# mypy: disable-error-code="no-untyped-def"
from kfp.dsl import HTML, Dataset, Input, Markdown, Metrics, Model, Output

from components.base import component


@component
def promote(
    run: Input[Dataset],
    evaluation: Input[Dataset],
    adapter: Input[Model],
    verdict: Output[Dataset],
    metrics: Output[Metrics],
    page: Output[Markdown],
    report: Output[HTML],
    step: str,
):
    """Put the adapter through the gate, register it, and write the report.

    Args:
        run: Output of check.
        evaluation: Output of evaluate.
        adapter: The adapter to promote.
        verdict: Folder with results.json, report.html and the model card.
        metrics: The gate's figures.
        page: The gate's sentence.
        report: The report.
        step: Name of this step in the run.
    """
    from codekiln.stages.step import stage_step

    stage_step("promote", step, verdict, metrics, page, report=report, run=run, evaluation=evaluation, adapter=adapter)
