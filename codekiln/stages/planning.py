"""What a run's training would take on a GPU pool, and what its evaluation could show."""

from collections.abc import Mapping
from typing import Literal

from codekiln import models, recipes
from codekiln.code import metrics
from codekiln.errors import InputError
from codekiln.evaluation import power
from codekiln.evaluation.spending import level_of
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


def plan_evaluation(settings: Settings, problems: int, groups: int | None = None) -> str:
    """Return what an evaluation on so many problems of so many groups can show, in words.

    For the first candidate on the set: later ones are judged more strictly. Only pass@1 has known spreads: where a
    recipe protects something else, the text is the size, and what is sure to be refused.
    """
    design = power.Design(problems, settings.evaluate.n, groups, settings.evaluation.tolerance, level_of(1))
    guard = recipes.get(settings.recipe).guard
    if guard == "pass@1":
        text = power.describe(design, structural=settings.metric == metrics.DEFAULT)
    else:
        text = f"{problems} problems of {design.clusters} groups, {design.samples} samples each"
    return "; warning: ".join([text, *power.warnings(design, guard)])


def require_enough(settings: Settings, problems: int, groups: int) -> None:
    """Raise when the gate could never promote on such a set, whatever is trained.

    Raises:
        InputError: Too few problems, or too few groups of them.
    """
    minimum = settings.evaluation.minimum_problems
    if found := power.obstacles(problems, groups, minimum):
        raise InputError(
            f"no adapter could be promoted: there are {' and '.join(found)}",
            where="evaluation problems",
            fix="give more problems, or a larger problems.evaluation; a data set alone (--data-only) needs none",
        )
