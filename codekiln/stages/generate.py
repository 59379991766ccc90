"""generate: the teacher writes candidate programs for the training problems."""

from codekiln import recipes, teachers
from codekiln.dataset import Dataset
from codekiln.records import Problem
from codekiln.sampling.candidates import collect
from codekiln.stages.base import Stage, Summary, Work, code_version


def _generate(work: Work) -> Summary:
    settings = work.settings
    kind = teachers.get(settings.teacher)
    teacher = kind(kind.Settings.model_validate(settings.teachers[settings.teacher]), seed=settings.seed)
    recipe = recipe_of(work)
    problems = Dataset(work.inputs["train_problems"], Problem).rows()
    samples = collect(
        problems, lambda rows: recipe.generate(rows, teacher), work.output / "samples", work.step, code_version()
    )
    return Summary(
        figures={"problems": len(problems), "samples": len(samples), **teacher.usage()},
        notes={"teacher": settings.teacher, "recipe": settings.recipe},
    )


def recipe_of(work: Work) -> recipes.Recipe:
    """Return the run's recipe, set up."""
    settings = work.settings
    kind = recipes.get(settings.recipe)
    own = kind.Settings.model_validate(settings.recipes[settings.recipe])
    return kind(own, metric=settings.metric, seed=settings.seed)


generate = Stage(
    name="generate",
    reads=("recipe", "recipes", "teacher", "teachers", "seed"),
    uses={"train_problems": "."},
    work=_generate,
)
