"""What state a job is in, read from the job and its pods alone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from codekiln.launch.cluster.job_kinds import Kind, Object, condition

# Waiting reasons of containers that no waiting mends unless somebody corrects an image, a Secret or a ConfigMap.
_BLOCKED = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "ImageInspectError",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
)
# Of events; a volume that is about to leave another node is one of them too, for some minutes.
_NO_VOLUME = ("FailedMount", "FailedAttachVolume")
# What the scheduler says of a claim that is missing, on its way out or without a volume.
_NO_CLAIM = re.compile(r'persistentvolumeclaim "|unbound immediate PersistentVolumeClaims')
_CRASH = "CrashLoopBackOff"
# The exit code for what the user has to correct, after which no pod is started again.
MISTAKE = 2


@dataclass(frozen=True)
class State:
    """A state and how it is told.

    Attributes:
        name: created, queued, preempted, waiting, blocked, starting, running, restarting or failing.
        text: The state with its reason, for the log.
    """

    name: str
    text: str

    @property
    def waits(self) -> bool:
        """Whether nothing happens for now, perhaps for long."""
        return self.name in ("created", "queued", "preempted", "waiting", "blocked", "starting")


@dataclass(frozen=True)
class Ending:
    """How a container of a pod ended."""

    pod: str
    code: int | None
    reason: str
    message: str
    finished: str

    def __str__(self) -> str:
        code = "no exit code" if self.code is None else f"exit code {self.code}"
        reason = f", {self.reason}" if self.reason not in ("", "Error", "Completed") else ""
        return f"pod {self.pod}: {code}{reason}" + (f": {self.message}" if self.message else "")


def observe(kind: Kind, job: Object, pods: Iterable[Object], nodes: int, has_run: bool, queue: str) -> State:
    """Return the state of a job that has not ended.

    Args:
        kind: Kind of the job.
        job: The job.
        pods: Its pods, those of earlier attempts included.
        nodes: Pods that one attempt has.
        has_run: Whether it has been seen running.
        queue: Its LocalQueue, or an empty string.
    """
    if kind.is_suspended(job):
        where = f"in LocalQueue '{queue}'" if queue else "because the job is suspended"
        return State("preempted", f"preempted, waits {where}") if has_run else State("queued", f"queued {where}")
    current = newest(kind, pods)
    for found in (_blocked(current), _unschedulable(current), _restarting(kind, job, current, has_run)):
        if found:
            return found
    ready = sum(pod.get("status", {}).get("phase") in ("Running", "Succeeded") for pod in current)
    if not current:
        return State("created", "created, no pods yet")
    if ready < nodes:
        return State("starting", f"starting, {ready} of {nodes} pods run")
    names = ", ".join(sorted(pod["spec"].get("nodeName", "?") for pod in current))
    return State("running", f"running{' again' if has_run else ''} on {names}")


def with_event(state: State, event: Object) -> State:
    """Return a state with the event that explains it; a pod that gets no volume cannot start."""
    if event.get("reason") in _NO_VOLUME:
        return State("blocked", f"pod {event['involvedObject']['name']} cannot start, {said(event)}")
    return replace(state, text=f"{state.text}, {said(event)}")


def newest(kind: Kind, pods: Iterable[Object]) -> list[Object]:
    """Return the newest pod of each node of the job; pods that are being deleted belong to the past."""
    found: dict[tuple[str, ...], Object] = {}
    for pod in sorted(pods, key=_age):
        if not pod["metadata"].get("deletionTimestamp"):
            found[kind.rank(pod)] = pod
    return list(found.values())


def last_attempt(kind: Kind, pods: Iterable[Object]) -> list[Object]:
    """Return the newest pod of each node of the job, also where it is being deleted or gone."""
    return list({kind.rank(pod): pod for pod in sorted(pods, key=_age)}.values())


def endings(pods: Iterable[Object]) -> list[Ending]:
    """Return how the containers of these pods ended that did not end well, the first one first."""
    found = []
    for pod in pods:
        status = pod.get("status", {})
        name, reason, message = pod["metadata"]["name"], status.get("reason", ""), status.get("message", "")
        codes = [ended for ended in map(_ended, _containers(pod)) if ended and ended["exitCode"]]
        for ended in codes:
            why = (reason or ended.get("reason", ""), message or ended.get("message", "").strip()[-500:])
            found.append(Ending(name, ended["exitCode"], *why, ended.get("finishedAt", "")))
        if not codes and status.get("phase") == "Failed":
            found.append(Ending(name, None, reason or "Failed", message, "9"))
    # Where one process fails, the others are stopped: those are the consequence, not the cause.
    return sorted(found, key=lambda each: (each.code == 143, each.finished))


def said(entry: Object) -> str:
    """Return the reason and the message of a condition, an event or a container's state."""
    return f"{entry.get('reason', '')}: {entry.get('message', '')}".strip(": ")


def _age(pod: Object) -> tuple[str, bool]:
    ended = pod.get("status", {}).get("phase") in ("Failed", "Succeeded")
    return pod["metadata"].get("creationTimestamp", ""), not ended


def _containers(pod: Object) -> list[Any]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _ended(container: Object) -> Any:
    state = container.get("state", {}).get("terminated")
    # A container that was started again shows its last end here.
    return state or container.get("lastState", {}).get("terminated")


def _waiting(pod: Object) -> list[Any]:
    states = (each.get("state", {}).get("waiting") for each in _containers(pod))
    return [state for state in states if state]


def _blocked(pods: Iterable[Object]) -> State | None:
    for pod in pods:
        for state in _waiting(pod):
            if state.get("reason") in _BLOCKED:
                return State("blocked", f"pod {pod['metadata']['name']} cannot start, {said(state)}")
    return None


def _unschedulable(pods: Iterable[Object]) -> State | None:
    for pod in pods:
        for each in pod.get("status", {}).get("conditions") or ():
            refused = each.get("type") == "PodScheduled" and each.get("status") == "False"
            if refused and each.get("reason") in ("Unschedulable", "SchedulingGated"):
                why = each.get("message") or each["reason"]
                if _NO_CLAIM.search(why):
                    return State("blocked", f"pod {pod['metadata']['name']} cannot start, {why}")
                return State("waiting", f"waits for a node, {why}")
    return None


def _restarting(kind: Kind, job: Object, pods: list[Object], has_run: bool) -> State | None:
    failed = [pod for pod in pods if pod.get("status", {}).get("phase") == "Failed"]
    crashed = [pod for pod in pods if any(state.get("reason") == _CRASH for state in _waiting(pod))]
    if found := endings([*failed, *crashed]):
        if any(each.code == MISTAKE for each in found):
            return State("failing", f"fails, {found[0]}")
        return State("restarting", f"restarting unless no attempt is left, {found[0]}")
    if has_run and not pods:
        return State("restarting", "restarting, its pods are gone")
    if (again := condition(job, "Restarting")) and len(pods) == 0:
        return State("restarting", f"restarting, {again.get('message', '')}")
    return None
