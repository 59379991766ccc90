# mypy: disable-error-code="no-untyped-def"
from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output

from components.base import component


@component
def fetch(
    run: Input[Dataset],
    adapter: Output[Model],
    metrics: Output[Metrics],
    page: Output[Markdown],
    step: str,
    source: str,
):
    """Bring an adapter that exists already: from the model registry or a folder.

    Args:
        run: Output of check.
        adapter: The adapter.
        metrics: Its size.
        page: Where it came from.
        step: Name of this step in the run.
        source: models:/name/version, models:/name@alias, or a folder.
    """
    from codekiln.stages.step import stage_step

    stage_step("fetch", step, adapter, metrics, page, parameters={"source": source}, run=run)
