"""The state of a job, derived from the job and its pods alone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from codekiln.launch import exit_codes
from codekiln.launch.cluster.job_kinds import JobKind, Object, condition
from codekiln.launch.cluster.quota import is_exceeded, never_fits

# Waiting reasons of containers that last until somebody corrects an image, a Secret or a ConfigMap.
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
# Reasons of events. For some minutes they are normal: a volume may still be attached to the node of the last attempt.
_NO_VOLUME = ("FailedMount", "FailedAttachVolume")
# The scheduler's message about a claim that is missing, being deleted or without a volume.
_NO_CLAIM = re.compile(r'persistentvolumeclaim "|unbound immediate PersistentVolumeClaims')
# Messages about pods that an admission plugin, a webhook or the validation refuses, each time again.
_REFUSED = re.compile(r"is forbidden|Invalid value|denied the request|not found|must specify")
_NO_QUEUE = re.compile(r"Queue \S+ (doesn't exist|is terminating or missing)")
_CRASH_LOOP = "CrashLoopBackOff"

STATES = (
    "created", "queued", "preempted", "waiting", "blocked", "lost", "starting", "running", "restarting", "failing",
)  # fmt: skip
WAITING = STATES[:7]


@dataclass(frozen=True)
class JobState:
    """The state of a job that has not ended.

    Attributes:
        name: One of ``STATES``.
        text: The state with its reason, for the log.
    """

    name: str
    text: str

    @property
    def is_waiting(self) -> bool:
        """Whether the job makes no progress for now, perhaps for long."""
        return self.name in WAITING


@dataclass(frozen=True)
class Termination:
    """How a container of a pod terminated.

    Attributes:
        pod: Name of the pod.
        code: Exit code; None: the pod failed without one, as when it was evicted.
        reason: Kubernetes' reason.
        message: Kubernetes' message.
        finished: Time as RFC 3339.
    """

    pod: str
    code: int | None
    reason: str
    message: str
    finished: str

    @property
    def cause(self) -> str:
        """Exit code and reason."""
        code = "no exit code" if self.code is None else f"exit code {self.code}"
        return code + (f", {self.reason}" if self.reason not in ("", "Error", "Completed") else "")

    def __str__(self) -> str:
        return f"pod {self.pod}: {self.cause}" + (f": {self.message}" if self.message else "")


def job_state(
    kind: JobKind, job: Object, pods: Iterable[Object], nodes: int, has_run: bool, queue: str, again: bool = False
) -> JobState:
    """Return the state of a job that has not ended.

    Args:
        kind: Kind of the job.
        job: The job.
        pods: Its pods, those of earlier attempts included.
        nodes: Number of pods of one attempt.
        has_run: Whether it has been seen running.
        queue: Its LocalQueue, or an empty string.
        again: Whether it was interrupted since.
    """
    if kind.is_suspended(job):
        where = f"in LocalQueue '{queue}'" if queue else "because the job is suspended"
        if has_run:
            return JobState("preempted", f"preempted, waits {where}")
        return JobState("queued", f"queued {where}")
    current = current_pods(kind, pods)
    for found in (_blocked(current), _unschedulable(current), _restarting(kind, job, current, has_run)):
        if found:
            return found
    ready = sum(pod.get("status", {}).get("phase") in ("Running", "Succeeded") for pod in current)
    if not current:
        return JobState("created", "created, no pods yet")
    if ready < nodes:
        return JobState("starting", f"starting, {ready} of {nodes} pods run")
    names = ", ".join(sorted(pod["spec"].get("nodeName", "?") for pod in current))
    return JobState("running", f"running{' again' if again else ''} on {names}")


def with_event(state: JobState, event: Object) -> JobState:
    """Return a state with the event or condition that explains it; what does not mend itself makes it blocked."""
    reason, message, why = event.get("reason", ""), event.get("message", ""), reason_and_message(event)
    if reason in _NO_VOLUME:
        return JobState("blocked", f"pod {event['involvedObject']['name']} cannot start, {why}")
    if reason.startswith("FailedCreate") and is_exceeded(message) and not never_fits(message):
        return JobState("waiting", f"waits for room in the namespace's ResourceQuota, {why}")
    if reason.startswith("FailedCreate") and _REFUSED.search(message):
        return JobState("blocked", f"its pods cannot be created, {why}")
    return JobState("blocked" if _NO_QUEUE.search(message) else state.name, f"{state.text}, {why}")


def current_pods(kind: JobKind, pods: Iterable[Object]) -> list[Object]:
    """Return the newest pod of each node of the job; pods that are being deleted belong to an earlier attempt."""
    return last_attempt(kind, (pod for pod in pods if not pod["metadata"].get("deletionTimestamp")))


def last_attempt(kind: JobKind, pods: Iterable[Object]) -> list[Object]:
    """Return the newest pod of each node of the job, also where it is being deleted or gone."""
    return list({kind.rank(pod): pod for pod in sorted(pods, key=_age)}.values())


def failed_terminations(pods: Iterable[Object]) -> list[Termination]:
    """Return the terminations of these pods' containers that are failures, the cause of the others first."""
    found = []
    for pod in pods:
        status = pod.get("status", {})
        name, reason, message = pod["metadata"]["name"], status.get("reason", ""), status.get("message", "")
        failed = [ended for ended in map(_terminated, _containers(pod)) if ended and ended["exitCode"]]
        for ended in failed:
            why = (reason or ended.get("reason", ""), message or ended.get("message", "").strip()[-500:])
            found.append(Termination(name, ended["exitCode"], *why, ended.get("finishedAt", "")))
        if not failed and status.get("phase") == "Failed":
            # "9" sorts behind every time.
            found.append(Termination(name, None, reason or "Failed", message, "9"))
    # When one process fails, the others get SIGTERM: those are the consequence, even if they end first.
    return sorted(found, key=lambda each: (each.code == exit_codes.SIGTERM, each.finished))


