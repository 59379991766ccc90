"""Stop after supervised fine-tuning: check, generate, filter, SFT, evaluate, promote."""

from kfp import dsl

from components.base import IMAGE
from components.sft import sft
from pipelines.common import checked, generated, judged, placed


@dsl.pipeline(name="instruct", display_name="codekiln instruct", description=__doc__)
def instruct(
    recipe: str = "",
    base_model: str = "",
    profile: str = "laptop",
    metric: str = "",
    pool: str = "",
    experiment: str = "",
    promote_as: str = "",
    image: str = IMAGE,
    overrides: str = "",
):
    """Train an adapter by supervised fine-tuning alone."""
    run = checked(
        image, recipe=recipe, base_model=base_model, profile=profile, metric=metric, pool=pool,
        experiment=experiment, promote_as=promote_as, overrides=overrides,
    )  # fmt: skip
    tuned = placed(sft(run=run, data=generated(run, image), step="sft"), "SFT", image)
    judged(run, {"sft": tuned.outputs["adapter"]}, image)
