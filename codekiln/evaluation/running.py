"""Values per problem from samples in a stream: counts and exact sums, in place of the samples themselves."""

from array import array
from collections.abc import Collection, Mapping, Sequence
from math import fsum

from codekiln.data.passk import pass_at_k
from codekiln.data.records import Graded
from codekiln.errors import InputError
from codekiln.evaluation.measures import over_all_samples

Values = dict[str, float | None]
"""Values of one contender on one problem, by measure."""
_WAITING = 32
"""Numbers that are added at once: `math.fsum` does that many times as fast as Python one by one."""


class ExactMean:
    """The mean of numbers that come one by one, whose order changes no digit.

    The sum is kept as a few floats that add up to it exactly, of which `math.fsum` returns the nearest float: two or
    three for values of a metric, and up to `_WAITING` numbers that are not added yet.
    """

    __slots__ = ("count", "_parts")

    def __init__(self) -> None:
        self.count = 0
        self._parts = array("d")

    def add(self, value: float) -> None:
        """Take in one number, which is finite."""
        self._parts.append(value)
        self.count += 1
        if len(self._parts) >= _WAITING:
            self._parts = _expansion(self._parts)

    def value(self) -> float | None:
        """Return the mean, or None of no numbers."""
        return fsum(self._parts) / self.count if self.count else None


class RunningValues:
    """The values of one contender on one problem, from samples that are added one by one.

    Args:
        metrics: Metrics to average over the samples that have a value.
        of_passing: Those of them that only passing samples count for.
        both: Those of them that are averaged over all samples as well, as a measure of its own.
    """

    __slots__ = ("samples", "passed", "_of_passing", "_means", "_all")

    def __init__(self, metrics: Sequence[str], of_passing: Collection[str] = (), both: Collection[str] = ()) -> None:
        self.samples = self.passed = 0
        self._of_passing = of_passing
        self._means = {metric: ExactMean() for metric in metrics}
        self._all = {metric: ExactMean() for metric in metrics if metric in both}

    def add(self, row: Graded) -> None:
        """Take in one sample; see `add_scores`."""
        scores = {score.metric: score.value for score in row.scores}
        self.add_scores(row.verdict.task_id, row.verdict.passed, scores)

    def add_scores(self, task_id: str, passed: bool, scores: Mapping[str, float | None]) -> None:
        """Take in one sample: whether it passed, and its scores by metric.

        Raises:
            InputError: It counts for a metric that it was not scored on.
        """
        self.samples += 1
        self.passed += passed
        for metric, mean in self._means.items():
            if passed and metric not in scores:
                raise _not_scored(task_id, "passing sample", metric)
            if (passed or metric not in self._of_passing) and (value := scores.get(metric)) is not None:
                mean.add(value)
        for metric, mean in self._all.items():
            if metric not in scores:
                raise _not_scored(task_id, "sample", metric)
            if (value := scores[metric]) is not None:
                mean.add(value)

    def values(self, ks: Sequence[int]) -> Values:
        """Return pass@k for each k, then each metric: its mean, and that over all samples where it is wanted.

        Raises:
            InputError: There are fewer samples than a k.
        """
        values: Values = {f"pass@{k}": pass_at_k(self.samples, self.passed, k) for k in ks}
        for metric, mean in self._means.items():
            values[metric] = mean.value()
            if metric in self._all:
                values[over_all_samples(metric)] = self._all[metric].value()
        return values


def _expansion(values: "array[float]") -> "array[float]":
    """Return floats with the same exact sum, each the nearest float to what those before it leave."""
    parts = array("d")
    rest = values[:]
    while part := fsum(rest):
        parts.append(part)
        rest.append(-part)
    return parts


def _not_scored(task_id: str, which: str, metric: str) -> InputError:
    return InputError(
        f"a {which} was not scored on '{metric}'",
        where=task_id,
        fix=f"score every {which} on every metric before evaluating",
    )
