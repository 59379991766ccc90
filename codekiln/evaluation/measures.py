"""What is measured of replies: a recipe's own measures, or the code metrics of passing programs, and pass@k."""

import re
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from codekiln.code import metrics

if TYPE_CHECKING:
    from codekiln.recipes.base import Recipe

PASS = "pass@"


class Measure(BaseModel):
    """What a measure is called, which way is better, and what it says in one sentence.

    ``share`` marks a value between 0 and 1, which is written with three digits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    direction: Literal["higher", "lower", "none"]
    describe: str
    share: bool = False


def of(recipe: "type[Recipe[Any]]") -> dict[str, Measure]:
    """Return what replies to a recipe's problems are measured by, pass@k and distances aside, by name."""
    return {measure.name: measure for measure in recipe.measures or map(of_metric, metrics.names())}


def of_metric(name: str) -> Measure:
    """Return a code metric as a measure."""
    metric = metrics.get(name)
    return Measure(name=name, direction=metric.direction, describe=metric.describe)


def look_up(recipe: "type[Recipe[Any]]", name: str) -> Measure | None:
    """Return a measure of a recipe, a pass@k or a distance by name, or None when there is no such thing."""
    if name in recipe.distances:
        shares = ", ".join(recipe.distances[name])
        describe = f"Half the L1 distance between the mean shares of {shares} and those of the reference."
        return Measure(name=name, direction="lower", describe=describe, share=True)
    if re.fullmatch(rf"{PASS}[1-9][0-9]*", name):
        k = name.removeprefix(PASS)
        who = "a sample" if k == "1" else f"at least one of {k} samples"
        return Measure(name=name, direction="higher", describe=f"Chance that {who} {recipe.passes}.", share=True)
    return of(recipe).get(name)
