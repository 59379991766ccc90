"""What a run's training would take on a GPU pool, and what its evaluation could show."""

from codekiln import models, recipes
from codekiln.code import metrics
from codekiln.errors import InputError
from codekiln.evaluation import power
from codekiln.evaluation.spending import charge, confidence, level_of
from codekiln.launch.pools import Pool
from codekiln.settings.schema import BenchmarkSettings, GuardSettings, Settings
from codekiln.training.plan import TrainingPlan, plan

TRAININGS = ("sft", "dpo", "dpo_further")
"""The sections of the settings that are trainings."""


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
    return plan(spec, getattr(settings, section), settings.lora, pool, settings.strategy)


def plan_run(settings: Settings, pool: Pool) -> dict[str, TrainingPlan]:
    """Return how every training stage divides its work, by section of the settings.

    Raises:
        InputError: A stage does not fit the pool.
    """
    return {section: plan_stage(settings, section, pool) for section in TRAININGS}


def plan_evaluation(
    settings: Settings, problems: int, groups: int | None = None, benchmark: str = "", number: int = 1
) -> str:
    """Return what an evaluation on so many problems of so many groups can show, in words.

    Only pass@1 has known spreads: where a recipe protects something else, the text is the size, and what is sure to be
    refused.

    Args:
        settings: Of the run.
        problems: Their number.
        groups: Number of their groups; None: as many as problems.
        benchmark: Name of a further benchmark that the problems are of; empty: the main evaluation set.
        number: That of the candidate among those judged on these problems: later ones are judged more strictly.
    """
    tolerance = _tolerance(settings, benchmark)
    design = power.Design(problems, settings.evaluate.n, groups, tolerance, level_of(number))
    if power.obstacles(problems, design.clusters, settings.evaluation.minimum_problems):
        return f"{problems} problems of {design.clusters} groups, too few for the gate to judge by"
    guard = "pass@1" if benchmark else recipes.get(settings.recipe).guard
    if guard == "pass@1":
        text = power.describe(design, structural=not benchmark and settings.metric == metrics.DEFAULT)
    else:
        text = f"{problems} problems of {design.clusters} groups, {design.samples} samples each"
    if number > 1 and not benchmark:
        text += f"; with intervals at {confidence(level_of(number))} {charge(number)}"
    return "; warning: ".join([text, *_warnings(settings, design, guard, benchmark)])


def _warnings(settings: Settings, design: power.Design, guard: str, benchmark: str) -> list[str]:
    if not benchmark:
        return [*power.too_few_groups(design), *power.too_few_equal(design, guard)]
    critical = any(one.name == benchmark and one.role == "critical" for one in settings.evaluation.benchmark)
    return power.too_few_equal(design, f"{guard} on {benchmark}") if critical else []


def _tolerance(settings: Settings, benchmark: str) -> float:
    found = {one.name: one.tolerance for one in settings.evaluation.benchmark}
    return found[benchmark] if benchmark else settings.evaluation.tolerance


def require_enough(settings: Settings, problems: int, groups: int, benchmark: str = "") -> None:
    """Raise when the gate could never promote on such a set, whatever is trained.

    An advisory benchmark may be of any size, as it decides nothing.

    Raises:
        InputError: Too few problems, or too few groups of them.
    """
    if benchmark and not any(item.role == "critical" for item in _asked_of(settings, benchmark)):
        return
    minimum = settings.evaluation.minimum_problems
    if found := power.obstacles(problems, groups, minimum):
        more = "give more problems, or a larger problems.evaluation; a data set alone (--data-only) needs none"
        raise InputError(
            f"no adapter could be promoted: there are {' and '.join(found)}",
            where=f"benchmark {benchmark}" if benchmark else "evaluation problems",
            fix='give a larger benchmark, or make it advisory with role = "advisory"' if benchmark else more,
        )


def _asked_of(settings: Settings, benchmark: str) -> list[BenchmarkSettings | GuardSettings]:
    chosen = settings.evaluation
    return [
        *(one for one in chosen.benchmark if one.name == benchmark),
        *(one for one in chosen.guard if one.benchmark == benchmark),
    ]
