"""Make a data set and stop: check, generate, filter."""

from kfp import dsl

from components.base import IMAGE
from pipelines.common import checked, generated


@dsl.pipeline(name="data", display_name="codekiln data", description=__doc__)
def data(
    recipe: str = "",
    base_model: str = "",
    profile: str = "laptop",
    metric: str = "",
    pool: str = "",
    experiment: str = "",
    image: str = IMAGE,
    overrides: str = "",
):
    """Make a data set and stop."""
    run = checked(
        image, recipe=recipe, base_model=base_model, profile=profile, metric=metric, pool=pool,
        experiment=experiment, promote_as="", overrides=overrides,
    )  # fmt: skip
    generated(run, image)
