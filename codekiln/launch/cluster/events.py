"""What the cluster's controllers have said about a job."""

from collections.abc import Iterable
from typing import Any

from codekiln.launch.cluster.api import Api, Refused, Trouble
from codekiln.launch.cluster.job_kinds import Kind, Object

# What the kubelet says once it has all volumes and the network of a pod.
_MOUNTED = ("Pulling", "Pulled", "Created", "Started")


def queue_reason(api: Api, kind: Kind, job: Object) -> Object | None:
    """Return the newest event in which Kueue says why a job waits."""
    prefix = f"{kind.kind.lower()}-{job['metadata']['name']}-"
    found = _events(api, "involvedObject.kind=Workload")
    about = [each for each in found if each["involvedObject"].get("name", "").startswith(prefix)]
    about += _about(_events(api, f"involvedObject.kind={kind.kind}"), {job["metadata"]["name"]})
    return _newest(each for each in about if _since(each, job) and each.get("reason") not in ("CreatedWorkload",))


def pod_trouble(api: Api, job: Object) -> Object | None:
    """Return the newest warning about a job that has no pods."""
    name = job["metadata"]["name"]
    found = _events(api, "type=Warning")
    return _newest(each for each in found if _since(each, job) and _of_job(each, name))


def start_trouble(api: Api, job: Object, pods: Iterable[Object]) -> Object | None:
    """Return the newest warning about pods that have a node and do not start, unless what it warns of is over."""
    there = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}
    found = [each for each in _about(_events(api, "type=Warning"), set(there)) if _since(each, job)]
    # A PyTorchJob gives the name of a pod to the one that takes its place.
    found = [each for each in found if each["involvedObject"].get("uid") in (None, there[_pod(each)])]
    newest = {_pod(each): each for each in sorted(found, key=_time) if each.get("reason") != "FailedScheduling"}
    return _newest(each for each in newest.values() if not _is_over(api, each))


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


def _newest(events: Iterable[Any]) -> Any:
    return max(events, key=_time, default=None)


def _pod(event: Object) -> str:
    return event["involvedObject"]["name"]


def _is_over(api: Api, warning: Object) -> bool:
    later = [
        each for each in _events(api, f"involvedObject.name={_pod(warning)}") if _time(each)[:19] > _time(warning)[:19]
    ]
    return any(each.get("reason") in _MOUNTED for each in later)


def _time(event: Object) -> str:
    times = (event.get("series") or {}).get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime")
    return next(filter(None, times), None) or event["metadata"].get("creationTimestamp") or ""


def _line(event: Object) -> str:
    about = event["involvedObject"]
    count = f" (x{event['count']})" if (event.get("count") or 1) > 1 else ""
    who = f"{about.get('kind', '')} {about.get('name', '')}"
    return f"{event.get('reason', '')} {who}: {event.get('message', '')}{count}"
