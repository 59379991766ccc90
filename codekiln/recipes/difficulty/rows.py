"""The mix that is trained on as training rows, and the solutions that it leaves out as rejected rows."""

from collections.abc import Sequence

from codekiln.data.folders import Rejected
from codekiln.data.records import Example
from codekiln.errors import InputError
from codekiln.recipes.base import example
from codekiln.recipes.difficulty.mixture import Mix, RatedSolutions
from codekiln.recipes.difficulty.rates import UNSOLVED
from codekiln.recipes.difficulty.solutions import Solution
from codekiln.recipes.types import TrainingRows


def build(rated: RatedSolutions, mixes: Sequence[Mix], name: str) -> TrainingRows:
    """Return the examples of the mix ``name``; every other solution is rejected with its reason.

    Raises:
        InputError: The mix cannot be made; the message has what it needs and what there is.
    """
    for item in mixes:
        print(f"difficulty: {item.name}: {item.obstacle or f'{len(item.rows)} rows'}", flush=True)
    chosen = next(item for item in mixes if item.name == name)
    if chosen.obstacle:
        raise _unattainable(chosen, rated)
    taken = {_key(row) for row in chosen.rows}
    over = [row for rows in rated.solutions.values() for row in rows if _key(row) not in taken]
    rejected = [*rated.rejected, *(Rejected("over-ratio", _example(row)) for row in over)]
    return TrainingRows(examples=[_example(row) for row in chosen.rows], rejected=rejected)


def _key(solution: Solution) -> tuple[str, int]:
    return solution.problem.task_id, solution.rank


def _example(solution: Solution) -> Example:
    return example(solution.problem, solution.graded)


def _unattainable(chosen: Mix, rated: RatedSolutions) -> InputError:
    bands = list(rated.bands.values())
    counted = ", ".join(f"{bands.count(band)} {band}" for band in dict.fromkeys(sorted(bands)))
    advice = "give a mix that the bands allow (recipes.difficulty.mix), other thresholds, or more problems"
    if bands.count(UNSOLVED) == len(bands):
        advice = "sample a stronger model (teacher, teachers.*), or give its samples as recipes.difficulty.runs"
    return InputError(
        f"the mix '{chosen.name}' cannot be made: {chosen.obstacle}; of {len(bands)} problems: {counted}",
        where="recipes.difficulty.mix",
        fix=advice,
    )
