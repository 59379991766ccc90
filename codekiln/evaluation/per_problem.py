"""Values per problem: from graded samples to one number per problem, contender and measure."""

from collections.abc import Collection, Mapping, Sequence
from math import fsum

from codekiln.data.passk import pass_at_k
from codekiln.data.records import Graded
from codekiln.errors import InputError
from codekiln.evaluation.measures import over_all_samples

Values = dict[str, float | None]
PerProblem = Mapping[str, Mapping[str, Values]]
"""Values by contender and task id."""


def by_task(rows: Sequence[Graded]) -> dict[str, list[Graded]]:
    """Return samples by task id."""
    tasks: dict[str, list[Graded]] = {}
    for row in rows:
        tasks.setdefault(row.verdict.task_id, []).append(row)
    return tasks


def common_tasks(contenders: Mapping[str, Mapping[str, Sequence[Graded]]]) -> tuple[list[str], int]:
    """Return the tasks and the number of samples per task, which must be the same for all contenders.

    Raises:
        InputError: Different problems or numbers of samples, or none.
    """
    if not contenders or not all(contenders.values()):
        empty = [name for name, tasks in contenders.items() if not tasks]
        raise InputError(f"nothing to evaluate: no samples of {', '.join(empty) or 'any contender'}")
    # Differences are paired by problem, and pass@k depends on the number of samples.
    first, tasks = next(iter(contenders.items()))
    samples = len(next(iter(tasks.values())))
    for name, other in contenders.items():
        if odd := sorted(set(tasks) ^ set(other)):
            raise InputError(
                f"'{name}' and '{first}' were sampled on different problems: {_few(odd)}",
                fix="sample every contender on the same problems",
            )
        if odd := sorted(task for task, rows in other.items() if len(rows) != samples):
            raise InputError(
                f"'{name}' has not {samples} samples for: {_few(odd)}",
                fix="sample every problem equally often, for every contender",
            )
    return list(tasks), samples


def values_of(
    rows: Sequence[Graded],
    ks: Sequence[int],
    metrics: Sequence[str],
    of_passing: Collection[str],
    both: Collection[str],
) -> Values:
    """Return the values of one problem from its samples.

    Args:
        rows: The samples of one contender.
        ks: The k of pass@k.
        metrics: Metrics to average over the samples that have a value.
        of_passing: Those of them that only passing samples count for.
        both: Those of them that are averaged over all samples as well, as a measure of its own.

    Raises:
        InputError: A sample that counts was not scored.
    """
    passing = [row for row in rows if row.verdict.passed]
    values: Values = {f"pass@{k}": pass_at_k(len(rows), len(passing), k) for k in ks}
    for metric in metrics:
        values[metric] = _mean(passing if metric in of_passing else rows, metric)
        if metric in both:
            values[over_all_samples(metric)] = _mean(rows, metric, every=True)
    return values


def _mean(rows: Sequence[Graded], metric: str, every: bool = False) -> float | None:
    scores = [value for row in rows if (value := _score(row, metric, every)) is not None]
    # fsum is exact, so that the order of samples changes no digit.
    return fsum(scores) / len(scores) if scores else None


def _score(row: Graded, metric: str, every: bool) -> float | None:
    if (every or row.verdict.passed) and all(score.metric != metric for score in row.scores):
        which = "sample" if every else "passing sample"
        raise InputError(
            f"a {which} of {row.verdict.task_id} was not scored on '{metric}'",
            fix=f"score every {which} on every metric before evaluating",
        )
    return row.score(metric)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
