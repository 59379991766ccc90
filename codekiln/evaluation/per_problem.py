"""Values per problem: from graded samples to one number per problem, contender and measure."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from codekiln.data.records import Graded
from codekiln.errors import InputError
from codekiln.evaluation.running import RunningValues, Values

PerProblem = Mapping[str, Mapping[str, Values]]
"""Values by contender and task id."""


def by_task(rows: Iterable[Graded]) -> dict[str, list[Graded]]:
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
        raise InputError(
            f"nothing to evaluate: no samples of {', '.join(empty) or 'any contender'}",
            where="evaluation",
            fix="give samples of every contender",
        )
    # Differences are paired by problem, and pass@k depends on the number of samples.
    first, tasks = next(iter(contenders.items()))
    samples = len(next(iter(tasks.values())))
    for name, other in contenders.items():
        if odd := sorted(set(tasks) ^ set(other)):
            raise InputError(
                f"'{name}' and '{first}' were sampled on different problems: {_few(odd)}",
                where="evaluation",
                fix="sample every contender on the same problems",
            )
        if odd := sorted(task for task, rows in other.items() if len(rows) != samples):
            raise unequal_samples(name, samples, odd)
    return list(tasks), samples


def unequal_samples(name: str, samples: int, odd: Sequence[str]) -> InputError:
    """Return the error for a contender that has another number of samples of some problems."""
    return InputError(
        f"'{name}' has not {samples} samples for: {_few(odd)}",
        where="evaluation",
        fix="sample every problem equally often, for every contender",
    )


def values_of(
    rows: Iterable[Graded],
    ks: Sequence[int],
    metrics: Sequence[str],
    of_passing: Collection[str],
    both: Collection[str],
) -> Values:
    """Return the values of one problem from its samples; see `RunningValues`."""
    running = RunningValues(metrics, of_passing, both)
    for row in rows:
        running.add(row)
    return running.values(ks)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
