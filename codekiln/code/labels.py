"""Whether the labels of preference pairs agree with metrics: is the chosen program the better one?"""

from collections import Counter
from collections.abc import Mapping, Sequence

from codekiln.code import metrics
from codekiln.code.metrics import Metric
from codekiln.data.training_files.findings import Findings
from codekiln.data.training_files.forms import TrainingRow
from codekiln.errors import InputError

_BATCH = 256
OUTCOMES = ("better", "equal", "worse", "unscored")
"""What the chosen program is by a metric; ``unscored``: the metric has no value for one of the two."""


class LabelAgreement:
    """Compares the programs of each pair by every metric that says which is better.

    Args:
        metric: Name of the metric that the labels should agree with: pairs whose rejected program is better by it are
            findings.
        findings: Get what is found.

    Attributes:
        table: Number of pairs by outcome (see `OUTCOMES`), for each metric; ``metric`` is the first.

    Raises:
        InputError: There is no such metric, or neither way of it is better.
    """

    def __init__(self, metric: str, findings: Findings) -> None:
        self._findings, self.metric = findings, metrics.get(metric).name
        if metrics.get(metric).direction == "none":
            raise InputError(
                f"of {metric} neither more nor less is better", where="--metric", fix="name another metric"
            )
        named = [self.metric, *(name for name in metrics.names() if name != self.metric)]
        self._metrics = [metrics.get(name) for name in named if metrics.get(name).direction != "none"]
        self._waiting: list[tuple[TrainingRow, Sequence[str]]] = []
        self.table: dict[str, Counter[str]] = {one.name: Counter() for one in self._metrics}

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of pairs by outcome, by the metric that the labels should agree with."""
        return self.table[self.metric]

    def see(self, row: TrainingRow, programs: Sequence[str]) -> None:
        """Take a pair; some metrics are faster for many programs at once."""
        if row.is_pair:
            self._waiting.append((row, programs))
        if len(self._waiting) >= _BATCH:
            self.end()

    def end(self) -> None:
        """Compare the pairs that wait."""
        codes = [code for _, programs in self._waiting for code in programs]
        for one in self._metrics:
            scores = iter(one.score_many(codes))
            for row, _ in self._waiting:
                chosen, rejected = next(scores).value, next(scores).value
                found = outcome(one, chosen, rejected)
                self.table[one.name][found] += 1
                if found == "worse" and one.name == self.metric:
                    self._findings.add("label", row.where, f"chosen {chosen:.2f}, rejected {rejected:.2f}")
        self._waiting.clear()


def outcome(metric: Metric, chosen: float | None, rejected: float | None) -> str:
    """Return what the chosen program is by a metric that has a direction: one of `OUTCOMES`."""
    if chosen is None or rejected is None:
        return "unscored"
    gain = (chosen - rejected) * (1 if metric.direction == "higher" else -1)
    return "better" if gain > 0 else "worse" if gain < 0 else "equal"


def agreement_lines(table: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return a table, a line a metric: pairs by outcome, and the share that is better of those that differ."""
    width = max(map(len, table), default=0)
    lines = [f"{'by':{width}}  better   equal   worse  no score  agree"]
    for name, counts in table.items():
        numbers = [counts.get(key, 0) for key in OUTCOMES]
        better, equal, worse, unscored = numbers
        agree = f"{better / (better + worse):.0%}" if better + worse else "-"
        lines.append(f"{name:{width}}  {better:6,}  {equal:6,}  {worse:6,}  {unscored:8,}  {agree:>5}")
    return lines
