"""The mix that is trained on as training rows, and the solutions that it leaves out as rejected rows."""

from collections import Counter
from collections.abc import Sequence

from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded
from codekiln.data.text import first_line
from codekiln.errors import InputError
from codekiln.recipes.base import example
from codekiln.recipes.difficulty.compiling import flaw_of
from codekiln.recipes.difficulty.mixture import Mix, RatedSolutions
from codekiln.recipes.difficulty.rates import UNSOLVED, UNSURE
from codekiln.recipes.difficulty.solutions import Solution
from codekiln.recipes.types import TrainingRows


def build(rated: RatedSolutions, mixes: Sequence[Mix], name: str, graded: Sequence[Graded] = ()) -> TrainingRows:
    """Return the examples of the mix ``name``; every other solution is rejected with its reason.

    Args:
        rated: The rated problems and their solutions.
        mixes: Every mix.
        name: The mix that is trained on.
        graded: All samples, from which it is told why none passes.

    Raises:
        InputError: The mix cannot be made; the message has what it needs and what there is.
    """
    for item in mixes:
        print(f"difficulty: {item.name}: {item.obstacle or _size(item)}", flush=True)
    chosen = next(item for item in mixes if item.name == name)
    if chosen.obstacle:
        raise _unattainable(chosen, rated, graded)
    taken = {_key(row) for row in chosen.rows}
    over = [row for rows in rated.solutions.values() for row in rows if _key(row) not in taken]
    rejected = [*rated.rejected, *(Rejected("over-ratio", _example(row)) for row in over)]
    return TrainingRows(examples=[_example(row) for row in chosen.rows], rejected=rejected)


def _size(mix: Mix) -> str:
    return f"{len(mix.rows)} rows of {len({row.problem.task_id for row in mix.rows})} problems"


def _key(solution: Solution) -> tuple[str, int]:
    return solution.problem.task_id, solution.rank


def _example(solution: Solution) -> Example:
    return example(solution.problem, solution.graded)


def _unattainable(chosen: Mix, rated: RatedSolutions, graded: Sequence[Graded]) -> InputError:
    bands = list(rated.bands.values())
    counted = ", ".join(f"{bands.count(band)} {band}" for band in dict.fromkeys(sorted(bands)))
    advice = "give a mix that the bands allow (recipes.difficulty.mix), other thresholds, or more problems"
    if UNSURE in bands:
        advice += f"; for the {UNSURE} ones more samples, or a lower recipes.difficulty.sure"
    why = ""
    if bands.count(UNSOLVED) == len(bands):
        why, advice = _why_unsolved(graded)
    return InputError(
        f"the mix '{chosen.name}' cannot be made: {chosen.obstacle}; of {len(bands)} problems: {counted}{why}",
        where="recipes.difficulty.mix",
        fix=advice,
    )


def _why_unsolved(graded: Sequence[Graded]) -> tuple[str, str]:
    """Return what became of samples none of which passed, and what to do."""
    if graded and all(row.verdict.status == "invalid" for row in graded):
        return f"; {(flaw := flaw_of(_solutions(graded))).what}", flaw.fix
    advice = "sample a stronger model (teacher, teachers.*), or give its samples as recipes.difficulty.runs"
    if not graded:
        return "", advice
    statuses = Counter(row.verdict.status for row in graded)
    shown = ", ".join(f"{count:,} {status}" for status, count in statuses.most_common())
    first = next((row.verdict for row in graded if row.verdict.status == statuses.most_common(1)[0][0]), None)
    example = f", such as {first.task_id}: {first_line(first.detail)}" if first and first.detail else ""
    return f"; of {len(graded):,} samples: {shown}{example}", advice


def _solutions(graded: Sequence[Graded]) -> list[tuple[str, str]]:
    return [(row.sample.task_id, row.sample.solution or row.sample.completion or "") for row in graded]
