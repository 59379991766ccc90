"""Parallelisation plans of a run's training stages on a GPU pool."""

from collections.abc import Mapping
from typing import Literal

from codekiln import models
from codekiln.launch.pools import Pool
from codekiln.settings.schema import Settings
from codekiln.training.plan import TrainingPlan, plan

# The kind of training of each section of the settings.
KINDS: Mapping[str, Literal["sft", "dpo"]] = {"sft": "sft", "dpo": "dpo", "dpo_further": "dpo"}


def plan_stage(settings: Settings, section: str, pool: Pool) -> TrainingPlan:
    """Return how one training stage divides its work.

    Args:
        settings: The run's settings.
        section: 'sft', 'dpo' or 'dpo_further'.
        pool: The pool that it trains on.

    Raises:
        InputError: It does not fit the pool.
    """
    spec = models.get(settings.base_model)
    return plan(spec, getattr(settings, section), settings.lora, KINDS[section], pool, settings.strategy)


def plan_run(settings: Settings, pool: Pool) -> dict[str, TrainingPlan]:
    """Return how every training stage divides its work, by section of the settings.

    Raises:
        InputError: A stage does not fit the pool.
    """
    return {section: plan_stage(settings, section, pool) for section in KINDS}
