"""The table of all Prometheus metrics: names, types, help texts and labels (prometheus.io/docs/practices/naming)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

COMMON = ("run_namespace", "experiment", "pipeline", "stage", "pool")
"""Labels of every metric, which are also the grouping key on a Pushgateway."""


@dataclass(frozen=True)
class Family:
    """A metric: its help text, the labels it has beside `COMMON`, and its type."""

    help: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"


_CHECKED = ("measure", "against", "benchmark", "role")
_MEASURED = ("contender", "measure", "benchmark")

FAMILIES = {
    "codekiln_stage_last_start_timestamp_seconds": Family("When the stage began last."),
    "codekiln_stage_last_success_timestamp_seconds": Family("When the stage ended well last."),
    "codekiln_stage_last_failure_timestamp_seconds": Family("When an attempt of the stage failed last."),
    "codekiln_stage_succeeded": Family("Whether the last attempt of the stage that has ended ended well."),
    "codekiln_stage_duration_seconds": Family("How long the stage took when it last ended well."),
    "codekiln_stage_info": Family("What the stage last ran with; always 1.", ("recipe", "base_model", "version")),
    "codekiln_stage_rows": Family("Rows of the last run of the stage, by kind.", ("kind",)),
    "codekiln_stage_rejected_rows": Family("Rows that the last run of the stage rejected, by reason.", ("reason",)),
    "codekiln_stage_tokens": Family("Tokens of the last run of the stage, by kind.", ("kind",)),
    "codekiln_job_state": Family("Whether the stage's job is in this state.", ("state",)),
    "codekiln_job_seen_timestamp_seconds": Family("When the step last looked at the stage's job."),
    "codekiln_job_accelerators": Family("Accelerators that the stage's last job asked for, on all its nodes."),
    "codekiln_job_accelerator_seconds_total": Family(
        "Accelerators asked for, times the seconds for which the job ran; from 0 on with each job.", kind="counter"
    ),
    "codekiln_job_running_seconds_total": Family("Seconds for which the job ran; from 0 on.", kind="counter"),
    "codekiln_job_waiting_seconds_total": Family(
        "Seconds for which the job did not run, by what it waited for; from 0 on.", ("reason",), "counter"
    ),
    "codekiln_job_restarts_total": Family("How often pods of the job started again; from 0 on.", kind="counter"),
    "codekiln_job_preemptions_total": Family("How often the job was preempted; from 0 on.", kind="counter"),
    "codekiln_evaluation_problems": Family("Problems of the last evaluation.", ("benchmark",)),
    "codekiln_evaluation_mean": Family("Mean of a measure in the last evaluation.", _MEASURED),
    "codekiln_evaluation_mean_low": Family("Lower end of the 95 % interval of the mean.", _MEASURED),
    "codekiln_evaluation_mean_high": Family("Upper end of the 95 % interval of the mean.", _MEASURED),
    "codekiln_gate_promoted": Family("Whether the gate let the last candidate through."),
    "codekiln_gate_candidate_number": Family("How many candidates were judged on the set, the last one included."),
    "codekiln_gate_check_holds": Family("Whether a check of the gate's last decision holds.", _CHECKED),
    "codekiln_gate_difference": Family("Difference of the last candidate in a check of the gate.", _CHECKED),
    "codekiln_gate_difference_low": Family("Lower end of the interval of the difference.", _CHECKED),
    "codekiln_gate_difference_high": Family("Upper end of the interval of the difference.", _CHECKED),
}


@dataclass(frozen=True)
class Measurement:
    """A value of a metric of `FAMILIES`; ``labels`` are those beside `COMMON`, in the family's order."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


def metrics(common: Mapping[str, str], measurements: Iterable[Measurement]) -> list[Metric]:
    """Return measurements as metrics, each with its type, help text and labels."""
    found: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
    for each in measurements:
        family = FAMILIES[each.name]
        if each.name not in found:
            kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            found[each.name] = kind(each.name, family.help, labels=(*COMMON, *family.labels))
        found[each.name].add_metric([*(common[name] for name in COMMON), *each.labels], each.value)
    return list(found.values())


class _Made(Collector):
    def __init__(self, made: Iterable[Metric]) -> None:
        self.made = tuple(made)

    def collect(self) -> Iterator[Metric]:
        yield from self.made


def registry(made: Iterable[Metric]) -> CollectorRegistry:
    """Return a registry of nothing but these metrics."""
    registry = CollectorRegistry()
    registry.register(_Made(made))
    return registry
