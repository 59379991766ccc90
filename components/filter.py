# mypy: disable-error-code="no-untyped-def"
from kfp.dsl import Dataset, Input, Markdown, Metrics, Output

from components.base import component


@component
def filter(
    run: Input[Dataset],
    samples: Input[Dataset],
    data: Output[Dataset],
    metrics: Output[Metrics],
    page: Output[Markdown],
    step: str,
):
    """Grade candidate programs in the sandbox, score them, and keep what training may learn from.

    Args:
        run: Output of check.
        samples: Output of generate or self_generate.
        data: Folder with graded/, examples/, pairs/ and labelled/, each with its rejected rows.
        metrics: Counts per reason.
        page: Summary.
        step: Name of this step in the run.
    """
    from codekiln.stages.step import stage_step

    stage_step("filter", step, data, metrics, page, run=run, samples=samples)
