"""Settings of the maintainability recipe."""

from typing import Literal

from pydantic import Field, field_validator

from codekiln.code import metrics
from codekiln.recipes.types import RecipeSettings


class MaintainabilitySettings(RecipeSettings):
    """How preference pairs and examples are chosen."""

    pairs: tuple[str, ...] = Field(
        (),
        description="files or Hub ids of preference pairs, whose programs are taken in place of a teacher's and are "
        "run, measured and paired anew",
    )
    margin: float = Field(3.0, ge=0, description="least difference in the metric within a quality pair")
    tie_break: tuple[str, ...] = Field(
        ("cognitive_complexity", "lint_count"),
        description="metrics that order programs which the metric cannot: those without operators, and equal ones",
    )
    tie_break_margin: float = Field(1.0, gt=0, description="least difference in a metric of tie_break")
    pairs_per_problem: int = Field(2, ge=1, description="largest number of pairs of each stratum per problem")
    correctness_share: float = Field(0.5, ge=0, le=1, description="largest share of correctness pairs; 1: no limit")
    examples_per_problem: int = Field(4, ge=1, description="largest number of SFT rows per problem")
    examples: Literal["random", "best"] = Field("random", description="which solutions SFT sees: any, or the best")
    negatives: Literal["worst", "alike"] = Field(
        "worst",
        description="rejected in a quality pair: the worst program, or the most similar of those worse by the margin",
    )
    max_likeness: float = Field(
        1.0,
        gt=0,
        le=1,
        description="largest share of tokens that the two programs of a pair have in common; 1: no limit",
    )
    same: Literal["structure", "text"] = Field(
        "structure",
        description="duplicates: programs equal up to names and comments, or only programs of equal text",
    )
    ties: Literal["drop", "first"] = Field(
        "drop",
        description="programs of equal score: no pair; or the one written first is chosen, if there are only two",
    )
    ask: Literal["tests", "signature"] = Field(
        "tests",
        description="how problems are shown: with their visible tests, or with the function's signature and no test",
    )
    system: str = Field("", description="system turn of every conversation; empty: none")

    @field_validator("tie_break")
    @classmethod
    def _have_a_direction(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = [metric for metric in metrics.names() if metrics.get(metric).direction != "none"]
        if unfit := [name for name in names if name not in known]:
            raise ValueError(f"{unfit[0]!r} orders no programs; the metrics that do: {', '.join(known)}")
        return names
