"""self_generate: sample candidate programs for the training problems from the trained model."""

from codekiln.stages.base import Stage, StageContext, Summary
from codekiln.stages.jobs import sample


def _self_generate(context: StageContext) -> Summary:
    data = sample(
        context,
        context.inputs["train_problems"],
        context.inputs["adapter"],
        context.settings.self_generate,
        context.output / "samples",
        context.step,
    )
    return Summary(figures={"problems": len({row.task_id for row in data}), "samples": len(data)})


self_generate = Stage(
    name="self_generate",
    settings_keys=("base_model", "engine", "vllm", "self_generate", "seed"),
    input_parts={"train_problems": ".", "adapter": "."},
    run=_self_generate,
)
