# mypy: disable-error-code="valid-type,type-arg"
from typing import NamedTuple

from kfp.dsl import Dataset, Markdown, Output

from components.base import component


@component
def check(
    run: Output[Dataset],
    page: Output[Markdown],
    recipe: str,
    base_model: str,
    profile: str,
    metric: str,
    pool: str,
    experiment: str,
    promote_as: str,
    overrides: dict,
    gate: bool,
) -> NamedTuple(
    "Placement", [("accelerator", str), ("accelerators", str), ("node_selector", dict), ("tolerations", list)]
):
    """Resolve and prove the settings, the problems and the registry before anything costs time.

    Args:
        run: Resolved settings, training problems and evaluation problems; every later stage takes it.
        page: What was checked, and what was found.
        recipe: Data recipe.
        base_model: A model name, a path, or a Hub id.
        profile: Sizes and defaults for the place the run is in.
        metric: Target metric: orders pairs, and is what the gate tests.
        pool: GPU pool that trains; empty trains in the step itself.
        experiment: MLflow experiment.
        promote_as: Registered model name; empty derives it from the base model.
        overrides: Settings over the profile, by name.
        gate: Whether a gate ends the run, so that the evaluation problems must suffice for one.

    Returns:
        What the tasks that use the pool ask for.
    """
    from codekiln.stages.step import check_step

    form = dict(
        recipe=recipe, base_model=base_model, metric=metric, pool=pool, experiment=experiment, promote_as=promote_as
    )
    return check_step(run, page, profile, form, overrides, gate)
