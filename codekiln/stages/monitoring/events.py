"""Notifications as CloudEvents 1.0 (github.com/cloudevents/spec), written by the CloudEvents SDK.

An event tells the end of a run, a failed stage, a job that waits long, and that it runs then. Its ``id`` is made of
what it tells, so that a retry of a step sends the same one again and a receiver can drop it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from codekiln import __version__
from codekiln.errors import InputError
from codekiln.launch.cluster.status import JobState
from codekiln.registry.connection import without_password
from codekiln.stages.monitoring.context import NONE, StepContext, digest
from codekiln.stages.run_folder import Tracking

RUN_FINISHED = "dev.codekiln.run.finished"
STAGE_FAILED = "dev.codekiln.stage.failed"
JOB_WAITING = "dev.codekiln.job.waiting"
JOB_RUNNING = "dev.codekiln.job.running"
CONTENT_TYPE = JSONFormat.CONTENT_TYPE
_LONGEST_TEXT = 4000


def run_finished(
    context: StepContext,
    status: str,
    *,
    gate: Mapping[str, Any] | None = None,
    report: Mapping[str, str] | None = None,
    reason: str = "",
    once: str = "",
) -> CloudEvent:
    """Return the event of a run's end.

    Args:
        context: The run.
        status: ``succeeded``, ``failed`` or ``stopped`` (by a signal).
        gate: The member ``gate`` of results.json; None where no gate has decided.
        report: Where the report is: ``path``, or MLflow's run and the name of the artifact.
        reason: Why it has not succeeded, with the stage that failed.
        once: What tells this end from others of the same run, which may be continued.
    """
    why = reason[:_LONGEST_TEXT] or None
    data = {"status": status, "reason": why, "gate": _gate(gate), "report": dict(report or {}) or None}
    return _event(RUN_FINISHED, context, data, subject=_run(context), once=(status, reason, once))


def stage_failed(context: StepContext, error: BaseException, attempt: int, once: str = "") -> CloudEvent:
    """Return the event of a failed stage: its reason and the fix.

    Args:
        context: The step.
        error: Why it has failed.
        attempt: Number of the attempt, from 1 on.
        once: What tells this failure from others of the same stage for the same reason.
    """
    what = str(error) or type(error).__name__
    reason, _, fix = what.partition("\n  fix: ")
    if not isinstance(error, InputError) and not fix:
        reason = f"{type(error).__name__}: {what}"
    data = {
        "stage": context.step,
        "reason": reason[:_LONGEST_TEXT],
        "fix": fix[:_LONGEST_TEXT] or None,
        "attempt": attempt,
    }
    return _event(STAGE_FAILED, context, data, once=(reason, once))


def job_waits(context: StepContext, job: str, pool: str, state: JobState, seconds: float, once: str) -> CloudEvent:
    """Return the event of a job that has not run for ``seconds``, or that runs after such a wait.

    Args:
        context: The step.
        job: Name of the job.
        pool: Name of its pool.
        state: The state that it is in.
        seconds: For how long it has waited.
        once: What tells this wait from others of the job in the same state.
    """
    data = {
        "stage": context.step,
        "job": job,
        "pool": pool,
        "state": state.name,
        "reason": state.text[:_LONGEST_TEXT],
        "waited_seconds": round(seconds),
    }
    kind = JOB_WAITING if state.is_waiting else JOB_RUNNING
    return _event(kind, context, data, once=(job, state.name, once))


def body(event: CloudEvent) -> bytes:
    """Return an event in the structured content mode: one JSON object."""
    return JSONFormat().write(event)


def _event(
    kind: str, context: StepContext, data: Mapping[str, Any], *, once: tuple[str, ...], subject: str = ""
) -> CloudEvent:
    tracking, place = context.tracking, _run(context)
    about = {
        "pipeline": context.pipeline if context.pipeline != NONE else None,
        "run": tracking.name if tracking else None,
        "kfp_run_id": context.kfp_run or None,
        "namespace": context.namespace if context.namespace != NONE else None,
        "mlflow": _mlflow(tracking) if tracking else None,
        "codekiln": __version__,
    }
    attributes = {
        "id": digest(kind, place, context.step, *once),
        "source": f"/codekiln/{context.namespace if context.namespace != NONE else 'local'}",
        "type": kind,
        "subject": subject or f"{place}/{context.step}",
        "time": datetime.now(UTC).replace(microsecond=0),
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, {**about, **data})


def _mlflow(tracking: Tracking) -> dict[str, str]:
    return {
        "uri": without_password(tracking.uri),
        "experiment": tracking.experiment,
        "run_id": tracking.parent_run_id,
    }


def _run(context: StepContext) -> str:
    return context.run_id or "unknown-run"


def _gate(gate: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if gate is None:
        return None
    checks = ("measure", "against", "benchmark", "role", "difference", "low", "high", "ok")
    kept = {key: gate[key] for key in ("promoted", "sentence", "candidate", "metric")}
    return {**kept, "checks": [{key: check[key] for key in checks} for check in gate["checks"]]}
