"""generate: the teacher writes candidate programs for the training problems."""

import json
from typing import Any

from codekiln import recipes, teachers
from codekiln.data.folders import Dataset
from codekiln.data.records import Problem
from codekiln.inference.sampling.candidates import collect
from codekiln.recipes.base import Recipe
from codekiln.settings.schema import Settings
from codekiln.stages.base import Stage, Summary, Work, code_version


def _generate(work: Work) -> Summary:
    settings = work.settings
    kind = teachers.get(settings.teacher)
    teacher = kind(kind.Settings.model_validate(settings.teachers[settings.teacher]), seed=settings.seed)
    recipe = recipe_of(settings)
    problems = Dataset(work.inputs["train_problems"], Problem).rows()
    samples = collect(
        problems, lambda rows: recipe.generate(rows, teacher), work.output / "samples", work.step, code_version()
    )
    return Summary(
        figures={"problems": len(problems), "samples": len(samples), **teacher.usage()},
        notes={"teacher": settings.teacher, "recipe": settings.recipe},
    )


def recipe_of(settings: Settings) -> Recipe[Any]:
    """Return the recipe of a run, set up."""
    kind = recipes.get(settings.recipe)
    own = kind.Settings.model_validate(settings.recipes[settings.recipe])
    return kind(own, metric=settings.metric, seed=settings.seed)


generate = Stage(
    name="generate",
    reads=("recipe", "recipes", "teacher", "teachers", "seed"),
    uses={"train_problems": "."},
    work=_generate,
    identity=lambda work: {"sources": json.dumps(recipe_of(work.settings).sources(), sort_keys=True)},
)
