# mypy: disable-error-code="no-untyped-def"
from typing import Optional

from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output, TaskConfig

from components.base import job_component


@job_component
def evaluate(
    run: Input[Dataset],
    evaluation: Output[Dataset],
    metrics: Output[Metrics],
    page: Output[Markdown],
    step: str,
    task_config: TaskConfig,
    sft: Optional[Input[Model]] = None,
    dpo: Optional[Input[Model]] = None,
    dpo_further: Optional[Input[Model]] = None,
    dpo_further_2: Optional[Input[Model]] = None,
    dpo_further_3: Optional[Input[Model]] = None,
    candidate: Optional[Input[Model]] = None,
):
    """Sample, grade, score and compare the base model, every adapter and the champion on unseen problems.

    Args:
        run: Output of check.
        evaluation: Folder with graded/ per contender and evaluation.json.
        metrics: Means per contender.
        page: The table.
        step: Name of this step in the run.
        task_config: What is set on the task, for the job that it starts.
        sft: Adapter after SFT.
        dpo: Adapter after DPO.
        dpo_further: Adapter after the first round of self-generation.
        dpo_further_2: Adapter after the second round.
        dpo_further_3: Adapter after the third round.
        candidate: An adapter that existed before this run.
    """
    from codekiln.stages.step import stage_step

    stage_step(
        "evaluate",
        step,
        evaluation,
        metrics,
        page,
        task_config=task_config,
        run=run,
        sft=sft,
        dpo=dpo,
        dpo_further=dpo_further,
        dpo_further_2=dpo_further_2,
        dpo_further_3=dpo_further_3,
        candidate=candidate,
    )
