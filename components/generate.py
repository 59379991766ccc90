# mypy: disable-error-code="no-untyped-def"
from kfp.dsl import Dataset, Input, Markdown, Metrics, Output

from components.base import component


@component
def generate(run: Input[Dataset], data: Output[Dataset], metrics: Output[Metrics], page: Output[Markdown], step: str):
    """Let the teacher write candidate programs for the training problems.

    Args:
        run: Output of check.
        data: Folder with samples/.
        metrics: Counts.
        page: Summary.
        step: Name of this step in the run.
    """
    from codekiln.stages.step import stage_step

    stage_step("generate", step, data, metrics, page, run=run)
