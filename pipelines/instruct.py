"""Stop after supervised fine-tuning: check, generate, filter, SFT, evaluate, promote."""

from typing import Any

from components.base import IMAGE
from components.sft import sft
from pipelines.shared import add_check, add_evaluation, add_generation, pipeline
from pipelines.task_settings import configure_for_pool


@pipeline("instruct", __doc__)
def instruct(
    recipe: str = "",
    base_model: str = "",
    profile: str = "laptop",
    metric: str = "",
    pool: str = "",
    experiment: str = "",
    promote_as: str = "",
    image: str = IMAGE,
    overrides: dict[str, Any] = {},  # noqa: B006 - KFP reads the default from here
) -> None:
    """Train an adapter by supervised fine-tuning alone."""
    run = add_check(
        image, recipe=recipe, base_model=base_model, profile=profile, metric=metric, pool=pool,
        experiment=experiment, promote_as=promote_as, overrides=overrides,
    )  # fmt: skip
    task = sft(run=run.folder, data=add_generation(run, image), step="sft")
    adapter = configure_for_pool(task, "SFT", image, run).outputs["adapter"]
    add_evaluation(run, {"sft": adapter}, image)
