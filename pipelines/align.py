"""The whole flow: check, generate, filter, SFT, DPO, rounds of self-generation, evaluate, promote."""

from typing import Any

from kfp.dsl.pipeline_channel import PipelineArtifactChannel

from components.base import IMAGE
from components.dpo import dpo
from components.dpo_further import dpo_further
from components.self_generate import self_generate
from components.sft import sft
from pipelines import MAX_ROUNDS
from pipelines.shared import add_check, add_evaluation, add_filter, add_generation, pipeline
from pipelines.task_settings import CheckedRun, configure_for_pool


def build(rounds: int = 1, name: str = "align", about: str = __doc__) -> Any:
    """Return the pipeline with a fixed number of rounds, since KFP has no loop that carries state.

    Raises:
        ValueError: ``rounds`` is not between 0 and 3.
    """
    if not 0 <= rounds <= MAX_ROUNDS:
        raise ValueError(f"rounds is {rounds}; there can be 0 to {MAX_ROUNDS}")

    @pipeline(name, about)
    def align(
        recipe: str = "",
        base_model: str = "",
        profile: str = "laptop",
        metric: str = "",
        pool: str = "",
        experiment: str = "",
        promote_as: str = "",
        image: str = IMAGE,
        overrides: dict[str, Any] = {},  # noqa: B006 - KFP reads the default from here
    ) -> None:
        """Train, judge and perhaps promote an adapter."""
        run = add_check(
            image, recipe=recipe, base_model=base_model, profile=profile, metric=metric, pool=pool,
            experiment=experiment, promote_as=promote_as, overrides=overrides,
        )  # fmt: skip
        data = add_generation(run, image)
        sft_task = configure_for_pool(sft(run=run.folder, data=data, step="sft"), "SFT", image, run)
        start = sft_task.outputs["adapter"]
        dpo_task = configure_for_pool(dpo(run=run.folder, data=data, start=start, step="dpo"), "DPO", image, run)
        adapters = {"sft": start, "dpo": dpo_task.outputs["adapter"]}
        for number in range(1, rounds + 1):
            _add_round(run, adapters, "" if number == 1 else f"_{number}", image)
        add_evaluation(run, adapters, image)

    return align


def _add_round(run: CheckedRun, adapters: dict[str, PipelineArtifactChannel], suffix: str, image: str) -> None:
    """Add a round of self-generation and DPO that starts at the last adapter; adds its result to ``adapters``."""
    *_, last = adapters.values()
    samples = self_generate(run=run.folder, adapter=last, step=f"self_generate{suffix}")
    configure_for_pool(samples, f"self-generate{suffix}", image, run)
    data = add_filter(run, samples, image, f"self_filter{suffix}")
    task = dpo_further(run=run.folder, data=data, start=last, step=f"dpo_further{suffix}")
    adapters[f"dpo_further{suffix}"] = configure_for_pool(task, f"DPO-further{suffix}", image, run).outputs["adapter"]


align = build()
