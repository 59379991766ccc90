"""What a difference between two contenders' means is made of: other code, or other samples and problems that pass."""

from collections.abc import Iterable
from math import fsum

from pydantic import BaseModel, ConfigDict

from codekiln.evaluation.measures import over_all_samples
from codekiln.evaluation.per_problem import PerProblem


class Decomposition(BaseModel):
    """The parts of the difference between two contenders' means of a metric over passing samples.

    With ``P(c, i)`` the mean over contender c's passing samples of problem i, ``A(c, i)`` that over all its samples,
    and *both* the ``n`` problems on which both contenders have a passing sample with a value:

    * ``code`` = mean over both of A(contender, i) - A(against, i): how the code changes;
    * ``samples`` = mean over both of P(contender, i) - P(against, i), minus ``code``: which samples pass;
    * ``problems`` = the rest: which problems pass.

    ``difference`` = mean of P(contender, i) over its own problems - the same of ``against``
    = ``code`` + ``samples`` + ``problems``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contender: str
    against: str
    measure: str
    difference: float
    code: float
    samples: float
    problems: float
    n: int


def decompose(per_problem: PerProblem, contender: str, against: str, measure: str) -> Decomposition | None:
    """Return the parts of a difference, or None when no problem is passed by both."""
    (after, after_all), (before, before_all) = (
        (_known(per_problem, name, measure), _known(per_problem, name, over_all_samples(measure)))
        for name in (contender, against)
    )
    both = [task for task in after if task in before]
    if not both:
        return None
    difference = _mean(after.values()) - _mean(before.values())
    paired = fsum(after[task] - before[task] for task in both) / len(both)
    code = fsum(after_all[task] - before_all[task] for task in both) / len(both)
    return Decomposition(
        contender=contender,
        against=against,
        measure=measure,
        difference=difference,
        code=code,
        samples=paired - code,
        problems=difference - paired,
        n=len(both),
    )


def _known(per_problem: PerProblem, contender: str, measure: str) -> dict[str, float]:
    return {task: value for task, row in per_problem[contender].items() if (value := row[measure]) is not None}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fsum(found) / len(found)
