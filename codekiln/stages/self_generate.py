"""self_generate: the trained model writes candidate programs for the training problems."""

from codekiln.dataset import Dataset
from codekiln.records import Problem
from codekiln.stages.base import Stage, Summary, Work
from codekiln.stages.candidates import collect
from codekiln.teachers import ask


def _self_generate(work: Work) -> Summary:
    from codekiln.inference.local import LocalGenerator

    settings = work.settings
    sampling = settings.self_generate.model_copy(update={"seed": settings.self_generate.seed + settings.seed})
    problems = Dataset(work.inputs["train_problems"], Problem).rows()
    generator = LocalGenerator(settings.base_model, work.inputs["adapter"])
    samples = collect(
        problems,
        lambda rows: ask(generator, sampling, rows, work.step),
        work.output / "samples",
        work.step,
        shown=False,
    )
    return Summary(figures={"problems": len(problems), "samples": len(samples)})


self_generate = Stage(
    name="self_generate",
    reads=("base_model", "self_generate", "seed"),
    uses={"train_problems": ".", "adapter": "."},
    work=_self_generate,
)
