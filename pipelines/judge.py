"""Evaluate an adapter that exists already, and promote it when the gate lets it through."""

from typing import Any

from components.base import IMAGE
from components.fetch import fetch
from pipelines.shared import add_check, add_evaluation, pipeline
from pipelines.task_settings import configure, set_resources


@pipeline("judge", __doc__)
def judge(
    adapter: str,
    base_model: str = "",
    profile: str = "laptop",
    metric: str = "",
    pool: str = "",
    experiment: str = "",
    promote_as: str = "",
    image: str = IMAGE,
    overrides: dict[str, Any] = {},  # noqa: B006 - KFP reads the default from here
) -> None:
    """Evaluate and perhaps promote an adapter that exists already."""
    run = add_check(
        image, recipe="", base_model=base_model, profile=profile, metric=metric, pool=pool,
        experiment=experiment, promote_as=promote_as, overrides=overrides,
    )  # fmt: skip
    task = set_resources(fetch(run=run.folder, source=adapter, step="fetch"), "1", "4G")
    # Not cached: an alias in the registry may point at another version by now.
    configure(task, "fetch", image, cached=False, hours=2)
    add_evaluation(run, {"candidate": task.outputs["adapter"]}, image)
