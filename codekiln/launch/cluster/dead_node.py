"""Pods that stay on a node which no longer answers, and what lets their job go on.

The node's kubelet is gone and its object is still there: the cluster deletes the pod after five minutes, but only the
kubelet could say that it has ended. A Job with a ``podFailurePolicy`` has ``podReplacementPolicy: Failed``, the only
value that Kubernetes allows there, so that it waits for that word. It comes from the pod garbage collector where the
node has the taint ``node.kubernetes.io/out-of-service``, or from here, where the pool allows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.job_kinds import JobKind, Object
from codekiln.launch.cluster.status import JobState

# A kubelet that answers ends a pod by the end of its grace period; clocks may differ by some seconds.
_MARGIN = timedelta(seconds=30)
_TAINT = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"


@dataclass(frozen=True)
class StuckPod:
    """A pod that should have ended.

    Attributes:
        pod: The pod.
        since: When its grace period ended.
    """

    pod: Object
    since: datetime

    @property
    def node(self) -> str:
        """Name of its node."""
        name: str = self.pod["spec"].get("nodeName", "?")
        return name

    @property
    def unready_since(self) -> str:
        """When the node stopped answering, as far as the pod says; RFC 3339."""
        return _unready_since(self.pod) or self.since.strftime("%Y-%m-%dT%H:%M:%SZ")


def stuck_pods(pods: Iterable[Object]) -> list[StuckPod]:
    """Return the pods that were deleted and whose grace period is over, but which have not ended."""
    found = []
    for pod in pods:
        deadline = pod["metadata"].get("deletionTimestamp")
        if deadline and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
            since = datetime.fromisoformat(deadline)
            if datetime.now(UTC) > since + _MARGIN:
                found.append(StuckPod(pod, since))
    return found


def silent_state(pods: Iterable[Object]) -> JobState | None:
    """Return the state of a job that seems to run on a node which has stopped answering; None: all nodes answer."""
    for pod in pods:
        status = pod.get("status", {})
        runs = all("running" in each.get("state", {}) for each in status.get("containerStatuses") or ())
        # A pod of ours has no readiness probe: while its container runs, only the loss of its node makes it unready.
        if status.get("phase") == "Running" and runs and (unready := _unready_since(pod)):
            text = f"node {pod['spec'].get('nodeName', '?')} does not answer since {unready}"
            if not (deleted := _deleted_at(pod)):
                return JobState("lost", text)
            # A kubelet that answers makes a pod unready too, but not before the pod is deleted.
            if unready < deleted:
                return JobState("lost", f"{text}: pod {pod['metadata']['name']} is deleted, but cannot end there")
    return None


def stuck_state(stuck: list[StuckPod], seconds: int) -> JobState:
    """Return the state of a job whose pods are stuck; ``seconds`` is the pool's ``dead_node_seconds``."""
    first = stuck[0]
    what = (
        f"node {first.node} does not answer since {first.unready_since}: pod {first.pod['metadata']['name']} does not "
        f"end there, and nothing replaces it before"
    )
    if seconds:
        return JobState("lost", f"{what}; it is deleted by force {seconds} s after {first.since:%H:%M:%S}")
    return JobState("lost", f"{what}\n  fix: if the node is off, `kubectl taint node {first.node} {_TAINT}`")


def delete_stuck(api: ClusterApi, kind: JobKind, stuck: StuckPod) -> str:
    """Delete a stuck pod by force; returns a line that says so, or why not.

    A pod that a Job owns is marked as failed first, as the pod garbage collector does: the Job counts it only then.
    """
    name, uid = stuck.pod["metadata"]["name"], stuck.pod["metadata"]["uid"]
    try:
        if kind.kind == "TrainJob":
            api.mark_pod_failed(name, uid, "NodeLost", f"node {stuck.node} does not answer")
        api.force_delete_pod(name, uid)
    except (RequestRefused, ApiUnavailable) as error:
        return f"pod {name} on node {stuck.node} could not be deleted by force: {error}"
    return f"pod {name} is deleted by force, because node {stuck.node} does not answer"


def is_overdue(stuck: StuckPod, seconds: int) -> bool:
    """Return whether a pool lets a pod be deleted by force now."""
    return seconds > 0 and datetime.now(UTC) > stuck.since + timedelta(seconds=seconds)


def _deleted_at(pod: Object) -> str:
    """Return when a pod was deleted, as RFC 3339; its deletionTimestamp is the end of the grace period."""
    metadata = pod["metadata"]
    if not (end := metadata.get("deletionTimestamp")):
        return ""
    began = datetime.fromisoformat(end) - timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
    return began.strftime("%Y-%m-%dT%H:%M:%SZ")


def _unready_since(pod: Object) -> str:
    conditions: list[Object] = pod.get("status", {}).get("conditions") or []
    found = (each for each in conditions if each.get("type") == "Ready" and each.get("status") != "True")
    return next((each.get("lastTransitionTime") or "?" for each in found), "")
