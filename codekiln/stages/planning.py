"""How the training stages of a run divide their work over a pool."""

from codekiln import models
from codekiln.launch.pools import Pool
from codekiln.settings.schema import Settings
from codekiln.training.plan import TrainingPlan, plan

KINDS = {"sft": "sft", "dpo": "dpo", "dpo_further": "dpo"}


def plan_stage(settings: Settings, section: str, pool: Pool) -> TrainingPlan:
    """Return how one training stage divides its work.

    Args:
        settings: The run's settings.
        section: 'sft', 'dpo' or 'dpo_further'.
        pool: Where it trains.

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
