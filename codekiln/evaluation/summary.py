"""Evaluation of contenders on one set of problems: values per problem, means per contender, and paired differences."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from codekiln.data.records import Graded
from codekiln.errors import InputError
from codekiln.evaluation.decomposition import Decomposition, decompose
from codekiln.evaluation.estimation import CHAMPION, Comparison, Estimator, pairs
from codekiln.evaluation.per_problem import PerProblem, by_task, common_tasks, unequal_samples, values_of
from codekiln.evaluation.running import Values
from codekiln.evaluation.statistics import RESAMPLES, Interval

__all__ = ["CHAMPION", "Comparison", "Decomposition", "Evaluation", "evaluate", "evaluate_values"]


class Design(BaseModel):
    """How values per problem become results: the arguments of `evaluate_values` that the results do not show."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all_samples: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    groups: dict[str, str] = {}
    strata: dict[str, str] = {}
    distances: dict[str, tuple[str, ...]] = {}
    reference: str = ""


class Evaluation(BaseModel):
    """All results on one set of problems; ``contenders`` and ``comparisons`` carry 95 % intervals.

    ``strata`` holds the means of all contenders for each stratum of the problems, by its name. ``decompositions`` say
    what differences are made of, for the metrics that are averaged over all samples as well as over passing ones.
    ``benchmarks`` holds the same contenders' results on further benchmarks, by name. ``design`` is what `recomputed`
    needs besides the values; None in evaluations that older versions of codekiln made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: tuple[str, ...]
    problems: int
    samples: int
    resamples: int
    seed: int
    per_problem: dict[str, dict[str, Values]]
    contenders: dict[str, dict[str, Interval]]
    comparisons: tuple[Comparison, ...]
    strata: dict[str, dict[str, dict[str, Interval]]] = {}
    decompositions: tuple[Decomposition, ...] = ()
    benchmarks: dict[str, "Evaluation"] = {}
    design: Design | None = None

    def on(self, benchmark: str) -> "Evaluation":
        """Return the evaluation on a further benchmark, or this one for an empty name.

        Raises:
            InputError: There is no such benchmark.
        """
        if benchmark and benchmark not in self.benchmarks:
            fix = f"choose one of: {', '.join(self.benchmarks) or 'none'}"
            raise InputError(f"no benchmark '{benchmark}' was evaluated", where="evaluation", fix=fix)
        return self.benchmarks[benchmark] if benchmark else self

    def compare(self, contender: str, against: str, measure: str) -> Comparison:
        """Return one comparison.

        Raises:
            InputError: The evaluation has no such comparison.
        """
        for item in self.comparisons:
            if (item.contender, item.against, item.measure) == (contender, against, measure):
                return item
        raise InputError(
            f"'{contender}' was not compared with '{against}' on '{measure}'",
            where="evaluation",
            fix="run the evaluate stage again",
        )

    def recomputed(self) -> "Evaluation":
        """Return the evaluation, with its benchmarks, computed anew from its values per problem.

        Raises:
            InputError: It does not say how they were summarised, since an older version of codekiln made it.
        """
        if self.design is None:
            raise InputError(
                "an older version of codekiln made it, which did not keep the groups of its problems",
                where="evaluation",
                fix="run the evaluate stage again",
            )
        design = {name: getattr(self.design, name) for name in Design.model_fields}
        found = evaluate_values(self.per_problem, self.samples, resamples=self.resamples, seed=self.seed, **design)
        return found.model_copy(
            update={"benchmarks": {name: each.recomputed() for name, each in self.benchmarks.items()}}
        )


def evaluate(
    graded: Mapping[str, Sequence[Graded]],
    metrics: Sequence[str],
    k: Sequence[int] = (1,),
    *,
    of_passing: Collection[str] = (),
    all_samples: Collection[str] = (),
    shares: Collection[str] = (),
    groups: Mapping[str, str | None] | None = None,
    strata: Mapping[str, str | None] | None = None,
    distances: Mapping[str, Sequence[str]] | None = None,
    reference: str = "",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Return the evaluation of contenders that were sampled equally often on the same problems.

    A problem's pass@k is the unbiased estimate from its samples; its value of a metric is the mean over its samples
    that have one, None when there is none. Every contender is compared with every earlier one, and with the one named
    ``champion``.

    Args:
        graded: Samples with verdicts by contender, in the order of the stages; passing ones carry their scores.
        metrics: Names of the metrics to average.
        k: The k of pass@k; 1 is always measured.
        of_passing: Metrics that only passing samples count for.
        all_samples: Metrics that are averaged over all samples too, as the measure `measures.over_all_samples`; every
            sample carries a score of them, without a value where the program cannot be parsed.
        shares: Metrics with values in 0..1, as pass@k has.
        groups: Group by task id; problems of a group are not independent. A task without one is its own group.
        strata: Stratum by task id; every stratum is evaluated by itself as well.
        distances: Measures of a whole contender by name: half the L1 distance of its means of the metrics given here
            from the means of ``reference``. Their intervals are biased upwards where the distance is near zero.
        reference: Name of that contender.
        resamples: Bootstrap resamples, for the distances.
        seed: Of the bootstrap.

    Raises:
        InputError: Different problems or numbers of samples, fewer samples than k, or a sample that counts not scored.
    """
    per_problem, samples = values_per_problem(graded, metrics, k, of_passing=of_passing, all_samples=all_samples)
    return evaluate_values(
        per_problem,
        samples,
        all_samples=all_samples,
        shares=shares,
        groups=groups,
        strata=strata,
        distances=distances,
        reference=reference,
        resamples=resamples,
        seed=seed,
    )


