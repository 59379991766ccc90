"""Evaluate an adapter that exists already, and promote it when the gate lets it through."""

from kfp import dsl

from components.base import IMAGE
from components.evaluate import evaluate
from components.fetch import fetch
from components.promote import promote
from pipelines.common import checked, placed


@dsl.pipeline(name="judge", display_name="codekiln judge", description=__doc__)
def judge(
    adapter: str,
    base_model: str = "",
    profile: str = "laptop",
    metric: str = "",
    pool: str = "",
    experiment: str = "",
    promote_as: str = "",
    image: str = IMAGE,
    overrides: str = "",
):
    """Evaluate and perhaps promote an adapter that exists already."""
    run = checked(
        dict(
            recipe="",
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
    found = placed(fetch(run=run.outputs["run"], source=adapter, step="fetch"), "fetch", image, cached=False)
    judged = placed(
        evaluate(run=run.outputs["run"], candidate=found.outputs["adapter"], step="evaluate"),
        "evaluate",
        image,
        cached=False,
    )
    placed(
        promote(
            run=run.outputs["run"],
            evaluation=judged.outputs["evaluation"],
            adapter=found.outputs["adapter"],
            step="promote",
        ),
        "promote",
        image,
        cached=False,
    )
