"""What the cluster's controllers have said about a job."""

from collections.abc import Iterable
from typing import Any

from codekiln.launch.api import Api, Refused, Trouble
from codekiln.launch.kinds import Kind, Object
from codekiln.launch.status import said


def queue_reason(api: Api, kind: Kind, job: Object) -> str:
    """Return the newest that Kueue has said about why a job waits, or an empty string."""
    prefix = f"{kind.kind.lower()}-{job['metadata']['name']}-"
    found = _events(api, "involvedObject.kind=Workload")
    about = [each for each in found if each["involvedObject"].get("name", "").startswith(prefix)]
    about += _about(_events(api, f"involvedObject.kind={kind.kind}"), {job["metadata"]["name"]})
    return _newest(each for each in about if _since(each, job) and each.get("reason") not in ("CreatedWorkload",))


def pod_trouble(api: Api, job: Object) -> str:
    """Return the newest warning about a job that has no pods, or an empty string."""
    name = job["metadata"]["name"]
    found = _events(api, "type=Warning")
    return _newest(each for each in found if _since(each, job) and _of_job(each, name))


def warnings(api: Api, job: Object, pods: Iterable[Object]) -> list[str]:
    """Return the warnings about a job and its pods, the oldest first, without repetitions."""
    names = {pod["metadata"]["name"] for pod in pods}
    job_name = job["metadata"]["name"]
    found = [each for each in _events(api, "type=Warning") if _since(each, job)]
    about = [each for each in found if _of_job(each, job_name) or each["involvedObject"].get("name") in names]
    return list(dict.fromkeys(_line(each) for each in sorted(about, key=_time)))


def _events(api: Api, fields: str) -> list[dict[str, Any]]:
    try:
        return api.events(fields)
    except (Refused, Trouble):
        # Events only explain; a job is followed without them too.
        return []


def _of_job(event: Object, name: str) -> bool:
    about = event["involvedObject"].get("name", "")
    return about == name or about.startswith((f"{name}-node-", f"{name}-master-", f"{name}-worker-"))


def _about(events: Iterable[Any], names: set[str]) -> list[Any]:
    return [each for each in events if each["involvedObject"].get("name") in names]


def _since(event: Object, job: Object) -> bool:
    # An earlier job of this name has left events too.
    return _time(event)[:19] >= job["metadata"].get("creationTimestamp", "")[:19]


def _newest(events: Iterable[Any]) -> str:
    found = sorted(events, key=_time)
    return said(found[-1]) if found else ""


def _time(event: Object) -> str:
    times = (event.get("series") or {}).get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime")
    return next(filter(None, times), None) or event["metadata"].get("creationTimestamp") or ""


def _line(event: Object) -> str:
    about = event["involvedObject"]
    count = f" (x{event['count']})" if (event.get("count") or 1) > 1 else ""
    who = f"{about.get('kind', '')} {about.get('name', '')}"
    return f"{event.get('reason', '')} {who}: {event.get('message', '')}{count}"
