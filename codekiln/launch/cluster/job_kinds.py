"""The two kinds of job, TrainJob and PyTorchJob: how each is addressed, and how its status and pods are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# A Kubernetes object in its JSON form.
Object = Mapping[str, Any]


@dataclass(frozen=True)
class JobKind:
    """A custom resource that runs a distributed job.

    Attributes:
        group: API group.
        version: API version.
        plural: Resource name in paths and Roles.
        kind: Kind of the object.
        container: Name of the training container.
        job_label: Pod label that holds the job's name.
        rank_labels: Pod labels that together identify a node of the job.
        rank_zero: Values of ``rank_labels`` on the pod of rank 0.
        complete: Type of the condition that means success.
        suspended: Path below ``spec`` to the field that Kueue sets while the job is queued.
        deadline: Text in the reason or the message of a failure by deadline.
    """

    group: str
    version: str
    plural: str
    kind: str
    container: str
    job_label: str
    rank_labels: tuple[str, ...]
    rank_zero: tuple[str, ...]
    complete: str
    suspended: tuple[str, ...]
    deadline: str

    @property
    def api_version(self) -> str:
        """``group/version``, as objects carry it."""
        return f"{self.group}/{self.version}"

    def rank(self, pod: Object) -> tuple[str, ...]:
        """Return the values of ``rank_labels``: pods of one node, over all restarts, have the same."""
        labels = pod["metadata"].get("labels", {})
        return tuple(labels.get(label, "0") for label in self.rank_labels)

    def is_rank_zero(self, pod: Object) -> bool:
        """Return whether a pod is that of rank 0."""
        return self.rank(pod) == self.rank_zero

    def is_suspended(self, job: Object) -> bool:
        """Return whether the job is suspended, by Kueue or by hand."""
        value: Any = job.get("spec", {})
        for key in self.suspended:
            value = (value or {}).get(key)
        return value is True

    def is_complete(self, job: Object) -> bool:
        """Return whether the job has the condition for success; a job can have that for failure as well."""
        return condition(job, self.complete) is not None

    def has_ended(self, job: Object) -> bool:
        """Return whether the job has succeeded or failed."""
        return self.is_complete(job) or self.failure(job) is not None

    def failure(self, job: Object) -> Object | None:
        """Return the condition that says that the job failed, or None."""
        return condition(job, "Failed")


JOB_KINDS = {
    "trainjob": JobKind(
        group="trainer.kubeflow.org",
        version="v1alpha1",
        plural="trainjobs",
        kind="TrainJob",
        container="node",
        job_label="jobset.sigs.k8s.io/jobset-name",
        rank_labels=("jobset.sigs.k8s.io/job-index", "batch.kubernetes.io/job-completion-index"),
        rank_zero=("0", "0"),
        complete="Complete",
        suspended=("suspend",),
        deadline="DeadlineExceeded",
    ),
    "pytorchjob": JobKind(
        group="kubeflow.org",
        version="v1",
        plural="pytorchjobs",
        kind="PyTorchJob",
        container="pytorch",
        job_label="training.kubeflow.org/job-name",
        rank_labels=("training.kubeflow.org/replica-type", "training.kubeflow.org/replica-index"),
        rank_zero=("master", "0"),
        complete="Succeeded",
        suspended=("runPolicy", "suspend"),
        deadline="active longer than specified deadline",
    ),
}


def by_uid(*sources: Iterable[Object]) -> dict[str, Object]:
    """Return objects by uid; where sources disagree, the last one wins."""
    return {each["metadata"]["uid"]: each for source in sources for each in source}


def condition(item: Object, kind: str) -> Object | None:
    """Return an object's condition of a type if its status is True."""
    conditions: list[Object] = item.get("status", {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == kind and each.get("status") == "True"), None)
