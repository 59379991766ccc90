"""The measures of a recipe, without a recipe."""

from dataclasses import dataclass, field

import pytest

from codekiln.code import metrics
from codekiln.errors import InputError
from codekiln.evaluation import measures
from codekiln.evaluation.measures import Measure

REALISM = Measure(name="realism", direction="higher", describe="How like a student's.", share=True)


@dataclass(frozen=True)
class Source:
    measures: tuple[Measure, ...] = ()
    distances: dict[str, tuple[str, ...]] = field(default_factory=dict)
    passes: str = "passes every hidden test"


def test_without_measures_of_its_own_a_source_has_the_code_metrics() -> None:
    assert list(measures.by_name(Source())) == list(metrics.names())
    assert measures.by_name(Source(measures=(REALISM,))) == {"realism": REALISM}


def test_measures_are_found_by_name() -> None:
    source = Source(measures=(REALISM,), distances={"outcomes": ("right", "wrong")}, passes="compiles")
    assert measures.look_up(source, "realism") == REALISM
    assert measures.look_up(source, "pass@1").describe == "Chance that a sample compiles."
    assert measures.look_up(source, "pass@10").describe == "Chance that at least one of 10 samples compiles."
    distance = measures.look_up(source, "outcomes")
    assert (distance.direction, distance.share) == ("lower", True)
    assert "right, wrong" in distance.describe
    everything = measures.look_up(source, measures.over_all_samples("realism"))
    assert (everything.name, everything.direction, everything.share) == ("realism, all samples", "higher", True)
    assert "all samples that parse" in everything.describe


@pytest.mark.parametrize("name", ["lines", "pass@0", "pass@", "pass@1x", "lines, all samples"])
def test_an_unknown_measure_is_the_users_mistake(name: str) -> None:
    with pytest.raises(InputError, match=f"no measure '{name}'\n.*realism"):
        measures.look_up(Source(measures=(REALISM,)), name)
