"""The two kinds of job: how each is addressed, and how its object and its pods are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Attributes:
        group: API group.
        version: API version.
        plural: Resource name in paths and Roles.
        kind: Kind of the object.
        container: Name of the container that trains.
        job_label: Label of the pods that holds the job's name.
        rank_labels: Labels of the pods that tell one node of the job from another.
        first: Values of ``rank_labels`` on the pod of rank 0.
        complete: Type of the condition that means success.
        suspended: Path in the object to the field that Kueue sets while the job has to wait.
        deadline: What the reason or the message of a failure by deadline contains.
    """

    group: str
    version: str
    plural: str
    kind: str
    container: str
    job_label: str
    rank_labels: tuple[str, ...]
    first: tuple[str, ...]
    complete: str
    suspended: tuple[str, ...]
    deadline: str

    @property
    def api_version(self) -> str:
        """``group/version``, as objects carry it."""
        return f"{self.group}/{self.version}"

    def rank(self, pod: Object) -> tuple[str, ...]:
        """Return what tells the pods of one node from those of another."""
        labels = pod["metadata"].get("labels", {})
        return tuple(labels.get(label, "0") for label in self.rank_labels)

    def is_first(self, pod: Object) -> bool:
        """Return whether a pod is that of rank 0."""
        return self.rank(pod) == self.first

    def is_suspended(self, job: Object) -> bool:
        """Return whether the job has to wait for Kueue, or for whoever suspended it."""
        value: Any = job.get("spec", {})
        for key in self.suspended:
            value = (value or {}).get(key)
        return value is True

    def is_complete(self, job: Object) -> bool:
        """Return whether the job ended well, unless it also failed."""
        return condition(job, self.complete) is not None

    def failure(self, job: Object) -> Object | None:
        """Return the condition that says that the job failed."""
        return condition(job, "Failed")


KINDS = {
    "trainjob": Kind(
        group="trainer.kubeflow.org",
        version="v1alpha1",
        plural="trainjobs",
        kind="TrainJob",
        container="node",
        job_label="jobset.sigs.k8s.io/jobset-name",
        rank_labels=("jobset.sigs.k8s.io/job-index", "batch.kubernetes.io/job-completion-index"),
        first=("0", "0"),
        complete="Complete",
        suspended=("suspend",),
        deadline="DeadlineExceeded",
    ),
    "pytorchjob": Kind(
        group="kubeflow.org",
        version="v1",
        plural="pytorchjobs",
        kind="PyTorchJob",
        container="pytorch",
        job_label="training.kubeflow.org/job-name",
        rank_labels=("training.kubeflow.org/replica-type", "training.kubeflow.org/replica-index"),
        first=("master", "0"),
        complete="Succeeded",
        suspended=("runPolicy", "suspend"),
        deadline="active longer than specified deadline",
    ),
}


def by_uid(*sources: Iterable[Object]) -> dict[str, Object]:
    """Return objects by uid; a later source knows better."""
    return {each["metadata"]["uid"]: each for source in sources for each in source}


def condition(item: Object, kind: str) -> Object | None:
    """Return an object's condition of a type, where its status is True."""
    for each in item.get("status", {}).get("conditions") or ():
        if each.get("type") == kind and each.get("status") == "True":
            return each
    return None
