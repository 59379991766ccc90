"""The recipe and the teacher of a run, configured by its settings."""

from collections.abc import Sequence
from typing import Any

from codekiln import recipes, teachers
from codekiln.data.records import Graded, Problem, Sample
from codekiln.recipes.base import Recipe
from codekiln.settings.schema import Settings
from codekiln.teachers import Teacher


def recipe_of(settings: Settings) -> Recipe[Any]:
    """Return the recipe of a run."""
    kind = recipes.get(settings.recipe)
    own = kind.Settings.model_validate(settings.recipes[settings.recipe])
    return kind(own, metric=settings.metric, seed=settings.seed)


def teacher_of(settings: Settings) -> Teacher[Any]:
    """Return the teacher of a run."""
    kind = teachers.get(settings.teacher)
    own = kind.Settings.model_validate(settings.teachers[settings.teacher])
    return kind(own, seed=settings.seed)


def grade(
    recipe: Recipe[Any], problems: Sequence[Problem], samples: Sequence[Sample], settings: Settings, label: str
) -> list[Graded]:
    """Return the samples with the recipe's verdicts, graded with a run's workers and limits."""
    return recipe.grade(problems, samples, workers=settings.workers or None, limits=settings.sandbox, label=label)
