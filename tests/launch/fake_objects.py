"""What the fake API server stores and answers with."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

Object = dict[str, Any]
NAMESPACE = "kubeflow"
# Seconds that a test waits for what has to come; a busy machine takes far longer than an idle one.
PATIENCE = 90.0

SERVED = {
    ("", "v1", "pods"): "Pod",
    ("", "v1", "configmaps"): "ConfigMap",
    ("", "v1", "events"): "Event",
    ("", "v1", "persistentvolumeclaims"): "PersistentVolumeClaim",
    ("trainer.kubeflow.org", "v1alpha1", "trainjobs"): "TrainJob",
    ("trainer.kubeflow.org", "v1alpha1", "trainingruntimes"): "TrainingRuntime",
    ("trainer.kubeflow.org", "v1alpha1", "clustertrainingruntimes"): "ClusterTrainingRuntime",
    ("kubeflow.org", "v1", "pytorchjobs"): "PyTorchJob",
    ("kueue.x-k8s.io", "v1beta1", "localqueues"): "LocalQueue",
    ("kueue.x-k8s.io", "v1beta2", "localqueues"): "LocalQueue",
    ("kueue.x-k8s.io", "v1beta1", "workloads"): "Workload",
    ("kueue.x-k8s.io", "v1beta2", "workloads"): "Workload",
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
}
# The Job controller's, on each pod of a Job until it has counted the pod.
TRACKED = "batch.kubernetes.io/job-tracking"
JOB_LABELS = {
    "TrainJob": ("jobset.sigs.k8s.io/jobset-name", "jobset.sigs.k8s.io/job-index"),
    "PyTorchJob": ("training.kubeflow.org/job-name", "training.kubeflow.org/replica-type"),
}


@dataclass
class Fault:
    """What happens to the next requests that match, instead of or after what they ask for.

    Attributes:
        verb: Verb to match.
        resource: Resource to match.
        status: HTTP status of the answer; 0: the connection breaks without one.
        times: How many requests.
        done: Whether the request takes effect nevertheless.
        message: Message of the answer.
        reason: Reason of the answer.
    """

    verb: str
    resource: str
    status: int
    times: int
    done: bool
    message: str
    reason: str = ""


class Hold:
    """One request that waits."""

    def __init__(self, verb: str, resource: str, done: bool) -> None:
        self.verb, self.resource, self.done = verb, resource, done
        self.reached, self.released = threading.Event(), threading.Event()

    def wait(self) -> None:
        """Wait until the request has come."""
        assert self.reached.wait(PATIENCE), f"no {self.verb} of {self.resource} comes"

    def release(self) -> None:
        """Let it go on."""
        self.released.set()

    def stop(self) -> None:
        """Keep the server's thread waiting."""
        self.reached.set()
        self.released.wait(2 * PATIENCE)


@dataclass
class LogLine:
    """A line of a pod's log, with the time at which the container wrote it."""

    stamp: str
    text: str


class Answer(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status, self.reason, self.message = status, reason, message
        super().__init__(message)

    @property
    def body(self) -> Object:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": self.reason,
            "message": self.message,
            "code": self.status,
        }


def pod_status(
    container: str,
    phase: str = "Running",
    waiting: str = "",
    message: str = "",
    code: int | None = None,
    reason: str = "",
    unschedulable: str = "",
    pod_reason: str = "",
) -> Object:
    """Return a pod's status.

    Args:
        container: Name of its container.
        phase: Phase of the pod.
        waiting: Reason for which the container waits, as ImagePullBackOff.
        message: Message of the container's state.
        code: Exit code, of a container that has ended.
        reason: Reason with which it ended, as OOMKilled.
        unschedulable: Message of the scheduler that has no node for the pod.
        pod_reason: Reason of the pod itself, as Evicted.
    """
    if code is not None:
        state: Object = {"terminated": {"exitCode": code, "reason": reason or "Error", "finishedAt": precise_now()}}
    elif phase == "Running":
        state = {"running": {"startedAt": now()}}
    else:
        state = {"waiting": {"reason": waiting or "ContainerCreating", "message": message}}
    status: Object = {"phase": phase, "containerStatuses": [{"name": container, "state": state, "restartCount": 0}]}
    if unschedulable:
        status["containerStatuses"] = []
        status["conditions"] = [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unschedulable}
        ]
    return status | ({"reason": pod_reason, "message": message} if pod_reason else {})


def pod_object(job: Object, rank: int, suffix: str, **status: Any) -> Object:
    """Return the pod of a node of a job; ``status`` as ``pod_status`` takes it."""
    name = job["metadata"]["name"]
    job_label, second = JOB_LABELS[job["kind"]]
    if job["kind"] == "TrainJob":
        labels = {job_label: name, second: "0", "batch.kubernetes.io/job-completion-index": str(rank)}
        pod_name, container = f"{name}-node-0-{rank}-{suffix or uuid4().hex[:5]}", "node"
    else:
        role = "worker" if rank else "master"
        index = str(max(0, rank - 1))
        labels = {job_label: name, second: role, "training.kubeflow.org/replica-index": index}
        pod_name, container = f"{name}-{role}-{index}{suffix}", "pytorch"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod_name, "labels": labels} | ({"finalizers": [TRACKED]} if container == "node" else {}),
        "spec": {"nodeName": f"gpu-{rank}", "containers": [{"name": container}]},
        "status": pod_status(container, **status),
    }


def selected(item: Object, query: dict[str, str]) -> bool:
    """Return whether the field and label selectors of a query pick an object."""
    fields = [each.split("=", 1) for each in query.get("fieldSelector", "").split(",") if each]
    labels = [each.split("=", 1) for each in query.get("labelSelector", "").split(",") if each]
    return all(_field(item, path) == value for path, value in fields) and all(
        item["metadata"].get("labels", {}).get(key) == value for key, value in labels
    )


def now(later: float = 0) -> str:
    """Return the time as objects have it."""
    return (datetime.now(UTC) + timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_now() -> str:
    """Return the time as the kubelet stamps log lines."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{time.perf_counter_ns() % 1000:03}Z"


def _field(item: Object, path: str) -> Any:
    for key in path.split("."):
        item = item.get(key, {})
    return item


def key_of(body: Object) -> tuple[str, str]:
    """Return the API group and the resource of an object."""
    group = body["apiVersion"].rpartition("/")[0]
    return group, next(resource for (g, _, resource), kind in SERVED.items() if (g, kind) == (group, body["kind"]))


def completed(body: Object) -> Object:
    """Fill in what an API server gives to a new object."""
    metadata = body["metadata"]
    metadata.setdefault("namespace", NAMESPACE)
    metadata.setdefault("uid", str(uuid4()))
    metadata.setdefault("creationTimestamp", now())
    return body


def merged(target: Any, change: Any) -> Any:
    """Return a value with a JSON merge patch applied (RFC 7386)."""
    if not isinstance(change, dict):
        return change
    found = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


def is_deleting(item: Object) -> bool:
    """Return whether an object is on its way out."""
    return "deletionTimestamp" in item["metadata"]
