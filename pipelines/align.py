"""The whole flow: check, generate, filter, SFT, DPO, rounds of self-generation, evaluate, promote."""

from kfp import dsl

from components.base import IMAGE
from components.dpo import dpo
from components.dpo_further import dpo_further
from components.self_generate import self_generate
from components.sft import sft
from pipelines.common import checked, filtered, generated, judged
from pipelines.placing import pooled

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
            image, recipe=recipe, base_model=base_model, profile=profile, metric=metric, pool=pool,
            experiment=experiment, promote_as=promote_as, overrides=overrides,
        )  # fmt: skip
        data = generated(run, image)
        tuned = pooled(sft(run=run.folder, data=data, step="sft"), "SFT", image, run).outputs["adapter"]
        preferring = dpo(run=run.folder, data=data, start=tuned, step="dpo")
        adapters = {"sft": tuned, "dpo": pooled(preferring, "DPO", image, run).outputs["adapter"]}
        for number in range(1, rounds + 1):
            _round(run, adapters, "" if number == 1 else f"_{number}", image)
        judged(run, adapters, image)

    return align


def _round(run, adapters: dict, suffix: str, image: str) -> None:
    """Let the last adapter write programs, and train it on pairs of them; adds the new adapter to ``adapters``."""
    *_, last = adapters.values()
    written = self_generate(run=run.folder, adapter=last, step=f"self_generate{suffix}")
    data = filtered(run, pooled(written, f"self-generate{suffix}", image, run), image, f"self_filter{suffix}")
    task = dpo_further(run=run.folder, data=data, start=last, step=f"dpo_further{suffix}")
    adapters[f"dpo_further{suffix}"] = pooled(task, f"DPO-further{suffix}", image, run).outputs["adapter"]


align = build()
