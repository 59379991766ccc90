"""Values per problem from samples in a stream: counts and exact sums, in place of the samples themselves."""

from collections.abc import Collection, Sequence
from math import fsum

from codekiln.data.passk import pass_at_k
from codekiln.data.records import Graded
from codekiln.errors import InputError
from codekiln.evaluation.measures import over_all_samples

Values = dict[str, float | None]
"""Values of one contender on one problem, by measure."""


class ExactMean:
    """The mean of numbers that come one by one, whose order changes no digit.

    The sum is kept as non-overlapping floats that add up to it exactly (Shewchuk 1997, grow-expansion), of which
    `math.fsum` returns the nearest float. Two or three are enough for values of a metric.
    """

    __slots__ = ("count", "_parts")

    def __init__(self) -> None:
        self.count = 0
        self._parts: list[float] = []

    def add(self, value: float) -> None:
        """Take in one number, which is finite."""
        kept = 0
        for part in self._parts:
            high = value + part
            # The rounding error of the sum (Knuth's two-sum, which needs no comparison of the two).
            shift = high - value
            low = (value - (high - shift)) + (part - shift)
            if low:
                self._parts[kept] = low
                kept += 1
            value = high
        self._parts[kept:] = [value]
        self.count += 1

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
        """Take in one sample.

        Raises:
            InputError: It counts for a metric that it was not scored on.
        """
        passed = row.verdict.passed
        self.samples += 1
        self.passed += passed
        scores = {score.metric: score.value for score in row.scores}
        for metric, mean in self._means.items():
            if passed and metric not in scores:
                raise _not_scored(row, "passing sample", metric)
            if (passed or metric not in self._of_passing) and (value := scores.get(metric)) is not None:
                mean.add(value)
        for metric, mean in self._all.items():
            if metric not in scores:
                raise _not_scored(row, "sample", metric)
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


def _not_scored(row: Graded, which: str, metric: str) -> InputError:
    return InputError(
        f"a {which} of {row.verdict.task_id} was not scored on '{metric}'",
        fix=f"score every {which} on every metric before evaluating",
    )
