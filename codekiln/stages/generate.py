"""generate: the teacher writes candidate programs for the training problems."""

import json

from codekiln.data.folders import Dataset
from codekiln.data.records import Problem
from codekiln.inference.sampling.candidates import collect
from codekiln.stages.base import Stage, StageContext, Summary, code_version
from codekiln.stages.configured import recipe_of, teacher_of


def _generate(context: StageContext) -> Summary:
    settings = context.settings
    recipe, teacher = recipe_of(settings), teacher_of(settings)
    problems = Dataset(context.inputs["train_problems"], Problem).rows()
    samples = collect(
        problems, lambda rows: recipe.generate(rows, teacher), context.output / "samples", context.step, code_version()
    )
    return Summary(
        figures={"problems": len(problems), "samples": len(samples), **teacher.usage()},
        notes={"teacher": settings.teacher, "recipe": settings.recipe},
    )


generate = Stage(
    name="generate",
    settings_keys=("recipe", "recipes", "teacher", "teachers", "seed"),
    input_parts={"train_problems": "."},
    run=_generate,
    identity=lambda context: {"sources": json.dumps(recipe_of(context.settings).sources(), sort_keys=True)},
)
