"""Values per problem from samples in a stream: counts and exact sums, in place of the samples themselves."""

from collections.abc import Sequence
from math import fsum

from codekiln.data.passk import pass_at_k
from codekiln.data.records import Graded
from codekiln.errors import InputError
from codekiln.evaluation.summary import Values


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
        metrics: Metrics whose mean over passing samples is wanted.
    """

    __slots__ = ("samples", "passed", "_means")

    def __init__(self, metrics: Sequence[str]) -> None:
        self.samples = self.passed = 0
        self._means = {metric: ExactMean() for metric in metrics}

    def add(self, row: Graded) -> None:
        """Take in one sample.

        Raises:
            InputError: It passes and was not scored on one of the metrics.
        """
        self.samples += 1
        if not row.verdict.passed:
            return
        self.passed += 1
        scores = {score.metric: score.value for score in row.scores}
        for metric, mean in self._means.items():
            if metric not in scores:
                raise InputError(
                    f"a passing sample of {row.verdict.task_id} was not scored on '{metric}'",
                    fix="score every passing sample on every metric before evaluating",
                )
            if (value := scores[metric]) is not None:
                mean.add(value)

    def values(self, ks: Sequence[int]) -> Values:
        """Return pass@k for each k, then the mean of each metric over the samples that have a value.

        Raises:
            InputError: There are fewer samples than a k.
        """
        values: Values = {f"pass@{k}": pass_at_k(self.samples, self.passed, k) for k in ks}
        return values | {metric: mean.value() for metric, mean in self._means.items()}