def reason_and_message(entry: Object) -> str:
    """Return the reason and the message of a condition, an event or a container's state as one text."""
    return f"{entry.get('reason', '')}: {entry.get('message', '')}".strip(": ")


def _age(pod: Object) -> tuple[str, bool]:
    ended = pod.get("status", {}).get("phase") in ("Failed", "Succeeded")
    return pod["metadata"].get("creationTimestamp", ""), not ended


def _containers(pod: Object) -> list[Object]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _terminated(container: Object) -> Object | None:
    # A container that was restarted has its last termination in lastState.
    states: list[Object] = [container.get("state", {}), container.get("lastState", {})]
    return next((state["terminated"] for state in states if state.get("terminated")), None)


def _waiting(pod: Object) -> list[Object]:
    states = (each.get("state", {}).get("waiting") for each in _containers(pod))
    return [state for state in states if state]


def _blocked(pods: Iterable[Object]) -> JobState | None:
    for pod in pods:
        for state in _waiting(pod):
            if state.get("reason") in _BLOCKED:
                text = f"pod {pod['metadata']['name']} cannot start, {reason_and_message(state)}"
                return JobState("blocked", text)
    return None


def _unschedulable(pods: Iterable[Object]) -> JobState | None:
    for pod in pods:
        for each in pod.get("status", {}).get("conditions") or ():
            refused = each.get("type") == "PodScheduled" and each.get("status") == "False"
            if refused and each.get("reason") in ("Unschedulable", "SchedulingGated"):
                why = each.get("message") or each["reason"]
                if _NO_CLAIM.search(why):
                    return JobState("blocked", f"pod {pod['metadata']['name']} cannot start, {why}")
                return JobState("waiting", f"waits for a node, {why}")
    return None


def _restarting(kind: JobKind, job: Object, pods: list[Object], has_run: bool) -> JobState | None:
    failed = [pod for pod in pods if pod.get("status", {}).get("phase") == "Failed"]
    crashed = [pod for pod in pods if any(state.get("reason") == _CRASH_LOOP for state in _waiting(pod))]
    if found := failed_terminations([*failed, *crashed]):
        if any(each.code == exit_codes.USER_ERROR for each in found):
            return JobState("failing", f"fails, {found[0]}")
        return JobState("restarting", f"restarting unless no attempt is left, {found[0]}")
    if has_run and not pods:
        return JobState("restarting", "restarting, its pods are gone")
    if (again := condition(job, "Restarting")) and not pods:
        return JobState("restarting", f"restarting, {again.get('message', '')}")
    return None
