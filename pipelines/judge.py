"""Evaluate an adapter that exists already, and promote it when the gate lets it through."""

from kfp import dsl

from components.base import IMAGE
from components.fetch import fetch
from pipelines.common import checked, judged, placed


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
        image, recipe="", base_model=base_model, profile=profile, metric=metric, pool=pool,
        experiment=experiment, promote_as=promote_as, overrides=overrides,
    )  # fmt: skip
    found = placed(fetch(run=run, source=adapter, step="fetch"), "fetch", image, cached=False)
    judged(run, {"candidate": found.outputs["adapter"]}, image)
