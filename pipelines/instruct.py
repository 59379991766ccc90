"""Stop after supervised fine-tuning: check, generate, filter, SFT, evaluate, promote."""

from kfp import dsl

from components.base import IMAGE
from components.sft import sft
from pipelines.common import checked, generated, judged
from pipelines.placing import pooled


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
    tuned = pooled(sft(run=run.folder, data=generated(run, image), step="sft"), "SFT", image, run)
    judged(run, {"sft": tuned.outputs["adapter"]}, image)