def values_per_problem(
    graded: Mapping[str, Iterable[Graded]],
    metrics: Sequence[str],
    k: Sequence[int] = (1,),
    *,
    of_passing: Collection[str] = (),
    all_samples: Collection[str] = (),
) -> tuple[dict[str, dict[str, Values]], int]:
    """Return the values of each contender's problems, and the number of samples per problem; see `evaluate`."""
    rows = {name: by_task(samples) for name, samples in graded.items()}
    tasks, samples = common_tasks(rows)
    ks = sorted({1, *k})
    values = {
        name: {task: values_of(found[task], ks, metrics, of_passing, all_samples) for task in tasks}
        for name, found in rows.items()
    }
    return values, samples


def joined_values(parts: Sequence[tuple[PerProblem, int]]) -> tuple[dict[str, dict[str, Values]], int]:
    """Return the values of all problems from those of parts of them, as `values_per_problem` returns them.

    Raises:
        InputError: The parts have different numbers of samples per problem.
    """
    values: dict[str, dict[str, Values]] = {}
    for found, samples in parts:
        if samples != parts[0][1]:
            raise unequal_samples(next(iter(found)), parts[0][1], list(next(iter(found.values()))))
        for name, rows in found.items():
            values.setdefault(name, {}).update(rows)
    return values, parts[0][1]


def evaluate_values(
    per_problem: PerProblem,
    samples: int,
    *,
    all_samples: Collection[str] = (),
    shares: Collection[str] = (),
    groups: Mapping[str, str | None] | None = None,
    strata: Mapping[str, str | None] | None = None,
    distances: Mapping[str, Sequence[str]] | None = None,
    reference: str = "",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Return the evaluation of contenders from their values per problem; see `evaluate` for the other arguments.

    Args:
        per_problem: Values by measure, by contender and task id; tasks and measures are the same, in the same order.
        samples: Samples per problem.
    """
    tasks = list(next(iter(per_problem.values())))
    chosen = dict(distances or {}) if reference in per_problem else {}
    measures = (*next(iter(next(iter(per_problem.values())).values())), *chosen)
    estimator = Estimator(measures, shares, chosen, reference, groups or {}, resamples, seed)
    contenders, comparisons = estimator.estimate(per_problem)
    found = {name: [task for task in tasks if (strata or {}).get(task) == name] for name in _names(tasks, strata or {})}
    return Evaluation(
        measures=measures,
        problems=len(tasks),
        samples=samples,
        resamples=resamples,
        seed=seed,
        per_problem=per_problem,
        contenders=contenders,
        comparisons=comparisons,
        strata={name: estimator.estimate(_only(per_problem, part))[0] for name, part in found.items()},
        decompositions=_decompositions(per_problem, all_samples),
        design=Design(
            all_samples=tuple(all_samples),
            shares=tuple(shares),
            groups={task: name for task, name in (groups or {}).items() if name},
            strata={task: name for task, name in (strata or {}).items() if name},
            distances={name: tuple(metrics) for name, metrics in (distances or {}).items()},
            reference=reference,
        ),
    )


def _decompositions(per_problem: PerProblem, metrics: Collection[str]) -> tuple[Decomposition, ...]:
    found = (decompose(per_problem, *pair, metric) for pair in pairs(list(per_problem)) for metric in metrics)
    return tuple(item for item in found if item is not None)


def _names(tasks: Sequence[str], strata: Mapping[str, str | None]) -> list[str]:
    return sorted({name for task in tasks if (name := strata.get(task))})


def _only(per_problem: PerProblem, tasks: Sequence[str]) -> dict[str, dict[str, Values]]:
    return {name: {task: rows[task] for task in tasks} for name, rows in per_problem.items()}
