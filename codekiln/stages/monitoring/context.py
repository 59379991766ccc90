"""Which run and which step metrics and events are about."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codekiln.stages.monitoring.texts import NOTIFY_URL, label
from codekiln.stages.run_folder import SETTINGS, WORKDIR, Tracking, find_tracking

PIPELINE, KFP_RUN, NAMESPACE = "CODEKILN_PIPELINE", "CODEKILN_KFP_RUN", "CODEKILN_NAMESPACE"
RETRIES = "CODEKILN_RETRIES"
# Set by Kubeflow Pipelines 2.17 and later; a manual rerun counts from 0 again.
RETRY_INDEX = "KFP_RETRY_INDEX"
GATEWAY, FOLDER = "CODEKILN_PUSHGATEWAY_URL", "CODEKILN_METRICS_FOLDER"
NONE = "none"


def is_notified() -> bool:
    """Return whether there is a webhook to notify."""
    return bool(os.environ.get(NOTIFY_URL, "").strip())


def is_measured() -> bool:
    """Return whether there is a place for metrics."""
    return bool(os.environ.get(GATEWAY) or os.environ.get(FOLDER))


def is_on() -> bool:
    """Return whether anything is told to anybody."""
    return is_notified() or is_measured()


@dataclass(frozen=True)
class StepContext:
    """A step of a run, as far as it is known: before check has ended, there are neither settings nor a run in MLflow.

    Attributes:
        step: Name of this use of the stage in the run.
        pipeline: align, instruct, prefer, data or judge; ``none`` outside a pipeline.
        namespace: Namespace of the run; ``none`` on one machine.
        kfp_run: Kubeflow Pipelines' id of the run, or an empty string.
        settings: The resolved settings, as JSON.
        tracking: Where MLflow tracks the run.
    """

    step: str
    pipeline: str
    namespace: str
    kfp_run: str
    settings: dict[str, Any]
    tracking: Tracking | None

    @property
    def run_id(self) -> str:
        """What tells this run from all others: Kubeflow's id, or else MLflow's."""
        return self.kfp_run or (self.tracking.parent_run_id if self.tracking else "")

    def labels(self) -> dict[str, str]:
        """Return the labels of every metric: what an administrator names, and so no more values than these name."""
        found = {
            "run_namespace": self.namespace,
            "experiment": self.settings.get("experiment") or NONE,
            "pipeline": self.pipeline,
            "stage": self.step,
            "pool": self.settings.get("pool") or NONE,
        }
        return {name: label(text) for name, text in found.items()}


def step_context(step: str, run_folder: Path) -> StepContext:
    """Return the context of a step of the run whose check writes, or has written, ``run_folder``."""
    written = run_folder / SETTINGS
    return StepContext(
        step=step,
        pipeline=os.environ.get(PIPELINE) or NONE,
        namespace=os.environ.get(NAMESPACE) or NONE,
        kfp_run=os.environ.get(KFP_RUN, ""),
        settings=json.loads(written.read_bytes()) if written.exists() else {},
        tracking=find_tracking(run_folder),
    )


def attempt() -> tuple[int, bool | None]:
    """Return the number of this attempt of the step from 1 on, and whether it is the last (None: nobody knows)."""
    index, retries = os.environ.get(RETRY_INDEX, ""), os.environ.get(RETRIES, "")
    if WORKDIR in os.environ or retries == "0":
        return 1, True
    if not index.isdecimal() or not retries.isdecimal():
        return 1, None
    return int(index) + 1, int(index) >= int(retries)
