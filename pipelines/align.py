"""The whole flow: check, generate, filter, SFT, DPO, rounds of self-generation, evaluate, promote."""

from kfp import dsl

from components.base import IMAGE
from components.dpo import dpo
from components.dpo_further import dpo_further
from components.evaluate import evaluate
from components.promote import promote
from components.self_generate import self_generate
from components.sft import sft
from pipelines.common import checked, filtered, generated, placed

MAX_ROUNDS = 3


def build(rounds: int = 1):
    """Return the pipeline with a fixed number of rounds, since KFP has no loop that carries state.

    Raises:
        ValueError: ``rounds`` is not between 1 and 3.
    """
    if not 1 <= rounds <= MAX_ROUNDS:
        raise ValueError(f"rounds is {rounds}; there can be 1 to {MAX_ROUNDS}")

    @dsl.pipeline(name="align", display_name="codekiln align", description=__doc__)
    def align(
        recipe: str = "",
        base_model: str = "",
        profile: str = "laptop",
        metric: str = "",
        pool: str = "",
        experiment: str = "",
        promote_as: str = "",
        image: str = IMAGE,
        overrides: str = "",
    ):
        """Train, judge and perhaps promote an adapter."""
        run = checked(
            dict(
                recipe=recipe,
                base_model=base_model,
                profile=profile,
                metric=metric,
                pool=pool,
                experiment=experiment,
                promote_as=promote_as,
                overrides=overrides,
            ),
            image,
        )
        data = generated(run, image)
        adapters = {}
        task = placed(sft(run=run.outputs["run"], data=data.outputs["data"], step="sft"), "SFT", image)
        adapters["sft"] = task.outputs["adapter"]
        task = placed(
            dpo(run=run.outputs["run"], data=data.outputs["data"], start=adapters["sft"], step="dpo"), "DPO", image
        )
        adapters["dpo"] = last = task.outputs["adapter"]
        for number in range(1, rounds + 1):
            suffix = "" if number == 1 else f"_{number}"
            written = placed(
                self_generate(run=run.outputs["run"], adapter=last, step=f"self_generate{suffix}"),
                f"self-generate{suffix}",
                image,
            )
            data = filtered(run, written, image, f"self_filter{suffix}")
            task = placed(
                dpo_further(run=run.outputs["run"], data=data.outputs["data"], start=last, step=f"dpo_further{suffix}"),
                f"DPO-further{suffix}",
                image,
            )
            adapters[f"dpo_further{suffix}"] = last = task.outputs["adapter"]
        judged = placed(evaluate(run=run.outputs["run"], step="evaluate", **adapters), "evaluate", image, cached=False)
        placed(
            promote(run=run.outputs["run"], evaluation=judged.outputs["evaluation"], adapter=last, step="promote"),
            "promote",
            image,
            cached=False,
        )

    return align


align = build()
