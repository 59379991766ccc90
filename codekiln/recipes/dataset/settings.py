"""Settings of the dataset recipe."""

from pydantic import Field

from codekiln.recipes.types import RecipeSettings


class DatasetSettings(RecipeSettings):
    """Which files hold the rows, and what of them SFT sees."""

    files: tuple[str, ...] = Field(
        (), description="files or Hub ids of SFT, preference or KTO rows; empty: 60 shipped examples and pairs"
    )
    sft_on_chosen: bool = Field(
        True, description="chosen replies of pairs, and replies labelled as good, are SFT examples too"
    )
