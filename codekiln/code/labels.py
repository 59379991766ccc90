"""Whether the labels of preference pairs agree with a metric: is the chosen program the better one?"""

from collections import Counter
from collections.abc import Sequence

from codekiln.code import metrics
from codekiln.data.training_files.findings import Findings
from codekiln.data.training_files.forms import TrainingRow
from codekiln.errors import InputError

_BATCH = 256
OUTCOMES = ("better", "equal", "worse", "unscored")
"""What the chosen program is by the metric; ``unscored``: the metric has no value for one of the two."""


class LabelAgreement:
    """Compares the programs of each pair by a metric; pairs whose rejected program is better are findings.

    Args:
        metric: Name of the metric.
        findings: Get what is found.

    Attributes:
        counts: Number of pairs by outcome; see `OUTCOMES`.

    Raises:
        InputError: There is no such metric, or neither way of it is better.
    """

    def __init__(self, metric: str, findings: Findings) -> None:
        self._metric, self._findings = metrics.get(metric), findings
        if self._metric.direction == "none":
            raise InputError(
                f"of {metric} neither more nor less is better", where="--metric", fix="name another metric"
            )
        self._waiting: list[tuple[TrainingRow, Sequence[str]]] = []
        self.counts: Counter[str] = Counter()

    @property
    def metric(self) -> str:
        """The metric's name."""
        return self._metric.name

    def see(self, row: TrainingRow, programs: Sequence[str]) -> None:
        """Take a pair; some metrics are faster for many programs at once."""
        if row.is_pair:
            self._waiting.append((row, programs))
        if len(self._waiting) >= _BATCH:
            self.end()

    def end(self) -> None:
        """Compare the pairs that wait."""
        scores = iter(self._metric.score_many([code for _, programs in self._waiting for code in programs]))
        for row, _ in self._waiting:
            chosen, rejected = next(scores).value, next(scores).value
            self._compare(row, chosen, rejected)
        self._waiting.clear()

    def _compare(self, row: TrainingRow, chosen: float | None, rejected: float | None) -> None:
        if chosen is None or rejected is None:
            self.counts["unscored"] += 1
            return
        gain = (chosen - rejected) * (1 if self._metric.direction == "higher" else -1)
        self.counts["better" if gain > 0 else "worse" if gain < 0 else "equal"] += 1
        if gain < 0:
            self._findings.add("label", row.where, f"chosen {chosen:.2f}, rejected {rejected:.2f}")
