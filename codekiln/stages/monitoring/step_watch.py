"""Tells of a step's begin and end: metrics, and notifications of a failed stage and of the end of the run.

Kubeflow's own way to learn that a run has ended, a task in `dsl.ExitHandler`, would cost every run another pod and put
its whole graph one level down, also where nobody is notified. So a run ends with its last stage, or with the last
attempt of a stage that fails: pipelines are chains, and each task has its number of retries in ``CODEKILN_RETRIES``.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from codekiln.stages.base import StageManifest
from codekiln.stages.monitoring import context as monitoring
from codekiln.stages.monitoring.outbox import CLOSE_SECONDS, Outbox
from codekiln.stages.run_folder import WORKDIR

Ended = Callable[[StageManifest, Path], None]
REPORT, RESULTS = "report.html", "results.json"


@contextmanager
def watched(stage: str, step: str, run_folder: Path) -> Iterator[Ended]:
    """Tell of a step that runs in this block; yields a function to call with its manifest and folder.

    An end by a signal is no failure: Kubeflow terminates a run with it, and a node that is drained sends it too.
    """
    if not monitoring.is_on():
        yield lambda manifest, folder: None
        return
    watch, patience = _StepWatch(stage, step, run_folder), CLOSE_SECONDS
    watch.started()
    try:
        yield watch.succeeded
    except Exception as error:
        watch.failed(error)
        raise
    except BaseException:
        patience = 0.0
        raise
    finally:
        watch.outbox.close(patience)


class _StepWatch:
    """Puts into its outbox what there is to tell of one step; what it reads for that is read there too."""

    def __init__(self, stage: str, step: str, run_folder: Path) -> None:
        self.stage, self.step, self.run_folder = stage, step, run_folder
        self.outbox = Outbox()

    def started(self) -> None:
        """Tell that the step has begun; of check nobody knows the experiment then."""
        if self.stage != "check":
            now = time.time()
            self._measure(lambda measurements, context: measurements.started(now))

    def succeeded(self, manifest: StageManifest, folder: Path) -> None:
        """Tell that the step has ended well, and perhaps the run with it."""
        now = time.time()
        self._measure(lambda measurements, context: measurements.succeeded(now, manifest, folder, context.settings))
        pipeline = os.environ.get(monitoring.PIPELINE, "")
        if _ends_run() and (self.stage == "promote" or (pipeline, self.stage) == ("data", "filter")):
            self._notify(lambda events, context: events.run_finished(context, "succeeded", **outcome(manifest, folder)))

    def failed(self, error: Exception) -> None:
        """Tell that an attempt has failed: a metric; with the last attempt the stage has failed, and so has the run."""
        now, (number, is_last) = time.time(), monitoring.attempt()
        self._measure(lambda measurements, context: measurements.failed(now))
        # Where nobody counts attempts, each tells the same event; otherwise a run that is repeated tells another.
        once = "" if is_last is None else f"{now:.3f}"
        if is_last is not False:
            self._notify(lambda events, context: events.stage_failed(context, error, number, once))
        if is_last and _ends_run():
            reason = f"{self.step}: {error}"
            self._notify(lambda events, context: events.run_finished(context, "failed", reason=reason, once=once))

    def _measure(self, make: Callable[[Any, monitoring.StepContext], list[Any]]) -> None:
        if monitoring.is_measured():
            self.outbox.put(partial(_measure, make, self.step, self.run_folder))

    def _notify(self, make: Callable[[Any, monitoring.StepContext], Any]) -> None:
        if monitoring.is_notified():
            self.outbox.put(partial(_notify, make, self.step, self.run_folder))


def _measure(make: Callable[[Any, monitoring.StepContext], list[Any]], step: str, run_folder: Path) -> None:
    from codekiln.stages.monitoring import measurements
    from codekiln.stages.monitoring.outbox import attempt
    from codekiln.stages.monitoring.sinks import sinks

    context = monitoring.step_context(step, run_folder)
    made = make(measurements, context)
    for sink in sinks():
        attempt(partial(sink, context.labels(), made))


def _notify(make: Callable[[Any, monitoring.StepContext], Any], step: str, run_folder: Path) -> None:
    from codekiln.stages.monitoring import events, webhook

    webhook.notify(make(events, monitoring.step_context(step, run_folder)))


def _ends_run() -> bool:
    """Return whether a step may say that its run has ended; `codekiln run` says that itself."""
    return WORKDIR not in os.environ and bool(os.environ.get(monitoring.PIPELINE))


def outcome(manifest: StageManifest, folder: Path) -> dict[str, Any]:
    """Return the gate's decision and the place of the report of a run's last stage."""
    if not (folder / RESULTS).exists():
        return {}
    gate = json.loads((folder / RESULTS).read_bytes())["gate"]
    return {"gate": gate, "report": {"mlflow_run_id": manifest.tracking.get("run_id", ""), "artifact": REPORT}}
