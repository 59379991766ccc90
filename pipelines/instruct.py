"""Stop after supervised fine-tuning: check, generate, filter, SFT, evaluate, promote."""

from kfp import dsl

from components.base import IMAGE
from components.evaluate import evaluate
from components.promote import promote
from components.sft import sft
from pipelines.common import checked, generated, placed


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
        dict(
            recipe=recipe,
            base_model=base_model,
            profile=profile,
            metric=metric,
            pool=pool,
            experiment=experiment,
            promote_as=promote_as,
            overrides=overrides,
        ),
        image,
    )
    data = generated(run, image)
    tuned = placed(sft(run=run.outputs["run"], data=data.outputs["data"], step="sft"), "SFT", image)
    judged = placed(
        evaluate(run=run.outputs["run"], sft=tuned.outputs["adapter"], step="evaluate"), "evaluate", image, cached=False
    )
    placed(
        promote(
            run=run.outputs["run"],
            evaluation=judged.outputs["evaluation"],
            adapter=tuned.outputs["adapter"],
            step="promote",
        ),
        "promote",
        image,
        cached=False,
    )
