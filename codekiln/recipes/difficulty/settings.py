"""Settings of the difficulty recipe."""

from pydantic import Field, field_validator, model_validator

from codekiln.code import metrics
from codekiln.data import near_duplicates
from codekiln.recipes.difficulty.rates import BandThresholds
from codekiln.recipes.difficulty.ratios import NAME, STANDARD, BandRatio
from codekiln.recipes.types import RecipeSettings


class DifficultySettings(RecipeSettings):
    """Where samples come from, where the bands begin, and which data sets are made."""

    runs: tuple[str, ...] = Field(
        (), description="files of samples, graded or not, of any models, or globs; empty: the teacher is sampled"
    )
    easy: float = Field(0.75, gt=0, le=1, description="least pass@1 of an easy problem")
    medium: float = Field(0.3, gt=0, le=1, description="least pass@1 of a medium problem; below, it is hard")
    sure: float = Field(
        0.7,
        ge=0,
        lt=1,
        description="least chance that a problem's true pass@1 is in its band; below, it is unsure, and in no data set",
    )
    least_samples: int = Field(5, ge=1, description="fewest samples of a problem from which its band is estimated")
    mix: str = Field("balanced", description="the data set that SFT trains on")
    mixes: dict[str, BandRatio] = Field(
        {}, validate_default=True, description="ratios of further data sets by name, or other ratios for the four"
    )
    size: int | None = Field(None, ge=1, description="most rows of a data set; empty: as many as the ratio allows")
    best_by: str = Field("structural_maintainability", description="metric by which solutions are chosen")
    solutions_per_problem: int = Field(
        1, ge=1, description="largest number of solutions of one problem; rows and problems both have the ratio"
    )
    apart: float = Field(
        0.2, ge=0, le=1, description="least distance between the syntax trees of two solutions of one problem"
    )
    near_duplicate: float = Field(
        near_duplicates.THRESHOLD, gt=0, le=1, description="share of 5-grams from which two texts are near-duplicates"
    )

    @property
    def thresholds(self) -> BandThresholds:
        """Where the bands begin, and how sure they have to be."""
        return BandThresholds(self.easy, self.medium, self.sure)

    @field_validator("mixes")
    @classmethod
    def _add_the_standard(cls, mixes: dict[str, BandRatio]) -> dict[str, BandRatio]:
        if unfit := [name for name in mixes if not NAME.fullmatch(name)]:
            raise ValueError(f"names become parts of file names: letters, digits, - and _ only, not {unfit}")
        return STANDARD | mixes

    @field_validator("best_by")
    @classmethod
    def _has_a_direction(cls, name: str) -> str:
        known = [metric for metric in metrics.names() if metrics.get(metric).direction != "none"]
        if name not in known:
            raise ValueError(f"must be one of: {', '.join(known)}")
        return name

    @model_validator(mode="after")
    def _is_consistent(self) -> "DifficultySettings":
        if self.medium >= self.easy:
            raise ValueError(f"medium = {self.medium} must be below easy = {self.easy}")
        if self.mix not in self.mixes:
            raise ValueError(f"mix = '{self.mix}' is none of: {', '.join(self.mixes)}")
        return self
