"""Before and after: replies of two contenders to the same problems, chosen without looking at them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from codekiln.data.records import Graded, Problem
from codekiln.evaluation import measures
from codekiln.evaluation.report.data import BeforeAfter
from codekiln.evaluation.running import Values
from codekiln.sandbox.grading import program_of

SHOWN = 5


def before_and_after(
    problems: Iterable[Problem],
    per_problem: Mapping[str, Mapping[str, Values]],
    replies: Callable[[str, Collection[str]], Iterable[Graded]],
    names: tuple[str, str],
    metric: str,
    passing: bool,
) -> tuple[BeforeAfter, ...]:
    """Return replies to problems spaced evenly from the best change to the worst: nothing is cherry-picked.

    Of a contender's replies to a problem, the one with the median value is shown. Only replies to the shown problems
    are held in memory.

    Args:
        problems: The problems that were evaluated.
        per_problem: Values by contender and task id, by which the problems are ranked.
        replies: Yields a contender's graded samples of some problems at least, with their scores.
        names: The contender before and the one after.
        metric: The target metric.
        passing: Whether only samples that pass count.
    """
    before, after = (_known(per_problem[name], metric, passing) for name in names)
    change = {task: after[task] - before[task] for task in before.keys() & after.keys()}
    ranked = sorted(change, key=lambda task: (-change[task], task))
    chosen = [ranked[round(place * (len(ranked) - 1) / (SHOWN - 1))] for place in range(SHOWN)] if ranked else []
    by_id = {row.task_id: row for row in problems if row.task_id in chosen}
    wanted = set(chosen)
    medians = [_medians(replies(name, wanted), wanted, metric, passing) if wanted else {} for name in names]
    return tuple(_example(by_id[task], names, [found[task] for found in medians]) for task in dict.fromkeys(chosen))


def _known(rows: Mapping[str, Values], metric: str, passing: bool) -> dict[str, float]:
    """Return the value of each problem that has one, and a reply that can be shown."""
    shown = {task: values for task, values in rows.items() if values["pass@1"] or not passing}
    return {task: value for task, values in shown.items() if (value := values.get(metric)) is not None}


def _medians(rows: Iterable[Graded], chosen: set[str], metric: str, passing: bool) -> dict[str, Graded]:
    """Return the reply with the median value to each of the chosen problems."""
    known: dict[str, list[tuple[float, Graded]]] = {}
    for row in rows:
        if row.sample.task_id in chosen and (row.verdict.passed or not passing):
            value = float(row.verdict.passed) if metric.startswith(measures.PASS) else row.score(metric)
            if value is not None:
                known.setdefault(row.sample.task_id, []).append((value, row))
    return {task: sorted(found, key=lambda pair: pair[0])[len(found) // 2][1] for task, found in known.items()}


def _example(problem: Problem, names: tuple[str, str], rows: Sequence[Graded]) -> BeforeAfter:
    before, after = rows
    return BeforeAfter(
        task_id=problem.task_id,
        prompt=problem.prompt,
        before_name=names[0],
        after_name=names[1],
        before_code=program_of(problem, before.sample),
        after_code=program_of(problem, after.sample),
        before_scores=_scores(before),
        after_scores=_scores(after),
    )


def _scores(row: Graded) -> dict[str, float | None]:
    return {score.metric: score.value for score in row.scores}
