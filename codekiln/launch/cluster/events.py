"""Kubernetes events about a job: why it waits, and what its controllers warn of."""

import re
from collections.abc import Iterable
from typing import Any

from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.job_kinds import JobKind, Object
from codekiln.launch.objects.event import is_ours

# Warnings about pods that are not created repeat with another name for the pod each time; after ten they are combined.
_COMBINED = "(combined from similar events): "
_POD_SUFFIX = re.compile(r'(pods? "[^"]+)-[a-z0-9]{5}"')
# Events of Kueue that say that a job goes on.
_NO_WAIT = ("CreatedWorkload", "QuotaReserved", "Admitted", "Started")
# Kinds whose objects have the name of a job or its pods, but do not create pods: a JobSet has a Service of its name.
_NOT_PODS_OWNER = ("Pod", "Service", "Endpoints", "EndpointSlice")
# The kubelet sends these once it has all volumes and the network of a pod.
_VOLUMES_READY = ("Pulling", "Pulled", "Created", "Started")


def queue_event(api: ClusterApi, kind: JobKind, job: Object) -> Object | None:
    """Return the newest event in which Kueue says why a job is queued."""
    prefix = f"{kind.kind.lower()}-{job['metadata']['name']}-"
    workloads = _events(api, "involvedObject.kind=Workload")
    found: list[Object] = [each for each in workloads if each["involvedObject"].get("name", "").startswith(prefix)]
    found += _about(_events(api, f"involvedObject.kind={kind.kind}"), {job["metadata"]["name"]})
    return _newest(each for each in found if _is_of_this_run(each, job) and each.get("reason") not in _NO_WAIT)


def pod_creation_warning(api: ClusterApi, job: Object, pods: Iterable[Object]) -> Object | None:
    """Return the newest warning about a job whose pods are not created, unless it is older than one of ``pods``.

    The message names no pod: each attempt has a new name, which would make it seem another message.
    """
    name = job["metadata"]["name"]
    last = max((each["metadata"].get("creationTimestamp", "") for each in pods), default="")
    found = [each for each in _events(api, "type=Warning") if _is_of_this_run(each, job) and _time(each)[:19] >= last]
    newest = _newest(
        each
        for each in found
        if _is_about_job(each, name) and each["involvedObject"].get("kind") not in _NOT_PODS_OWNER
    )
    return newest and {**newest, "message": _without_suffix(newest.get("message", ""))}


def pod_start_warning(api: ClusterApi, job: Object, pods: Iterable[Object]) -> Object | None:
    """Return the newest warning about pods that have a node and do not start, unless its cause is over."""
    uids = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}
    found = [each for each in _about(_events(api, "type=Warning"), set(uids)) if _is_of_this_run(each, job)]
    # The replacement of a PyTorchJob's pod has the same name, so the uid tells them apart.
    found = [each for each in found if each["involvedObject"].get("uid") in (None, uids[_pod_name(each)])]
    newest = {_pod_name(each): each for each in sorted(found, key=_time) if each.get("reason") != "FailedScheduling"}
    return _newest(each for each in newest.values() if not _is_over(api, each))


def warnings(api: ClusterApi, job: Object, pods: Iterable[Object]) -> list[str]:
    """Return the distinct warnings about a job and its pods as lines, the oldest first."""
    names = {pod["metadata"]["name"] for pod in pods}
    job_name = job["metadata"]["name"]
    found = [each for each in _events(api, "type=Warning") if _is_of_this_run(each, job)]
    about = [each for each in found if _is_about_job(each, job_name) or each["involvedObject"].get("name") in names]
    return list(dict.fromkeys(_line(each) for each in sorted(about, key=_time)))


def _events(api: ClusterApi, selector: str) -> list[dict[str, Any]]:
    try:
        # Our own explain nothing: they say what was found here before.
        return [each for each in api.events(selector) if not is_ours(each)]
    except (RequestRefused, ApiUnavailable):
        # Events only explain a state; monitoring a job works without them.
        return []


def _is_about_job(event: Object, name: str) -> bool:
    about: str = event["involvedObject"].get("name", "")
    return about == name or about.startswith((f"{name}-node-", f"{name}-master-", f"{name}-worker-"))


def _about(events: Iterable[Object], names: set[str]) -> list[Object]:
    return [each for each in events if each["involvedObject"].get("name") in names]


def _is_of_this_run(event: Object, job: Object) -> bool:
    # An earlier job of the same name has left events too.
    created: str = job["metadata"].get("creationTimestamp", "")
    return _time(event)[:19] >= created[:19]


def _newest(events: Iterable[Object]) -> Object | None:
    return max(events, key=_time, default=None)


def _pod_name(event: Object) -> str:
    name: str = event["involvedObject"]["name"]
    return name


def _is_over(api: ClusterApi, warning: Object) -> bool:
    events = _events(api, f"involvedObject.name={_pod_name(warning)}")
    later = [each for each in events if _time(each)[:19] > _time(warning)[:19]]
    return any(each.get("reason") in _VOLUMES_READY for each in later)


def _time(event: Object) -> str:
    # Which of these fields is set depends on the API that the controller recorded the event with.
    times = (event.get("series") or {}).get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime")
    return next(filter(None, times), None) or event["metadata"].get("creationTimestamp") or ""


def _line(event: Object) -> str:
    about = event["involvedObject"]
    count = f" (x{event['count']})" if (event.get("count") or 1) > 1 else ""
    who = f"{about.get('kind', '')} {about.get('name', '')}"
    return f"{event.get('reason', '')} {who}: {_without_suffix(event.get('message', ''))}{count}"


def _without_suffix(message: str) -> str:
    return _POD_SUFFIX.sub(r'\1-*"', message.removeprefix(_COMBINED))
