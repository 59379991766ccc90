"""generate: the teacher writes candidate programs for the training problems."""

import json
from collections.abc import Mapping

from codekiln.data.folders import Dataset
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.inference.sampling.candidates import collect
from codekiln.stages.base import Stage, StageContext, Summary, code_version
from codekiln.stages.configured import recipe_of, teacher_of

_TROUBLES = ("cut_off", "cut_off_in_thought", "only_thought", "filtered", "refused", "failed", "missing")


def _generate(context: StageContext) -> Summary:
    settings = context.settings
    recipe, teacher = recipe_of(settings), teacher_of(settings)
    problems = Dataset(context.inputs["train_problems"], Problem).rows()
    samples = collect(
        problems,
        lambda rows: recipe.generate(rows, teacher),
        context.output / "samples",
        context.step,
        code_version(),
        shown=not teacher.shows_progress,
    )
    # What happened comes first: the line of the stage shows only some of the counts.
    used = dict(sorted(teacher.usage().items(), key=lambda count: not count[1]))
    if not samples and used.get("answers"):
        raise _nothing_written(settings.teacher, used)
    return Summary(
        figures={"problems": len(problems), "samples": len(samples), **used},
        notes={"teacher": settings.teacher, "recipe": settings.recipe},
    )


def _nothing_written(teacher: str, used: Mapping[str, float]) -> InputError:
    told = [f"{name} {count:.0f}" for name, count in used.items() if count and name in _TROUBLES]
    where = f"teachers.{teacher}"
    fix = "look at one answer of the server"
    if used.get("cut_off_in_thought") or used.get("only_thought"):
        off = "extra = {chat_template_kwargs = {enable_thinking = false}}"
        low = 'extra = {reasoning_effort = "low"} (OpenAI, gpt-oss)'
        fix = (
            f"raise {where}.sampling.max_new_tokens (max_completion_tokens, where {where}.extra has that), or turn "
            f"thinking off or down, for example with {where}.{off} or {where}.{low}"
        )
    return InputError(
        f"none of {used['answers']:.0f} answers has a program: {', '.join(told) or 'all are empty'}",
        where=where,
        fix=fix,
    )


generate = Stage(
    name="generate",
    settings_keys=("recipe", "recipes", "teacher", "teachers", "seed"),
    input_parts={"train_problems": "."},
    run=_generate,
    identity=lambda context: {"sources": json.dumps(recipe_of(context.settings).sources(), sort_keys=True)},
)
