"""Criteria of the gate besides its target: measures that a candidate may not lose, on the main set or a benchmark."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from codekiln.code import metrics
from codekiln.evaluation.statistics import Interval

Role = Literal["critical", "advisory"]


class Criterion(BaseModel):
    """A measure that may not get worse by more than a tolerance.

    Attributes:
        measure: Its name.
        benchmark: The further benchmark that it is taken on; empty: the main set of problems.
        role: ``critical``: without it nothing is promoted; ``advisory``: it is reported and decides nothing.
        tolerance: How far the measure may get worse, in its own unit: neither end of the interval of the paired
            difference may lie beyond it on the worse side, or on either side where no side is better.
        direction: Which way the measure is better.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str
    benchmark: str = ""
    role: Role = "critical"
    tolerance: float
    direction: metrics.Direction = "higher"

    def beyond(self, interval: Interval) -> str:
        """Return the change that an interval of the difference does not rule out; empty when it rules it out."""
        known = interval.known()
        if known is None:
            return ""
        _, low, high = known
        falls, rises = low < -self.tolerance, high > self.tolerance
        if self.direction == "none" and (falls or rises):
            return f"a change beyond {self.tolerance:g}"
        if self.direction == "higher" and falls:
            return f"a fall beyond {-self.tolerance:g}"
        return f"a rise beyond {self.tolerance:g}" if self.direction == "lower" and rises else ""


def named(measure: str, benchmark: str) -> str:
    """Return what a measure on a benchmark is called in sentences and tables."""
    return f"{measure} on {benchmark}" if benchmark else measure
