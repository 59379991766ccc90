"""Settings of the recipe corpus-tasks."""

import math
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from codekiln.code import mutation
from codekiln.data import near_duplicates
from codekiln.errors import did_you_mean
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES, ReplyForm
from codekiln.recipes.corpus_tasks.source import STDLIB
from codekiln.recipes.types import RecipeSettings


class CorpusTasksSettings(RecipeSettings):
    """Which functions are used, for which tasks, and how much evidence a bug or a reply needs."""

    corpus: str = Field(
        STDLIB, min_length=1, description="a folder of Python files, or 'stdlib': that of the running interpreter"
    )
    include: tuple[str, ...] = Field((), description="globs of paths below the folder; empty: all")
    exclude: tuple[str, ...] = Field((), description="globs of paths that are left out")
    licence: str = Field("", description="licence of the corpus, noted with each problem; empty: PSF-2.0 for stdlib")
    shares: dict[str, float] = Field(
        dict.fromkeys(CATEGORIES, 1.0), description="weight of each category; counts are exact"
    )
    shortage: Literal["fail", "shrink"] = Field(
        "fail",
        description="where a category runs short: fail, or shrink the data set and say by how much",
    )
    min_lines: int = Field(5, ge=1, description="shortest function, in lines")
    max_lines: int = Field(60, ge=1, description="longest function, in lines")
    max_characters: int = Field(6000, ge=500, description="most characters of a task and its reference together")
    functions: int = Field(1200, ge=1, description="largest number of functions to analyse")
    per_file: int = Field(12, ge=1, description="most functions of a file before other files have had their turn")
    trials: int = Field(8, ge=1, description="largest number of input-output examples of a function")
    outcomes: int = Field(
        3,
        ge=2,
        description="distinct results in the examples from which a function counts as run; 2 for predicates",
    )
    mutants: int = Field(5, ge=1, description="mutants tried per function")
    families: tuple[str, ...] = Field((), description="families of bugs; empty: all families of logical errors")
    spare: float = Field(
        0.5, ge=0, description="extra training tasks, as a share, that replace those whose teacher's reply is rejected"
    )
    reply_form: ReplyForm = Field(
        "program", description="a bug fix holds the whole function, or edits 'line N: new text', for small models"
    )
    unproven: bool = Field(False, description="also use bugs that were not proven to change behaviour; marked")
    duplicate: float = Field(
        near_duplicates.THRESHOLD, gt=0, le=1, description="similarity from which two functions or replies count as one"
    )
    alike: float = Field(
        0.5, gt=0, le=near_duplicates.THRESHOLD,
        description="similarity from which two functions belong to the same side of the split",
    )  # fmt: skip

    @property
    def corpus_name(self) -> str:
        """Name of the corpus in the rows: ``stdlib``, or that of its folder."""
        return STDLIB if self.corpus == STDLIB else Path(self.corpus).resolve().name

    @property
    def corpus_licence(self) -> str:
        """Licence of the corpus; empty where it is not known."""
        return self.licence or ("PSF-2.0" if self.corpus == STDLIB else "")

    @field_validator("shares")
    @classmethod
    def _known_categories(cls, value: dict[str, float]) -> dict[str, float]:
        if unknown := [name for name in value if name not in CATEGORIES]:
            raise ValueError(f"no category '{unknown[0]}': {did_you_mean(unknown[0], CATEGORIES)}")
        if min(value.values(), default=0) < 0 or not 0 < sum(value.values()) < math.inf:
            raise ValueError("weights must be finite and not negative, and at least one must be positive")
        return {name: value.get(name, 0.0) for name in CATEGORIES}

    @model_validator(mode="after")
    def _in_order(self) -> "CorpusTasksSettings":
        for low, high in (("min_lines", "max_lines"), ("outcomes", "trials")):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} = {getattr(self, low)} is more than {high} = {getattr(self, high)}")
        return self

    @field_validator("families")
    @classmethod
    def _known_families(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = [name for name, kind in mutation.kinds().items() if kind.intended != "syntax"]
        if unknown := [name for name in value if name not in known]:
            raise ValueError(f"no family '{unknown[0]}': {did_you_mean(unknown[0], known)}")
        return value
