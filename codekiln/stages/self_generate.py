"""self_generate: the trained model writes candidate programs for the training problems."""

from codekiln.stages.base import Stage, Summary, Work
from codekiln.stages.jobs import sample


def _self_generate(work: Work) -> Summary:
    samples = sample(
        work,
        work.inputs["train_problems"],
        work.inputs["adapter"],
        work.settings.self_generate,
        work.output / "samples",
        work.step,
    )
    return Summary(figures={"problems": len({row.task_id for row in samples}), "samples": len(samples)})


self_generate = Stage(
    name="self_generate",
    reads=("base_model", "self_generate", "seed"),
    uses={"train_problems": ".", "adapter": "."},
    work=_self_generate,
)
