"""The measures of an evaluation: a recipe's own or else the code metrics of passing programs, pass@k, and distances."""

import re
from collections.abc import Mapping
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from codekiln.code import metrics
from codekiln.errors import InputError

PASS = "pass@"
_ALL_SAMPLES = ", all samples"


class Measure(BaseModel):
    """A measure's name, its better direction, and a description of one sentence.

    ``share`` marks a value between 0 and 1, which is written with three digits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    direction: Literal["higher", "lower", "none"]
    describe: str
    share: bool = False


class MeasureSource(Protocol):
    """What evaluation needs to know of a recipe; `codekiln.recipes.base.Recipe` documents the attributes."""

    # Read-only properties, because a recipe's class matches them and a subclass may narrow their types.
    @property
    def measures(self) -> tuple[Measure, ...]:
        """Measures of a reply; empty: the code metrics of passing programs."""

    @property
    def distances(self) -> Mapping[str, tuple[str, ...]]:
        """Measures of a whole contender: the shares whose distance from the reference is taken, by name."""

    @property
    def passes(self) -> str:
        """What a passing reply does, as a verb phrase."""


def by_name(source: MeasureSource) -> dict[str, Measure]:
    """Return the measures of single replies by name; pass@k and distances are not among them."""
    return {measure.name: measure for measure in source.measures or map(of_metric, metrics.names())}


def of_metric(name: str) -> Measure:
    """Return a code metric as a measure."""
    metric = metrics.get(name)
    return Measure(name=name, direction=metric.direction, describe=metric.describe)


def over_all_samples(name: str) -> str:
    """Return how the mean of a metric over all samples that parse is called, passing or not."""
    return name + _ALL_SAMPLES


def look_up(source: MeasureSource, name: str) -> Measure:
    """Return a measure, also one over all samples, a pass@k or a distance by name.

    Raises:
        InputError: There is no measure of that name.
    """
    if name in source.distances:
        shares = ", ".join(source.distances[name])
        describe = f"Half the L1 distance between the mean shares of {shares} and those of the reference."
        return Measure(name=name, direction="lower", describe=describe, share=True)
    if re.fullmatch(rf"{PASS}[1-9][0-9]*", name):
        k = name.removeprefix(PASS)
        who = "a sample" if k == "1" else f"at least one of {k} samples"
        return Measure(name=name, direction="higher", describe=f"Chance that {who} {source.passes}.", share=True)
    known = by_name(source)
    one = known.get(name.removesuffix(_ALL_SAMPLES))
    if one is None:
        raise InputError(f"no measure '{name}'", where="metric", fix=f"choose one of: {', '.join(known)}")
    if name == one.name:
        return one
    describe = f"The mean of {one.name} over all samples that parse, whether they pass or not."
    return one.model_copy(update={"name": name, "describe": describe})
