"""Make a data set and stop: check, generate, filter."""

from typing import Any

from components.base import IMAGE
from pipelines.shared import add_check, add_generation, pipeline


@pipeline("data", __doc__)
def data(
    recipe: str = "",
    base_model: str = "",
    profile: str = "laptop",
    metric: str = "",
    pool: str = "",
    experiment: str = "",
    image: str = IMAGE,
    overrides: dict[str, Any] = {},  # noqa: B006 - KFP reads the default from here
) -> None:
    """Make a data set and stop."""
    run = add_check(
        image, recipe=recipe, base_model=base_model, profile=profile, metric=metric, pool=pool,
        experiment=experiment, promote_as="", overrides=overrides, gate=False,
    )  # fmt: skip
    add_generation(run, image)
