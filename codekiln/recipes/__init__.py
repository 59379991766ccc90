"""Data recipes: one file each, discovered; how problems become training rows.

A recipe is a file in this folder with one class derived from `Recipe`; the file's name is the recipe's name. The
stages do what recipes have in common, so a recipe says only what is its own:

    generate stage   recipe.generate(problems, teacher)   -> candidates per problem, written as they come
    filter stage     grades every candidate in the sandbox, scores those that pass, applies the filters
                     recipe.rows(problems, graded)         -> examples, pairs, and what was rejected and why

`rows` is given everything at once, so that a recipe can also choose by the whole (mixes by difficulty, shares of a
stratum); `generate` is a generator over problems, so that the caller can stop and go on between two of them. A
recipe that needs no teacher (one that walks a corpus, or reads submissions that exist) ignores it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from codekiln import discovery
from codekiln.dataset import Rejected
from codekiln.records import Example, Graded, Pair, Problem, Sample
from codekiln.teachers import Teacher


class RecipeSettings(BaseModel):
    """Base of a recipe's own settings: frozen, and an unknown key is an error. Every field has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass
class Rows:
    """What a recipe made of graded candidates.

    Attributes:
        examples: Rows for supervised fine-tuning.
        pairs: Rows for DPO.
        rejected: Rows that were turned away, each with a short kebab-case reason.
    """

    examples: list[Example] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Recipe(ABC):
    """How problems become training rows.

    Args:
        settings: The recipe's own settings, an instance of its ``Settings``.
        metric: Name of the metric that a run is to improve.
        seed: Seeds every choice; the same inputs and seed give the same rows.

    Attributes:
        name: The recipe's file name, with ``-`` for ``_``.
        describe: One sentence for the table of recipes.
        Settings: The schema of the recipe's own settings.
    """

    name: ClassVar[str]
    describe: ClassVar[str]
    Settings: ClassVar[type[RecipeSettings]] = RecipeSettings

    def __init_subclass__(cls) -> None:
        cls.name = cls.__module__.rpartition(".")[2].replace("_", "-")

    def __init__(self, settings: RecipeSettings, *, metric: str, seed: int) -> None:
        self.settings, self.metric, self.seed = settings, metric, seed

    def generate(self, problems: Iterable[Problem], teacher: Teacher) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with its candidate solutions, in order and lazily; a problem may have none."""
        return teacher.solve(problems)

    @abstractmethod
    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> Rows:
        """Return the training rows.

        Args:
            problems: Every problem that candidates were asked for, including those without one.
            graded: All candidates that the filters kept, failing ones too, in any order.
        """


def names() -> tuple[str, ...]:
    """Return the names of all recipes."""
    return discovery.names(__name__)


def get(name: str) -> type[Recipe]:
    """Return a recipe's class by name, or raise InputError with a suggestion."""
    return discovery.load(__name__, name, Recipe)
