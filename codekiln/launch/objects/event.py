"""An event about a job, ``v1`` Event, as ``kubectl describe`` shows it."""

import os
import socket
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from codekiln.launch.cluster.job_kinds import JobKind, Object
from codekiln.launch.cluster.owner_reference import POD

COMPONENT = "codekiln"
EventType = Literal["Normal", "Warning"]
# The API's limit; it does not hold the older form of events, used here, to it.
MESSAGE_BYTES = 1024
_CUT = "..."


def event(kind: JobKind, job: Object, type_: EventType, reason: str, message: str) -> dict[str, Any]:
    """Return a new event.

    Not the form with ``eventTime``: with that, ``kubectl`` shows no count of repetitions.

    Args:
        kind: Kind of the job.
        job: The job as the API server has it.
        type_: Whether somebody should look at it.
        reason: A stable word in CamelCase.
        message: A sentence; it is brought to one line and cut to the limit of the API.
    """
    metadata, now = job["metadata"], datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {name: metadata[name] for name in ("name", "namespace", "uid")}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{uuid4().hex[:16]}", "namespace": metadata["namespace"]},
        "involvedObject": {"apiVersion": kind.api_version, "kind": kind.kind, **about},
        "type": type_,
        "reason": reason,
        "message": one_line(message),
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": (os.environ.get(POD) or socket.gethostname())[:128],
    }


def one_line(text: str) -> str:
    """Return a text as one line of at most ``MESSAGE_BYTES`` bytes."""
    line = " ".join(text.split())
    if len(line.encode()) <= MESSAGE_BYTES:
        return line
    return line.encode()[: MESSAGE_BYTES - len(_CUT)].decode(errors="ignore") + _CUT


def is_ours(found: Object) -> bool:
    """Return whether codekiln has recorded an event."""
    source: Object = found.get("source") or {}
    return source.get("component") == COMPONENT
