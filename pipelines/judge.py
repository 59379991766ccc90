"""Evaluate an adapter that exists already, and promote it when the gate lets it through."""

from kfp import dsl

from components.base import IMAGE
from components.fetch import fetch
from pipelines.common import checked, judged
from pipelines.placing import placed, sized


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
    found = placed(
        sized(fetch(run=run.folder, source=adapter, step="fetch"), "1", "4G"), "fetch", image, cached=False, hours=2
    )
    judged(run, {"candidate": found.outputs["adapter"]}, image)
